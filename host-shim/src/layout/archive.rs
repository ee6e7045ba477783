//! A layout in a tar file (POSIX ustar, with the long names of GNU and pax). Its entries are listed once, and read in place.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{Mutex, PoisonError},
};

use tar::{EntryType, PaxExtensions};

use super::error::LayoutError;

/// Entries that are listed. A layout has one for each blob; the headers of so many take 50 MB.
const MAX_ENTRIES: usize = 100_000;
/// Bytes of an extension header; it holds a name and some times.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;
/// The first bytes of compressed files that are taken for layouts most often: gzip and zstd.
const COMPRESSED: [&[u8]; 2] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd]];

/// The places of the regular files in a tar file.
#[derive(Debug)]
pub(super) struct Archive {
    file: Mutex<File>,
    places: BTreeMap<String, Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    size: u64,
}

impl Archive {
    /// Lists the entries. Only those that can be a layout's files are kept.
    pub(super) fn scan(mut file: File, path: &Path) -> Result<Self, LayoutError> {
        let unreadable = |source| LayoutError::Unreadable { path: path.to_owned(), source };
        let not_a_layout = |reason: String| LayoutError::NotALayout { path: path.to_owned(), reason };
        let mut start = Vec::new();
        (&mut file).take(4).read_to_end(&mut start).map_err(unreadable)?;
        if COMPRESSED.iter().any(|magic| start.starts_with(magic)) {
            return Err(LayoutError::Compressed { path: path.to_owned() });
        }
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;

        let no_tar = |error: io::Error| not_a_layout(format!("it cannot be read as a tar file ({error})"));
        let mut places = BTreeMap::new();
        let mut long_name = None;
        let mut archive = tar::Archive::new(file);
        // Raw, since the crate would read an extension header of any size into memory.
        for (count, entry) in archive.entries_with_seek().map_err(no_tar)?.raw(true).enumerate() {
            if count >= MAX_ENTRIES {
                return Err(not_a_layout(format!("the tar file has more than {MAX_ENTRIES} entries")));
            }
            let mut entry = entry.map_err(no_tar)?;
            match entry.header().entry_type() {
                EntryType::GNULongName => {
                    let bytes = extension(&mut entry).map_err(no_tar)?;
                    long_name = Some(bytes.strip_suffix(b"\0").unwrap_or(&bytes).to_vec());
                }
                EntryType::XHeader => {
                    let bytes = extension(&mut entry).map_err(no_tar)?;
                    long_name = pax_name(&bytes).map_err(no_tar)?.or(long_name);
                }
                kind @ (EntryType::Regular | EntryType::Link | EntryType::Symlink) => {
                    let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
                    let Some(name) = layout_name(&name) else { continue };
                    let place = Place { offset: entry.raw_file_position(), size: entry.size() };
                    if kind != EntryType::Regular {
                        return Err(LayoutError::NotInside { path: path.to_owned(), name });
                    }
                    // Which one counts is for readers to disagree about.
                    if places.insert(name.clone(), place).is_some() {
                        return Err(not_a_layout(format!("the tar file holds {name} twice")));
                    }
                }
                EntryType::XGlobalHeader | EntryType::GNULongLink => {}
                _ => long_name = None,
            }
        }
        Ok(Self { file: Mutex::new(archive.into_inner()), places })
    }

    /// The bytes of a file, at most one more than the limit; `None` where there is no such file.
    pub(super) fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(place) = self.places.get(name) else { return Ok(None) };
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(place.offset))?;
        let wanted = place.size.min(limit.saturating_add(1));
        let mut bytes = Vec::new();
        (&mut *file).take(wanted).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < wanted {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the tar file is cut short"));
        }
        Ok(Some(bytes))
    }
}

/// The name below the layout's root, where it can be that of a layout's file. `./` in front is how tar writes the names of `tar c .`.
fn layout_name(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.strip_prefix("./").unwrap_or(name);
    (matches!(name, "oci-layout" | "index.json") || name.starts_with("blobs/")).then(|| name.to_owned())
}

fn extension(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(MAX_EXTENSION_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_EXTENSION_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "an extension header is too large"));
    }
    Ok(bytes)
}

/// The name that a pax header gives to the entry after it.
fn pax_name(bytes: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut name = None;
    for record in PaxExtensions::new(bytes) {
        let record = record?;
        match record.key_bytes() {
            b"path" => name = Some(record.value_bytes().to_vec()),
            // It would take the place of the size in the header, by which the entries are found.
            b"size" => return Err(io::Error::new(io::ErrorKind::Unsupported, "an entry is larger than 8 GiB")),
            _ => {}
        }
    }
    Ok(name)
}
