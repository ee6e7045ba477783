//! `bundle --module FILE --out FILE [PATH…]`: packs the module with the user's Rego and data for OPA.

use std::{
    io::{self, Write as _},
    path::Path,
};

use tempfile::NamedTempFile;
use wasm_policy::text::escaped;

use super::{
    args::BundleArgs,
    exit::{Exit, Stop},
    gather::listed,
    terminal::{self, Terminal},
};
use crate::bundle::{self, Contents, Module, Packed, Signer};

pub(super) fn run(args: BundleArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let BundleArgs { paths, module, out, roots, revision, signing_key, signing_alg, key_id, scope } = args;
    let module = Module::read(&module).map_err(|error| refused(&error))?;
    let signer = match signing_key {
        Some(file) => Some(Signer::read(&file, signing_alg, key_id, scope).map_err(|error| refused(&error.into()))?),
        None => None,
    };
    let roots: Vec<String> = listed(roots.into_iter().map(Into::into).collect(), "IMAGE_INTEGRITY_ROOT")
        .into_iter()
        .map(|root| root.to_string_lossy().into_owned())
        .collect();
    let contents = Contents {
        module: &module,
        policies: &paths,
        roots: &roots,
        revision: revision.as_ref(),
        signer: signer.as_ref(),
    };
    let Packed { bytes, revision, roots, notes } = bundle::pack(contents).map_err(|error| refused(&error))?;
    for note in notes {
        terminal.note(&format!("note: {note}"));
    }
    let by = signer.map_or_else(String::new, |signer| format!(", signed by {}", signer.algorithm()));
    let told = format!("revision {revision}, roots {}{by}", escaped(&roots.join(" ")));
    if out == Path::new("-") {
        terminal::whole(&bytes)?;
        terminal.note(&told);
    } else {
        write(&out, &bytes).map_err(|error| {
            Stop::usage(
                format!("cannot write {}: {error}", out.display()),
                "check the path of --out and its permissions",
            )
        })?;
        terminal.text(&format!("{}: {told}\n", out.display()))?;
    }
    Ok(Exit::Success)
}

fn refused(error: &bundle::Error) -> Stop {
    Stop::refused(error.to_string())
}

/// Puts the file in its place once it is complete, so that an OPA that watches it never loads a part.
fn write(out: &Path, bytes: &[u8]) -> io::Result<()> {
    if out.metadata().is_ok_and(|there| !there.is_file()) {
        return Err(io::Error::other("it is there, and is no regular file"));
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary(folder)?;
    file.write_all(bytes)?;
    file.persist(out)?;
    Ok(())
}

#[cfg(unix)]
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    // As any new file; the process's mask takes away from it.
    tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    NamedTempFile::new_in(folder)
}
