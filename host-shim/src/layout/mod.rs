//! Images from an OCI image layout (OCI image specification, "Image Layout"): a folder, or a tar file of one.
//!
//! A layout may come from anywhere, so it is treated as a registry is: every byte string is bounded and proves itself by its digest and size.
//! All of this blocks; callers that must not be held up run it on a thread of its own.

mod archive;
mod error;
mod files;
mod referrers;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use oci_spec::image::{Descriptor as IndexEntry, MediaType};
use serde::{Deserialize, de::DeserializeOwned};
use wasm_policy::{input::Descriptor, text::shown};

pub use error::LayoutError;

use crate::{
    listing::{self, IMAGE_MEDIA_TYPES},
    reference::{Digest, Selector},
};
use files::{Files, Name};

/// Bytes of `oci-layout`, which holds a version.
const MAX_HEADER_BYTES: u64 = 4 << 10;
/// Bytes of `index.json` and of each manifest, as in a registry (`registry::MAX_MANIFEST_BYTES`).
const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Entries of `index.json`; each takes some 250 bytes, so 4 MiB hold little more.
const MAX_INDEX_ENTRIES: usize = 16_000;
/// Tags that a message lists.
const TAGS_SHOWN: usize = 10;

/// The annotation of an index entry that holds its tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A layout whose header and index have been read.
#[derive(Debug)]
pub struct Layout {
    path: PathBuf,
    files: Files,
    entries: Vec<IndexEntry>,
}

