//! Finds the user's Rego and data, within bounds: files that are named, and all in folders that are named.
//!
//! A folder is laid out as OPA lays out a bundle: where a data file lies is where its data is.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, DirEntry, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use wasm_policy::text::shown;

use super::{
    error::{Error, Place},
    ours,
};
use crate::sources::bounded;

/// Bytes of all files together. Policies and their configuration are some KB; OPA keeps all data in memory.
const MAX_BYTES: u64 = 64 << 20;
/// Files in a bundle.
const MAX_FILES: usize = 10_000;
/// Files and folders that are looked at, so that a mistaken path such as `/` is told soon.
const MAX_ENTRIES: usize = 100_000;
/// Folders in folders.
const MAX_DEPTH: usize = 32;

/// A text, and the name to tell mistakes under.
pub(super) struct Source {
    pub(super) file: Arc<str>,
    pub(super) text: String,
}

/// A file of data.
pub(super) struct DataFile {
    pub(super) source: Source,
    /// Where its data is, by name.
    pub(super) folder: Vec<String>,
    pub(super) notation: Notation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    Json,
    Yaml,
}

/// What there is to pack.
#[derive(Default)]
pub(super) struct Files {
    /// By their names in the bundle.
    pub(super) rego: BTreeMap<String, Source>,
    pub(super) data: Vec<DataFile>,
    /// What was left out, one sentence each.
    pub(super) notes: Vec<String>,
}

impl Files {
    /// The files of all paths.
    pub(super) fn collect(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut search = Search { files: Self::default(), bytes: MAX_BYTES, count: MAX_FILES, entries: MAX_ENTRIES };
        for path in paths {
            let before = search.found();
            let kind = fs::metadata(path).map_err(|error| Error::Unreadable(place(path), error))?;
            if kind.is_dir() {
                search.folder(path, &mut Vec::new())?;
                if search.found() == before {
                    return Err(wrong(path, "holds no Rego and no data.json or data.yaml"));
                }
            } else {
                search.named(path)?;
            }
        }
        Ok(search.files)
    }
}

/// What a file is to OPA, by its name.
enum Role {
    Rego,
    Data(Notation),
    /// Part of a bundle that is packed already.
    Packed,
    /// OPA reads no such file in a bundle, though a person may think so.
    Overlooked,
    None,
}

impl Role {
    fn of(name: &str) -> Self {
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        match (name, extension) {
            ("data.json", _) => Self::Data(Notation::Json),
            ("data.yaml" | "data.yml", _) => Self::Data(Notation::Yaml),
            (".manifest" | ".manifest.pb" | ".signatures.json", _) | (_, "wasm") => Self::Packed,
            (_, "rego") => Self::Rego,
            (_, "json" | "yaml" | "yml") => Self::Overlooked,
            _ => Self::None,
        }
    }
}

struct Search {
    files: Files,
    /// How many more bytes are read.
    bytes: u64,
    /// How many more files are packed.
    count: usize,
    /// How many more entries of folders are looked at.
    entries: usize,
}

impl Search {
    fn found(&self) -> usize {
        self.files.rego.len() + self.files.data.len()
    }

    fn named(&mut self, path: &Path) -> Result<(), Error> {
        let name = path.file_name().and_then(plain).ok_or_else(|| unnameable(path))?;
        match Role::of(name) {
            Role::Packed => Err(packed(path)),
            Role::Overlooked | Role::None => Err(wrong(
                path,
                "OPA reads only files that end in .rego, data.json, data.yaml and data.yml in a bundle; rename it, or leave it out",
            )),
            Role::Rego => self.rego(path, &[], name),
            Role::Data(notation) => self.data(path, &[], notation),
        }
    }

