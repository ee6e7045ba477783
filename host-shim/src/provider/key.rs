//! The keys of Gatekeeper's questions: `[namespace]image`, or the image alone.

use crate::reference::{Reference, ReferenceError};

/// Bytes of a namespace's name (RFC 1123).
const MAX_NAMESPACE_BYTES: usize = 63;

/// What a key asks about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key<'k> {
    /// The namespace of the object; `None` in a bare key, for which the cluster's configuration counts.
    pub(super) namespace: Option<&'k str>,
    pub(super) image: Result<Reference, ReferenceError>,
}

/// A key whose brackets hold no namespace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoNamespace;

impl<'k> Key<'k> {
    /// Reads a key. Only its first brackets are a namespace: what follows is an image, and no image has brackets.
    ///
    /// # Errors
    /// Where the brackets hold none.
    pub(super) fn read(key: &'k str) -> Result<Self, NoNamespace> {
        let Some(rest) = key.strip_prefix('[') else { return Ok(Self { namespace: None, image: key.parse() }) };
        let (namespace, image) = rest.split_once(']').ok_or(NoNamespace)?;
        if is_namespace(namespace) {
            Ok(Self { namespace: Some(namespace), image: image.parse() })
        } else {
            Err(NoNamespace)
        }
    }
}

/// Whether it can be the name of a namespace.
pub(super) fn is_namespace(name: &str) -> bool {
    let is_edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    bytes.len() <= MAX_NAMESPACE_BYTES
        && is_edge(bytes.first())
        && is_edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_stands_in_brackets_before_the_image() {
        let key = Key::read("[team-a]registry.example/app:v1").unwrap();
        assert_eq!(
            (key.namespace, key.image.unwrap().to_string().as_str()),
            (Some("team-a"), "registry.example/app:v1")
        );
        let bare = Key::read("registry.example/app:v1").unwrap();
        assert_eq!((bare.namespace, bare.image.unwrap().to_string().as_str()), (None, "registry.example/app:v1"));
    }

    #[test]
    fn an_image_that_looks_like_a_namespace_is_no_image() {
        // What a template makes of the image `[team-b]registry.example/app` of a Pod in team-a.
        let key = Key::read("[team-a][team-b]registry.example/app:v1").unwrap();
        assert_eq!(key.namespace, Some("team-a"));
        assert!(key.image.is_err());
    }

    #[test]
    fn brackets_without_a_namespace_are_refused() {
        for key in ["[]a", "[a", "[A]a", "[a.b]a", "[-a]a", "[a b]a", "[a\n]a", &format!("[{}]a", "a".repeat(64))] {
            assert_eq!(Key::read(key), Err(NoNamespace), "{key:?}");
        }
    }
}