/// An image that was selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// What it is.
    pub subject: Descriptor<'static>,
    /// Its tag or digest, as asked for or found.
    pub selector: Selector,
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Index {
    media_type: Option<MediaType>,
    manifests: Option<Vec<IndexEntry>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypedDocument {
    media_type: Option<String>,
}

impl Layout {
    /// Opens a layout: a folder, or a tar file that is not compressed.
    ///
    /// # Errors
    /// Where it cannot be read, or is no layout of version 1.0.0.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        let mut layout = Self { path: path.to_owned(), files: Files::open(path)?, entries: Vec::new() };
        let header: Header = layout.document(Name::Header, MAX_HEADER_BYTES)?;
        if header.version != "1.0.0" {
            return Err(layout.no_layout(format!("its version is {}, not 1.0.0", shown(&header.version))));
        }
        let index: Index = layout.document(Name::Index, MAX_MANIFEST_BYTES)?;
        if index.media_type.is_some_and(|media_type| !listing::is_index(&media_type)) {
            return Err(layout.malformed(Name::Index, "its mediaType is not that of an index"));
        }
        layout.entries = index.manifests.unwrap_or_default();
        if layout.entries.len() > MAX_INDEX_ENTRIES {
            return Err(layout.malformed(Name::Index, &format!("it has more than {MAX_INDEX_ENTRIES} entries")));
        }
        Ok(layout)
    }

    /// Finds an image, and checks that its manifest is what the index says.
    ///
    /// # Errors
    /// Where there is none of that tag or digest, or more than one; without a selector, where there is not exactly one tag.
    pub fn select(&self, selector: Option<&Selector>) -> Result<Selected, LayoutError> {
        match selector {
            Some(Selector::Tag(tag)) => self.select_tag(tag),
            Some(Selector::Digest(digest)) => self.select_digest(digest),
            None => self.select_only(),
        }
    }

    /// The bytes of a blob of that size.
    ///
    /// # Errors
    /// Where it is missing, larger than `limit` or not what digest and size say.
    pub fn blob(&self, digest: &Digest, size: u64, limit: u64) -> Result<Vec<u8>, LayoutError> {
        if size > limit {
            return Err(LayoutError::TooLarge { path: self.path.clone(), name: digest.to_string(), limit });
        }
        let bytes = self.proven(digest, size)?;
        if bytes.len() as u64 == size {
            return Ok(bytes);
        }
        let reason = format!("has {} bytes, and its descriptor says {size}", bytes.len());
        Err(LayoutError::Altered { path: self.path.clone(), digest: digest.clone(), reason })
    }

    /// The bytes of a manifest of that size; see [`blob`](Self::blob).
    pub fn manifest(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, LayoutError> {
        self.blob(digest, size, MAX_MANIFEST_BYTES)
    }

    /// Bytes that hash to the digest, at most `limit` of them.
    fn proven(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, LayoutError> {
        let Some(bytes) = self.files.read(Name::Blob(digest), limit, &self.path)? else {
            return Err(LayoutError::BlobMissing { path: self.path.clone(), digest: digest.clone() });
        };
        if digest.names(&bytes) {
            return Ok(bytes);
        }
        let reason = "holds other bytes than its digest says".to_owned();
        Err(LayoutError::Altered { path: self.path.clone(), digest: digest.clone(), reason })
    }

    fn select_tag(&self, tag: &str) -> Result<Selected, LayoutError> {
        let mut found: Option<&IndexEntry> = None;
        for entry in self.entries.iter().filter(|entry| ref_name(entry) == Some(tag)) {
            if found.is_some_and(|found| found.digest() != entry.digest()) {
                return Err(self.no_image(format!("has more than one image tagged {}", shown(tag))));
            }
            found = Some(entry);
        }
        match found {
            Some(entry) => self.selected(entry, Selector::Tag(tag.to_owned())),
            None => Err(self.no_image(format!("has no image tagged {}; {}", shown(tag), self.tags()))),
        }
    }

    fn select_only(&self) -> Result<Selected, LayoutError> {
        // The index of a fallback tag lists referrers; it is no image.
        let mut tagged = self
            .entries
            .iter()
            .filter_map(|entry| Some((ref_name(entry)?, entry)))
            .filter(|(tag, _)| !is_fallback(tag));
        let (Some((tag, entry)), None) = (tagged.next(), tagged.next()) else {
            return Err(self.no_image(format!("does not have exactly one tag, so say which image: {}", self.tags())));
        };
        // A name that is no tag, as some tools write whole references there, still selects; then the digest is the image's name.
        let selector = match Selector::tag(tag) {
            Some(selector) => selector,
            None => Selector::Digest(self.digest_of(entry)?),
        };
        self.selected(entry, selector)
    }

    fn select_digest(&self, digest: &Digest) -> Result<Selected, LayoutError> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.digest().as_ref() == digest.as_str()) {
            return self.selected(entry, Selector::Digest(digest.clone()));
        }
        // One that another index lists, as the image of one platform.
        let bytes = self.proven(digest, MAX_MANIFEST_BYTES)?;
        let media_type = document_type(&bytes).unwrap_or_default();
        if !IMAGE_MEDIA_TYPES.contains(&media_type.as_str()) {
            return Err(self.no_image(format!("has no image {digest}: that blob is no manifest with a mediaType")));
        }
        let subject = Descriptor {
            media_type: Cow::Owned(media_type),
            digest: Cow::Owned(digest.to_string()),
            size: bytes.len() as u64,
            artifact_type: None,
        };
        Ok(Selected { subject, selector: Selector::Digest(digest.clone()) })
    }

    fn selected(&self, entry: &IndexEntry, selector: Selector) -> Result<Selected, LayoutError> {
        let digest = self.digest_of(entry)?;
        let bytes = self.manifest(&digest, entry.size())?;
        let media_type = entry.media_type().to_string();
        if !IMAGE_MEDIA_TYPES.contains(&media_type.as_str()) {
            let reason = format!("lists {digest} with the media type {}, which no image has", shown(&media_type));
            return Err(self.no_image(reason));
        }
        // Two readers that go by one of them each would not see the same image.
        if let Some(own) = document_type(&bytes)
            && own != media_type
        {
            let reason = format!("says {} of itself, and the index says {media_type}", shown(&own));
            return Err(LayoutError::Altered { path: self.path.clone(), digest, reason });
        }
        Ok(Selected { subject: Descriptor { artifact_type: None, ..listing::descriptor(entry) }, selector })
    }

    /// The tags, for people who have to choose one.
    fn tags(&self) -> String {
        let mut tags: Vec<_> = self.entries.iter().filter_map(ref_name).filter(|tag| !is_fallback(tag)).collect();
        tags.sort_unstable();
        tags.dedup();
        match tags.len() {
            0 => "it has no tags: name an image by its digest, oci:PATH@DIGEST".to_owned(),
            count => {
                let some: Vec<_> = tags.iter().take(TAGS_SHOWN).map(|tag| shown(tag).to_string()).collect();
                let more = if count > TAGS_SHOWN { ", …" } else { "" };
                format!("its {count} tags are {}{more}", some.join(", "))
            }
        }
    }

    fn digest_of(&self, entry: &IndexEntry) -> Result<Digest, LayoutError> {
        entry.digest().as_ref().parse().map_err(|reason| self.malformed(Name::Index, &format!("{reason}")))
    }

    fn document<T: DeserializeOwned>(&self, name: Name<'_>, limit: u64) -> Result<T, LayoutError> {
        let Some(bytes) = self.files.read(name, limit, &self.path)? else {
            return Err(self.no_layout(format!("it has no file {name}")));
        };
        serde_json::from_slice(&bytes).map_err(|error| self.malformed(name, &shown(&error.to_string()).to_string()))
    }

    fn no_layout(&self, reason: String) -> LayoutError {
        LayoutError::NotALayout { path: self.path.clone(), reason }
    }

    fn no_image(&self, reason: String) -> LayoutError {
        LayoutError::Image { path: self.path.clone(), reason }
    }

    fn malformed(&self, name: Name<'_>, reason: &str) -> LayoutError {
        LayoutError::Document { path: self.path.clone(), name: name.to_string(), reason: reason.to_owned() }
    }
}

fn ref_name(entry: &IndexEntry) -> Option<&str> {
    entry.annotations().as_ref()?.get(REF_NAME).map(String::as_str)
}

/// Whether a tag is that of a list of referrers.
fn is_fallback(tag: &str) -> bool {
    ["sha256-", "sha512-"]
        .iter()
        .filter_map(|prefix| tag.strip_prefix(prefix))
        .any(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn document_type(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<TypedDocument>(bytes).ok()?.media_type
}