    fn folder(&mut self, path: &Path, within: &mut Vec<String>) -> Result<(), Error> {
        if within.len() == MAX_DEPTH {
            return Err(wrong(path, &format!("lies more than {MAX_DEPTH} folders deep")));
        }
        for entry in self.sorted(path)? {
            let path = entry.path();
            let unreadable = |error| Error::Unreadable(place(&path), error);
            let kind = entry.file_type().map_err(unreadable)?;
            let name = entry.file_name();
            let name = plain(&name);
            let role = name.map_or(Role::None, Role::of);
            if matches!(role, Role::Packed) {
                return Err(packed(&path));
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.hidden(&path, &role);
            } else if kind.is_dir() {
                within.push(name.ok_or_else(|| unnameable(&path))?.to_owned());
                self.folder(&path, within)?;
                within.pop();
            } else if kind.is_symlink() && fs::metadata(&path).map_err(unreadable)?.is_dir() {
                return Err(wrong(&path, "is a link to a folder, which is not followed; name that folder itself"));
            } else {
                match (name, role) {
                    (None, _) if path.extension().is_some_and(|extension| extension == "rego") => {
                        return Err(unnameable(&path));
                    }
                    (Some(name), Role::Rego) => self.rego(&path, within, name)?,
                    (_, Role::Data(notation)) => self.data(&path, within, notation)?,
                    (_, Role::Overlooked) => {
                        self.note(&path, "OPA reads only data.json, data.yaml and data.yml in a bundle");
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// In the order of names, so that the same folder is told the same way everywhere.
    fn sorted(&mut self, folder: &Path) -> Result<Vec<DirEntry>, Error> {
        let unreadable = |error| Error::Unreadable(place(folder), error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            self.entries = self.entries.checked_sub(1).ok_or_else(|| {
                wrong(folder, &format!("more than {MAX_ENTRIES} files and folders; name the folder of the policies"))
            })?;
            entries.push(entry.map_err(unreadable)?);
        }
        entries.sort_by_key(DirEntry::file_name);
        Ok(entries)
    }

    fn hidden(&mut self, path: &Path, role: &Role) {
        if matches!(role, Role::Rego) {
            self.note(path, "its name begins with a dot");
        }
    }

    fn note(&mut self, path: &Path, why: &str) {
        self.files.notes.push(format!("{} is left out: {why}", place(path)));
    }

    fn data(&mut self, path: &Path, within: &[String], notation: Notation) -> Result<(), Error> {
        let source = self.read(path)?;
        self.files.data.push(DataFile { source, folder: within.to_vec(), notation });
        Ok(())
    }

    fn rego(&mut self, path: &Path, within: &[String], name: &str) -> Result<(), Error> {
        let source = self.read(path)?;
        let name = within.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("/");
        if ours::is_taken(&name) {
            return Err(wrong(path, "would replace a file of the bundle's own; rename it"));
        }
        if let Some(first) = self.files.rego.get(&name) {
            let [first, second] = [&first.file, &source.file].map(Place::file);
            return Err(Error::SameName { name, first, second });
        }
        self.files.rego.insert(name, source);
        Ok(())
    }

    fn read(&mut self, path: &Path) -> Result<Source, Error> {
        self.count = self
            .count
            .checked_sub(1)
            .ok_or_else(|| wrong(path, &format!("is one file more than the {MAX_FILES} that a bundle may hold")))?;
        let unreadable = |error| Error::Unreadable(place(path), error);
        // A pipe would be waited for.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(wrong(path, "is no regular file"));
        }
        let file = File::open(path).map_err(unreadable)?;
        let bytes = bounded::read(file, self.bytes)
            .map_err(unreadable)?
            .ok_or_else(|| wrong(path, &format!("with it the files are larger than {} MiB in all", MAX_BYTES >> 20)))?;
        self.bytes -= bytes.len() as u64;
        let file = place(path).file;
        match bounded::text(bytes) {
            Ok(text) => Ok(Source { file, text }),
            Err(line) => Err(Error::Wrong(Place::line(&file, line), "is not UTF-8; save the file as UTF-8".to_owned())),
        }
    }
}

/// The name, where every system and OPA read it alike.
fn plain(name: &OsStr) -> Option<&str> {
    name.to_str().filter(|name| !name.contains(|c: char| c.is_control() || c == '\\'))
}

fn packed(path: &Path) -> Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    wrong(
        path,
        &format!(
            "{} is part of a packed bundle, and this one gets its own (--module, --root and --revision say what); leave it out",
            shown(&name)
        ),
    )
}

fn unnameable(path: &Path) -> Error {
    wrong(path, "its name has a control character or a backslash, or is not UTF-8; rename it")
}

fn wrong(path: &Path, message: &str) -> Error {
    Error::Wrong(place(path), message.to_owned())
}

fn place(path: &Path) -> Place {
    Place::file(&Arc::from(path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_entries_and_their_bytes_are_counted_over_all_folders() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("p.rego"), "package a\n").unwrap();
        }
        let told = |bytes, count, entries| {
            let mut search = Search { files: Files::default(), bytes, count, entries };
            match search.folder(folder.path(), &mut Vec::new()) {
                Ok(()) => "all".to_owned(),
                Err(error) => error.to_string().replace(&format!("{}/", folder.path().display()), ""),
            }
        };
        assert_eq!(told(20, 2, 4), "all");
        assert_eq!(told(19, 2, 4), "b/p.rego: with it the files are larger than 64 MiB in all");
        assert_eq!(told(20, 1, 4), "b/p.rego: is one file more than the 10000 that a bundle may hold");
        assert_eq!(told(20, 2, 3), "b: more than 100000 files and folders; name the folder of the policies");
    }
}
