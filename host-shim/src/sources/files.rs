//! Reads the files that are named, within bounds: a file, a folder's files as `kubectl apply -f` takes them, or standard input.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    bounded,
    finding::{Findings, Place},
};

/// Bytes of all files together. An object in a cluster is at most 1.5 MiB, and few are larger than some kilobytes.
const MAX_BYTES: u64 = 16 << 20;
/// Files of all folders together.
const MAX_FILES: usize = 1_000;
/// What `kubectl apply -f FOLDER` reads.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

/// A file's text and the name to tell mistakes under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceText {
    pub(crate) name: Arc<str>,
    pub(crate) text: String,
}

/// The texts of all sources, a folder's in the order of their names. A folder's own folders are not read.
pub(crate) fn read(sources: &[PathBuf], findings: &Findings) -> Vec<SourceText> {
    let mut left = MAX_BYTES;
    let mut texts: Vec<SourceText> = Vec::new();
    for file in sources.iter().flat_map(|source| files(source, findings)).take(MAX_FILES + 1) {
        let name = name(&file);
        if texts.len() == MAX_FILES {
            findings.mistake(Place::file(&name), format!("more than {MAX_FILES} files; name a folder with fewer"));
            break;
        }
        if is_stdin(&file) && texts.iter().any(|text| text.name == name) {
            findings.mistake(Place::file(&name), "standard input can be read only once; name it once");
            continue;
        }
        match read_file(&file, left) {
            Ok(text) => {
                left -= text.len() as u64;
                texts.push(SourceText { name, text });
            }
            Err(message) => findings.mistake(Place::file(&name), message),
        }
    }
    texts
}

/// Whether the path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}

/// The file itself, or the files of a folder.
fn files(source: &Path, findings: &Findings) -> Vec<PathBuf> {
    // A path that does not exist is told when it is opened.
    if !source.is_dir() {
        return vec![source.to_owned()];
    }
    let place = || Place::file(&name(source));
    match folder(source) {
        Ok(Folder { files, .. }) if files.is_empty() => {
            findings.mistake(
                place(),
                "the folder holds no file that ends in .yaml, .yml or .json; its own folders are not read",
            );
            files
        }
        Ok(Folder { files, folders }) => {
            for folder in folders {
                findings.note(
                    Place::file(&name(&folder)),
                    "the files of this folder in a folder are not read; name it as well where they count",
                );
            }
            files
        }
        Err(error) => {
            findings.mistake(place(), format!("the folder cannot be read: {error}"));
            Vec::new()
        }
    }
}

/// What a folder holds, in the order of names.
struct Folder {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn folder(source: &Path) -> io::Result<Folder> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let path = entry.path();
        // A volume of a ConfigMap holds links to files, into a folder whose name begins with two dots: what they lead to counts.
        if path.is_dir() {
            if !entry.file_name().as_encoded_bytes().starts_with(b"..") {
                folders.push(path);
            }
        } else if path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known)) {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    Ok(Folder { files, folders })
}

/// The file's text, of at most `left` bytes; of a larger one no more than that is read.
fn read_file(path: &Path, left: u64) -> Result<String, String> {
    if is_stdin(path) {
        return read_text(io::stdin().lock(), left);
    }
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    read_text(file, left)
}

fn read_text(source: impl Read, left: u64) -> Result<String, String> {
    let bytes = bounded::read(source, left).map_err(|error| format!("cannot be read: {error}"))?;
    let most = MAX_BYTES >> 20;
    let bytes =
        bytes.ok_or_else(|| format!("the files are larger than {most} MiB in all; name only those that are needed"))?;
    bounded::text(bytes).map_err(|line| format!("line {line} is not UTF-8; save the file as UTF-8"))
}
