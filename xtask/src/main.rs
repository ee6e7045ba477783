//! Build steps that are not compilation.

#[cfg(feature = "documents")]
mod documents;
#[cfg(feature = "image")]
mod image;
mod module;
#[cfg(feature = "npm")]
mod npm;
mod postlink;
mod sizes;

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;

/// Build steps; `build.sh` calls them.
#[derive(Parser)]
enum Step {
    /// Build the module for OPA: compile, link and post-link.
    Module {
        /// Where the module is written.
        #[arg(long)]
        out: PathBuf,
        /// Features of wasm-policy; `trap` makes the module of the tests.
        #[arg(long)]
        features: Vec<String>,
    },
    /// Make a linked module one that OPA loads.
    Postlink {
        /// The linker's module, with its names.
        linked: PathBuf,
        /// Where the module is written.
        out: PathBuf,
    },
    /// Tell how many bytes of the module are whose.
    Sizes {
        /// The linker's module, with its names; `module` leaves it in the target folder.
        linked: PathBuf,
    },
    /// Build the module of the npm package and the JavaScript that loads it.
    #[cfg(feature = "npm")]
    Npm {
        /// The folder that both are written to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Make a container image of a static binary: an OCI image layout, and a tar file of it.
    #[cfg(feature = "image")]
    Image {
        /// The binary, built for Linux with musl.
        #[arg(long)]
        binary: PathBuf,
        /// The folder of the layout; the tar file is beside it, as FOLDER.tar.
        #[arg(long)]
        out: PathBuf,
        /// The URL of the code, for the image's annotations.
        #[arg(long)]
        source: Option<String>,
    },
    /// Write the generated documents in `docs/`, `rego/` and `deploy/`.
    #[cfg(feature = "documents")]
    Generate {
        /// Write nothing; fail where a document is out of date.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Step::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(step: Step) -> Result<(), Box<dyn Error>> {
    let mut told = io::stdout().lock();
    match step {
        Step::Module { out, features } => {
            let bytes = module::build(&out, &features)?;
            writeln!(told, "{}: {bytes} bytes", out.display())?;
        }
        Step::Postlink { linked, out } => {
            let bytes = module::finish(&linked, &out)?;
            writeln!(told, "{}: {bytes} bytes", out.display())?;
        }
        Step::Sizes { linked } => {
            write!(told, "{}", sizes::measure(&fs::read(linked)?)?)?;
        }
        #[cfg(feature = "npm")]
        Step::Npm { out } => npm::build(&out)?,
        #[cfg(feature = "image")]
        Step::Image { binary, out, source } => {
            let digest = image::build(&binary, &out, source.as_deref())?;
            writeln!(told, "{}: {digest}", out.display())?;
        }
        #[cfg(feature = "documents")]
        Step::Generate { check: true } => documents::check()?,
        #[cfg(feature = "documents")]
        Step::Generate { check: false } => writeln!(told, "{} documents changed", documents::write()?)?,
    }
    Ok(())
}
