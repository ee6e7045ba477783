//! The referrers of an image in a layout. There is no list of them: the manifests of the index are read, and those whose `subject` is the image are they.
//!
//! The index of the fallback tag is taken as well, since tools that copy from a registry without the referrers API leave it there.

use oci_spec::image::{Descriptor as IndexEntry, MediaType};
use serde::Deserialize;
use wasm_policy::{input::Descriptor, text::shown};

use super::{Index, Layout, LayoutError, files::Name, ref_name};
use crate::{
    listing::{self, Listing, WantedTypes},
    reference::Digest,
};

/// Bytes of manifests that are read to find an image's referrers: some 60,000 manifests of signatures.
const MAX_BYTES: u64 = 64 << 20;

/// What a manifest or an index says of what it refers to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referring {
    subject: Option<Subject>,
    artifact_type: Option<MediaType>,
    config: Option<ReferringConfig>,
}

#[derive(Deserialize)]
struct Subject {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferringConfig {
    media_type: MediaType,
}

impl Layout {
    /// The referrers of an image, in the order of the index. A manifest that cannot be read may be one of them: then the list is incomplete.
    pub fn referrers(&self, image: &Digest, wanted: &WantedTypes) -> Listing {
        let mut listing = Listing::default();
        let fallback = listing::fallback_tag(image);
        let mut left = MAX_BYTES;
        for entry in &self.entries {
            if listing.is_full() {
                break;
            }
            let found = if ref_name(entry) == Some(fallback.as_str()) && listing::is_index(entry.media_type()) {
                self.fallback_entries(entry)
            } else if entry.digest().as_ref() == image.as_str() {
                continue;
            } else {
                self.referrer(entry, image, &mut left)
            };
            match found {
                Ok(entries) => entries.into_iter().for_each(|entry| listing.add(entry, wanted)),
                Err(error) => {
                    listing.incomplete.get_or_insert_with(|| error.into());
                }
            }
        }
        listing
    }

    /// The entry, where its manifest refers to the image.
    fn referrer(
        &self,
        entry: &IndexEntry,
        image: &Digest,
        left: &mut u64,
    ) -> Result<Vec<Descriptor<'static>>, LayoutError> {
        // Docker's manifests have no subject.
        if !matches!(entry.media_type(), MediaType::ImageManifest | MediaType::ImageIndex | MediaType::ArtifactManifest)
        {
            return Ok(Vec::new());
        }
        *left = left
            .checked_sub(entry.size())
            .ok_or_else(|| LayoutError::TooMuch { path: self.path.clone(), limit: MAX_BYTES })?;
        let digest = self.digest_of(entry)?;
        let bytes = self.manifest(&digest, entry.size())?;
        let manifest: Referring = serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed(Name::Blob(&digest), &shown(&error.to_string()).to_string()))?;
        if manifest.subject.is_none_or(|subject| subject.digest != image.as_str()) {
            return Ok(Vec::new());
        }
        let artifact_type = manifest.artifact_type.or(manifest.config.map(|config| config.media_type));
        let artifact_type = artifact_type.map(|artifact_type| artifact_type.to_string().into());
        Ok(vec![Descriptor { artifact_type, ..listing::descriptor(entry) }])
    }

    /// What the index of the fallback tag lists. Whether these refer to the image is for the verdict to check, as with a registry's.
    fn fallback_entries(&self, entry: &IndexEntry) -> Result<Vec<Descriptor<'static>>, LayoutError> {
        let digest = self.digest_of(entry)?;
        let bytes = self.manifest(&digest, entry.size())?;
        let index: Index = serde_json::from_slice(&bytes)
            .map_err(|error| self.malformed(Name::Blob(&digest), &shown(&error.to_string()).to_string()))?;
        Ok(index.manifests.unwrap_or_default().iter().map(listing::descriptor).collect())
    }
}
