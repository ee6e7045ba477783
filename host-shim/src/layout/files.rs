//! The files of a layout: in a folder, or as entries of a tar file.
//!
//! Names are made from digests and two constants only, so nothing that a document says becomes a path.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{archive::Archive, error::LayoutError};
use crate::reference::Digest;

/// A file of a layout.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name<'a> {
    /// Says that this is a layout, and of which version.
    Header,
    /// Lists the manifests.
    Index,
    /// A manifest or another blob.
    Blob(&'a Digest),
}

/// The path below the layout's root, with slashes.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("oci-layout"),
            Self::Index => f.write_str("index.json"),
            Self::Blob(digest) => write!(f, "blobs/{}/{}", digest.algorithm(), digest.hex()),
        }
    }
}

/// Where the files are.
#[derive(Debug)]
pub(super) enum Files {
    /// The folder's path with no link in it.
    Folder(PathBuf),
    /// A tar file.
    Archive(Archive),
}

impl Files {
    /// Finds out what the path is.
    pub(super) fn open(path: &Path) -> Result<Self, LayoutError> {
        let unreadable = |source| LayoutError::Unreadable { path: path.to_owned(), source };
        let not_a_layout = |reason: &str| LayoutError::NotALayout { path: path.to_owned(), reason: reason.to_owned() };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Ok(Self::Folder(path.canonicalize().map_err(unreadable)?));
        }
        // Opening a pipe or a device could wait for ever.
        if !metadata.is_file() {
            return Err(not_a_layout("it is neither a folder nor a file"));
        }
        if metadata.len() == 0 {
            return Err(not_a_layout("the file is empty"));
        }
        let file = File::open(path).map_err(unreadable)?;
        Ok(Self::Archive(Archive::scan(file, path)?))
    }

    /// The bytes of a file, of which there may be `limit`; `None` where there is no such file.
    pub(super) fn read(&self, name: Name<'_>, limit: u64, layout: &Path) -> Result<Option<Vec<u8>>, LayoutError> {
        let bytes = match self {
            Self::Folder(root) => read_in_folder(root, name, limit, layout)?,
            Self::Archive(archive) => archive
                .read(&name.to_string(), limit)
                .map_err(|source| LayoutError::Unreadable { path: layout.to_owned(), source })?,
        };
        match bytes {
            Some(bytes) if bytes.len() as u64 > limit => {
                Err(LayoutError::TooLarge { path: layout.to_owned(), name: name.to_string(), limit })
            }
            bytes => Ok(bytes),
        }
    }
}

/// Reads one byte more than the limit, so that the caller sees that there are more.
fn read_in_folder(root: &Path, name: Name<'_>, limit: u64, layout: &Path) -> Result<Option<Vec<u8>>, LayoutError> {
    let unreadable = |source| LayoutError::Unreadable { path: layout.join(name.to_string()), source };
    // Links are followed, since some tools make blobs of links; not out of the layout, which may come from someone else.
    let path = match root.join(name.to_string()).canonicalize() {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    if !path.starts_with(root) || !std::fs::metadata(&path).map_err(unreadable)?.is_file() {
        return Err(LayoutError::NotInside { path: layout.to_owned(), name: name.to_string() });
    }
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    Ok(Some(bytes))
}
