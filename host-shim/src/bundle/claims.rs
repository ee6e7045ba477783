//! What a user's files define, by its path below `data`.

use std::fmt;

use wasm_policy::text::shown;

use super::error::Place;

/// A path that a file defines something at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) kind: Kind,
    pub(super) path: Vec<String>,
    pub(super) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Package,
    Data,
}

/// As people write it: `package acme.images`, `data.acme`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Package => write!(f, "package {}", shown(&self.path.join("."))),
            Kind::Data => write!(f, "data.{}", shown(&self.path.join("."))),
        }
    }
}
