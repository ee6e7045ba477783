//! What is wrong with the files of a bundle, and where.

use std::{fmt, io, sync::Arc};

use wasm_policy::text::shown;

use super::signing::KeyError;

/// A place in a user's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named, or found in a folder that was named.
    pub file: Arc<str>,
    /// From 1; absent where the file as a whole is meant.
    pub line: Option<usize>,
}

impl Place {
    pub(super) fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: None }
    }

    pub(super) fn line(file: &Arc<str>, line: usize) -> Self {
        Self { file: Arc::clone(file), line: Some(line) }
    }
}

/// As a compiler says it: `policy.rego:3`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.file))?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("{0}: cannot be read: {1}; check the path and its permissions")]
    Unreadable(Place, io::Error),
    /// Something in a file or about it.
    #[error("{0}: {1}")]
    Wrong(Place, String),
    /// One member name for two files.
    #[error("{first} and {second} would both be {} in the bundle; name the folder that holds both", shown(.name))]
    SameName {
        /// The name in the bundle.
        name: String,
        /// Where the first was found.
        first: Place,
        /// Where the second was found.
        second: Place,
    },
    /// One key of the data in two files.
    #[error(
        "{second}: data.{key} is also in {first}; OPA loads no bundle that says it twice, so remove one of the two"
    )]
    SameKey {
        /// As `acme.images`.
        key: String,
        /// Where it is first.
        first: Place,
        /// Where it is again.
        second: Place,
    },
    /// A package or data where the bundle's own are.
    #[error(
        "{place}: {what} {relation} {root}, which is the bundle's own ({why}); use a path of your own, such as acme.images"
    )]
    Ours {
        /// Where it is declared.
        place: Place,
        /// As `package image_integrity.verify`.
        what: String,
        /// `lies in` or `holds`
        relation: &'static str,
        /// The root of ours.
        root: &'static str,
        /// What is there.
        why: &'static str,
    },
    /// A package or data that none of the roots covers.
    #[error("{place}: {what} is outside the roots that --root names: {roots}")]
    Outside {
        /// Where it is declared.
        place: Place,
        /// As `package acme.images`.
        what: String,
        /// The roots that were named.
        roots: String,
    },
    /// A root that cannot be one.
    #[error("--root {}: {why}", shown(.root))]
    Root {
        /// As it was given.
        root: String,
        /// What is wrong with it.
        why: String,
    },
    /// The signature could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The archive could not be written.
    #[error("cannot pack the bundle: {0}")]
    Pack(#[from] io::Error),
}
