//! Where in a document something stands, as `spec.parameters.trustPolicyDoc.trustPolicies[0].name`.

use std::fmt;

use wasm_policy::text::shown;

/// A way down from a document's root. It is written out only for what is told to people: documents are large, and mistakes few.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Path<'a> {
    /// A path that has been written out already; empty for the root.
    Written(&'a str),
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(crate) const ROOT: Self = Self::Written("");
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(path) => f.write_str(path),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
            Self::Member(Self::Written(""), key) if is_plain(key) => f.write_str(key),
            Self::Member(parent, key) if is_plain(key) => write!(f, "{parent}.{key}"),
            // A dot in a key would be read as a step, as in `annotations["a.b/c"]`.
            Self::Member(parent, key) => write!(f, "{parent}[\"{}\"]", shown(key)),
        }
    }
}

fn is_plain(key: &str) -> bool {
    (1..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}
