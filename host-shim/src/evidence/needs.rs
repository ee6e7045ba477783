//! What a verdict still asks for, read from its document.

use serde::Deserialize;

use crate::reference::Digest;

/// Something to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// The list of the image's referrers.
    Referrers,
    /// A referrer's manifest.
    Manifest { digest: Digest, size: u64 },
    /// A blob.
    Blob { digest: Digest, size: u64 },
}

#[derive(Deserialize)]
struct Document {
    needs: Option<Vec<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    kind: String,
    image: Option<String>,
    digest: Option<String>,
    size: Option<u64>,
}

impl Need {
    /// The needs of one image. Those that this version cannot meet are left out: they stay open, and the verdict with them.
    pub(super) fn of(verdict: &[u8], image: &str) -> Vec<Self> {
        let document: Document = match serde_json::from_slice(verdict) {
            Ok(document) => document,
            Err(error) => {
                tracing::error!(%error, "the engine's answer is no verdict document");
                return Vec::new();
            }
        };
        let of_image = |entry: &&Entry| entry.image.as_deref() == Some(image);
        document.needs.unwrap_or_default().iter().filter(of_image).filter_map(Self::read).collect()
    }

    fn read(entry: &Entry) -> Option<Self> {
        let content = || Some((entry.digest.as_deref()?.parse().ok()?, entry.size?));
        match entry.kind.as_str() {
            "referrers" => Some(Self::Referrers),
            "manifest" => content().map(|(digest, size)| Self::Manifest { digest, size }),
            "blob" => content().map(|(digest, size)| Self::Blob { digest, size }),
            _ => None,
        }
    }

    /// The name in failures.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Referrers => "referrers",
            Self::Manifest { .. } => "manifest",
            Self::Blob { .. } => "blob",
        }
    }

    /// Of a manifest or blob.
    pub(super) fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Referrers => None,
            Self::Manifest { digest, .. } | Self::Blob { digest, .. } => Some(digest),
        }
    }
}
