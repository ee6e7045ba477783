//! What can be wrong with an image layout, and which code that is.

use std::{io, path::PathBuf};

use thiserror::Error;
use wasm_policy::code::{Code, Failure};

use crate::reference::Digest;

/// Why something could not be read from a layout.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The path, or something below it, cannot be read.
    #[error("{path} cannot be read: {source}", path = shown(.path))]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Neither a folder nor a tar file that holds a layout.
    #[error("{path} is no OCI image layout: {reason}", path = shown(.path))]
    NotALayout {
        /// As given.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A tar file that is compressed.
    #[error("{path} is compressed: unpack it with `gunzip`, and name the tar file", path = shown(.path))]
    Compressed {
        /// As given.
        path: PathBuf,
    },
    /// A document of the layout has the wrong form.
    #[error("{name} of the layout {path} is not well-formed: {reason}", path = shown(.path))]
    Document {
        /// The layout.
        path: PathBuf,
        /// The document.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file leads out of the layout, or is no file.
    #[error("{name} of the layout {path} is no regular file inside of it", path = shown(.path))]
    NotInside {
        /// The layout.
        path: PathBuf,
        /// The file.
        name: String,
    },
    /// No image of that tag or digest, or several.
    #[error("the layout {path} {reason}", path = shown(.path))]
    Image {
        /// The layout.
        path: PathBuf,
        /// What was looked for, and what there is.
        reason: String,
    },
    /// A blob is not there.
    #[error("the layout {path} does not hold {digest}", path = shown(.path))]
    BlobMissing {
        /// The layout.
        path: PathBuf,
        /// The blob.
        digest: Digest,
    },
    /// A file is larger than declared, or than accepted.
    #[error("{name} of the layout {path} is larger than {limit} bytes", path = shown(.path))]
    TooLarge {
        /// The layout.
        path: PathBuf,
        /// The file.
        name: String,
        /// The size declared or accepted.
        limit: u64,
    },
    /// A blob's bytes are not those that its descriptor names.
    #[error("{digest} of the layout {path} {reason}", path = shown(.path))]
    Altered {
        /// The layout.
        path: PathBuf,
        /// The blob.
        digest: Digest,
        /// How the bytes differ.
        reason: String,
    },
    /// Looking for referrers would read too much.
    #[error("the manifests of the layout {path} are larger than {limit} bytes together", path = shown(.path))]
    TooMuch {
        /// The layout.
        path: PathBuf,
        /// The bytes that are read at most.
        limit: u64,
    },
}

fn shown(path: &std::path::Path) -> String {
    wasm_policy::text::shown(&path.to_string_lossy()).to_string()
}

impl LayoutError {
    /// Which outcome this is.
    pub fn code(&self) -> Code {
        match self {
            Self::Image { .. } => Code::ImageNotFound,
            Self::BlobMissing { .. } => Code::BlobNotFound,
            Self::TooLarge { .. } => Code::ContentTooLarge,
            Self::Altered { .. } => Code::DigestMismatch,
            Self::TooMuch { .. } => Code::FetchLimitReached,
            Self::Unreadable { .. }
            | Self::NotALayout { .. }
            | Self::Compressed { .. }
            | Self::Document { .. }
            | Self::NotInside { .. } => Code::LayoutInvalid,
        }
    }
}

impl From<LayoutError> for Failure {
    fn from(error: LayoutError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
