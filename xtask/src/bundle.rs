//! Packs the module and its Rego into an OPA bundle, the same bytes for the same content.
//!
//! `opa build` drops the module of a bundle that was not compiled from Rego, so the bundle is packed as what it is: a tar.gz with a manifest.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The module's name in the bundle. OPA looks for exactly the manifest's text among the tar's members, and wants this base name.
const MODULE: &str = "policy.wasm";

/// Where the module answers: `data.image_integrity.verify`.
const ENTRYPOINT: &str = "image_integrity/verify";

/// The paths that the bundle owns. No other bundle can then define a rule at the entrypoint's path, which would silently win over the module.
const ROOTS: [&str; 2] = ["image_integrity", "system/log"];

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("cannot pack the bundle: {0}")]
    Pack(#[from] io::Error),
}

/// Packs the module with all Rego below a folder, and tells the bundle's revision: the module's SHA-256.
pub(crate) fn pack(module: &Path, rego: &Path, out: &Path) -> Result<String, Error> {
    let mut members = BTreeMap::new();
    collect(rego, "", &mut members)?;
    let module = read(module)?;
    let mut revision = String::new();
    for byte in Sha256::digest(&module) {
        let _ = write!(revision, "{byte:02x}");
    }
    let manifest = json!({
        "revision": revision,
        "roots": ROOTS,
        "wasm": [{ "entrypoint": ENTRYPOINT, "module": MODULE }],
    });
    members.insert(".manifest".to_owned(), manifest.to_string().into_bytes());
    members.insert(MODULE.to_owned(), module);
    fs::write(out, archive(&members)?).map_err(|error| Error::File(out.into(), error))?;
    Ok(revision)
}

/// The Rego files below a folder, by their path in it with `/` on every system.
fn collect(folder: &Path, prefix: &str, members: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    let failed = |error| Error::File(folder.into(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &format!("{name}/"), members)?;
        } else if path.extension().is_some_and(|extension| extension == "rego") {
            members.insert(name, read(&path)?);
        }
    }
    Ok(())
}

/// A tar.gz without times, owners or the name of a system.
fn archive(members: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, Error> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice())?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::File(path.into(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_gives_the_same_bytes_whenever_it_was_written() {
        let folder = std::env::temp_dir().join(format!("xtask-bundle-{}", std::process::id()));
        let rego = folder.join("rego/image_integrity");
        let bundle = |order: [&str; 2]| {
            fs::create_dir_all(&rego).unwrap();
            for name in order {
                fs::write(rego.join(name), format!("package image_integrity # {name}")).unwrap();
            }
            fs::write(folder.join("module"), b"\0asm").unwrap();
            let revision = pack(&folder.join("module"), &folder.join("rego"), &folder.join("bundle")).unwrap();
            let bytes = fs::read(folder.join("bundle")).unwrap();
            fs::remove_dir_all(&folder).unwrap();
            (revision, bytes)
        };
        let (revision, bytes) = bundle(["a.rego", "b.rego"]);
        assert_eq!(bundle(["b.rego", "a.rego"]), (revision.clone(), bytes.clone()));
        assert_eq!(revision, "cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f");

        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let names: Vec<_> =
            archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        let expected = [".manifest", "image_integrity/a.rego", "image_integrity/b.rego", "policy.wasm"];
        assert_eq!(names, expected.map(PathBuf::from));
    }
}
