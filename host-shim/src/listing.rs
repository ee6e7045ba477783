//! A list of an image's referrers, as a registry or a layout gives it (OCI distribution specification, "Listing Referrers").

use std::{borrow::Cow, collections::BTreeSet};

use oci_spec::image::MediaType;
use wasm_policy::{
    code::Failure,
    input::{Config, Descriptor},
};

/// Entries that are kept: one more than the module looks at, so that it can say that there are too many.
pub const MAX_ENTRIES: usize = 1_001;

/// The type of an artifact whose config is `{}`. In a listing it says nothing: some registries write the config's type where the artifact's belongs.
const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";

/// The referrers of one image.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// In the order of the source, each once.
    pub referrers: Vec<Descriptor<'static>>,
    /// Why there may be more; absent where the list is complete.
    pub incomplete: Option<Failure>,
}

/// The types of artifacts that some verifier takes. Others are dropped where they are read: no verdict looks at them, and they need not be carried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WantedTypes {
    /// All of them.
    Every,
    /// These.
    Of(BTreeSet<String>),
}

impl WantedTypes {
    /// The types that the verifiers of a configuration take.
    pub fn of(config: &Config) -> Self {
        let mut types = BTreeSet::new();
        for artifact_type in config.verifiers.iter().flat_map(|verifier| &verifier.artifact_types) {
            if artifact_type == "*" {
                return Self::Every;
            }
            types.insert(artifact_type.clone());
        }
        Self::Of(types)
    }

    /// The one type to ask a registry for; a registry can filter by one only.
    pub fn only(&self) -> Option<&str> {
        match self {
            Self::Of(types) if types.len() == 1 => types.first().map(String::as_str),
            _ => None,
        }
    }

    /// Whether an entry may be of a wanted type. One that does not tell is kept: its manifest decides.
    fn may_hold(&self, artifact_type: Option<&str>) -> bool {
        match (self, artifact_type) {
            (Self::Every, _) | (Self::Of(_), None | Some("" | EMPTY_CONFIG)) => true,
            (Self::Of(types), Some(artifact_type)) => types.contains(artifact_type),
        }
    }
}

impl Listing {
    /// Adds an entry, unless it is there already or of a type that nobody wants.
    pub fn add(&mut self, entry: Descriptor<'static>, wanted: &WantedTypes) {
        if !self.is_full() && wanted.may_hold(entry.artifact_type.as_deref()) && !self.referrers.contains(&entry) {
            self.referrers.push(entry);
        }
    }

    /// About how much memory the entries take.
    pub fn bytes(&self) -> usize {
        let strings = |entry: &Descriptor<'_>| {
            entry.media_type.len() + entry.digest.len() + entry.artifact_type.as_ref().map_or(0, |of| of.len())
        };
        self.referrers.iter().map(|entry| size_of::<Descriptor<'_>>() + strings(entry)).sum()
    }

    /// Whether there are more entries than are looked at; further ones change nothing.
    pub fn is_full(&self) -> bool {
        self.referrers.len() >= MAX_ENTRIES
    }
}

/// A descriptor of a manifest or an index, in the contract's form.
pub fn descriptor(of: &oci_spec::image::Descriptor) -> Descriptor<'static> {
    Descriptor {
        media_type: Cow::Owned(of.media_type().to_string()),
        digest: Cow::Owned(of.digest().to_string()),
        size: of.size(),
        artifact_type: of.artifact_type().as_ref().map(|artifact_type| Cow::Owned(artifact_type.to_string())),
    }
}

/// The media type of an OCI index, which a list of referrers is.
pub const INDEX_MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// The media types of manifests and indexes that an image can have, as sent in `Accept`.
pub const IMAGE_MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    INDEX_MEDIA_TYPE,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The tag under which clients list an image's referrers where the registry cannot (`<algorithm>-<hex>`, cut to 32 and 64 characters).
pub fn fallback_tag(image: &crate::reference::Digest) -> String {
    let hex = image.hex();
    format!("{}-{}", image.algorithm(), hex.get(..64).unwrap_or(hex))
}

/// Whether a media type is that of an OCI index.
pub fn is_index(media_type: &MediaType) -> bool {
    *media_type == MediaType::ImageIndex
}
