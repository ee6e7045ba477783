//! Bundles of folders that are laid out as a user would.

mod packing;
mod refusing;
mod signing;

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{Contents, Error, Module, Packed, pack};

/// Files by their paths, and the folder that they are in.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A bundle of what is at these paths, with nothing that can be left out.
fn packed<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Result<Packed, Error> {
    let policies: Vec<PathBuf> = paths.into_iter().map(Into::into).collect();
    pack(Contents { module: &Module::of(b"\0asm"), policies: &policies, roots: &[], revision: None, signer: None })
}

/// The members of a bundle.
fn members(bundle: &Packed) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bundle.bytes.as_slice()));
    let text = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), text)
    };
    archive.entries().unwrap().map(text).collect()
}

/// What is told about a bundle that is refused, with the folder's path left out.
#[track_caller]
fn told(folder: &TempDir, paths: &[&str]) -> String {
    let paths = paths.iter().map(|path| folder.path().join(path));
    without(folder.path(), &packed(paths).expect_err("it is refused").to_string())
}

fn without(folder: &Path, text: &str) -> String {
    text.replace(&format!("{}/", folder.display()), "")
}
