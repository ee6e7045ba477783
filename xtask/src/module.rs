//! Builds `policy.wasm`: compiles the heart for OPA's host and runs the post-link step.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::postlink;

const TARGET: &str = "wasm32-unknown-unknown";

/// How the linker lays out the module.
const LINK: [&str; 4] = [
    // OPA brings the memory, for it writes the input there before it calls anything,
    "--import-memory",
    // and its SDKs look for it among the exports.
    "--export-memory",
    // The stack lies below everything else: an overflow is a trap at address 0 and never changes a static.
    "--stack-first",
    // With it the statics still fit into the 2 pages that the smallest host brings.
    "-zstack-size=65536",
];

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot run cargo: {0}")]
    Cargo(io::Error),
    #[error("cargo could not build the module; its messages are above")]
    Build,
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}: {1}")]
    Postlink(PathBuf, postlink::Error),
}

/// Builds the module into `out` and tells its size in bytes.
pub(crate) fn build(out: &Path, features: &[String]) -> Result<usize, Error> {
    finish(&compile(features)?, out)
}

/// Runs the post-link step on a linked module and tells the size of what it wrote.
pub(crate) fn finish(linked: &Path, out: &Path) -> Result<usize, Error> {
    let module = fs::read(linked).map_err(|error| Error::File(linked.into(), error))?;
    let module = postlink::postlink(&module).map_err(|error| Error::Postlink(linked.into(), error))?;
    let folder = out.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| Error::File(folder.into(), error))?;
    fs::write(out, &module).map_err(|error| Error::File(out.into(), error))?;
    Ok(module.len())
}

/// Compiles and links the heart, and tells where the linked module is, names and all.
pub(crate) fn compile(features: &[String]) -> Result<PathBuf, Error> {
    link(features, &LINK, &target_folder())
}

/// Compiles the heart for wasm32 into the target folder, with these arguments of the linker.
pub(crate) fn link(features: &[String], arguments: &[&str], target: &Path) -> Result<PathBuf, Error> {
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "rustc",
            "--package",
            "wasm-policy",
            "--lib",
            "--crate-type",
            "cdylib",
            "--profile",
            "wasm",
            "--locked",
            "--target",
            TARGET,
        ])
        .args(["--features", &features.join(",")])
        .arg("--manifest-path")
        .arg(workspace().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(arguments).join("\u{1f}"))
        .status()
        .map_err(Error::Cargo)?;
    if !status.success() {
        return Err(Error::Build);
    }
    Ok(target.join(TARGET).join("wasm/wasm_policy.wasm"))
}

/// Flags of rustc. Here and not in `.cargo/config.toml`, since the same crate is linked for the npm package without them.
fn flags(arguments: &[&str]) -> Vec<String> {
    let mut flags: Vec<String> = arguments.iter().map(|flag| format!("-Clink-arg={flag}")).collect();
    // Messages of panics name source files: without this, those of the machine that built the module.
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    if let Some(home) = home {
        flags.push(format!("--remap-path-prefix={}=", home.join("registry/src").display()));
    }
    flags
}

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
