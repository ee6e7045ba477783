//! How people name images: `[host[:port]/]path[:tag][@digest]`, and `oci:PATH` for an image layout on disk.
//!
//! The grammar is that of the OCI distribution specification with the short names of Docker: no host is `docker.io`, one part is in
//! `library/`, and no tag and no digest is the tag `latest`. What is not lower case, or longer than a registry takes, is refused rather than repaired.

mod digest;
mod source;

use std::{fmt, str::FromStr, sync::Arc};

use thiserror::Error;
use wasm_policy::text::shown;

pub use digest::{Algorithm, Digest, DigestError};
pub use source::{ImageSource, LayoutImage, Selector, SourceError};

/// Bytes of a host and a path together, as registries and other clients bound them.
const MAX_NAME_BYTES: usize = 255;
/// Bytes of a tag (OCI distribution specification).
const MAX_TAG_BYTES: usize = 128;
/// Bytes of a reference: name, tag and the longest digest, with a colon and an at sign.
const MAX_REFERENCE_BYTES: usize = MAX_NAME_BYTES + 1 + MAX_TAG_BYTES + 1 + "sha512:".len() + 128;

const DOCKER_HUB: &str = "docker.io";
/// Where the images of short names are in Docker Hub.
const LIBRARY: &str = "library/";
const DEFAULT_TAG: &str = "latest";

/// An image of a registry, expanded: it names its host, and a tag, a digest or both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The whole, `registry/repository` with tag, digest or both.
    text: Arc<str>,
    /// Where its parts end in the text.
    registry: usize,
    repository: usize,
    tag: Option<usize>,
    digest: Option<Digest>,
}

/// Why a text names no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// Nothing at all.
    #[error("the image reference is empty: write registry/repository:tag")]
    Empty,
    /// More than [`MAX_REFERENCE_BYTES`].
    #[error("the image reference has {0} bytes, and at most {MAX_REFERENCE_BYTES} are possible")]
    TooLong(usize),
    /// A space, a control character, or a letter outside of ASCII, as those that change the direction of writing.
    #[error(
        "the image reference {0} holds a character that no reference may hold: only ASCII letters, digits and . _ - / : @ are allowed"
    )]
    Character(String),
    /// An IPv6 address in brackets.
    #[error("the image reference {0} has an IPv6 address: use the registry's host name")]
    Ipv6(String),
    /// The part before the first slash is no host with an optional port.
    #[error("{host} in the image reference {reference} is no host name with an optional port")]
    Host {
        /// As written.
        host: String,
        /// As written.
        reference: String,
    },
    /// Upper case where none is possible.
    #[error("the repository in the image reference {0} has upper-case letters: write it in lower case")]
    UpperCase(String),
    /// A path that breaks the grammar.
    #[error(
        "the repository in the image reference {0} is not well-formed: parts of lower-case letters and digits, joined by . _ or -, with / between them"
    )]
    Repository(String),
    /// Host and path are longer than [`MAX_NAME_BYTES`].
    #[error("the name in the image reference {0} is longer than {MAX_NAME_BYTES} bytes")]
    NameTooLong(String),
    /// A tag that breaks the grammar.
    #[error(
        "the tag in the image reference {0} is not well-formed: at most {MAX_TAG_BYTES} letters, digits and . _ -, the first none of . and -"
    )]
    Tag(String),
    /// A digest that breaks the grammar.
    #[error("the digest in the image reference {reference} is not well-formed: {reason}")]
    Digest {
        /// As written.
        reference: String,
        /// What is wrong with it.
        reason: DigestError,
    },
}

impl Reference {
    /// The key of the image in the contract: `registry/repository` with tag, digest or both.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry's host in lower case, with its port where one is written; `docker.io` for short names.
    pub fn registry(&self) -> &str {
        &self.text[..self.registry]
    }

    /// The path in the registry, with `library/` where Docker Hub's short names mean it.
    pub fn repository(&self) -> &str {
        &self.text[self.registry + 1..self.repository]
    }

    /// The tag; where there is a digest as well, that counts.
    pub fn tag(&self) -> Option<&str> {
        self.tag.map(|end| &self.text[self.repository + 1..end])
    }

    /// The digest.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        check_characters(text)?;
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => match digest.parse::<Digest>() {
                Ok(digest) => (named, Some(digest)),
                Err(reason) => return Err(ReferenceError::Digest { reference: shown(text).to_string(), reason }),
            },
            None => (text, None),
        };
        let (name, tag) = split_tag(named);
        if let Some(tag) = tag
            && !is_tag(tag)
        {
            return Err(ReferenceError::Tag(shown(text).to_string()));
        }
        let Expanded { text: mut whole, registry } = expand(name, text)?;
        let repository = whole.len();
        if repository > MAX_NAME_BYTES {
            return Err(ReferenceError::NameTooLong(shown(text).to_string()));
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some(DEFAULT_TAG),
        };
        let tag = tag.map(|tag| {
            whole.push(':');
            whole.push_str(tag);
            whole.len()
        });
        if let Some(digest) = &digest {
            whole.push('@');
            whole.push_str(digest.as_str());
        }
        Ok(Self { text: whole.into(), registry, repository, tag, digest })
    }
}

/// Refuses what can be no reference before anything is split, so that every later message shows plain text.
fn check_characters(text: &str) -> Result<(), ReferenceError> {
    if text.is_empty() {
        return Err(ReferenceError::Empty);
    }
    if text.len() > MAX_REFERENCE_BYTES {
        return Err(ReferenceError::TooLong(text.len()));
    }
    if text.starts_with('[') {
        return Err(ReferenceError::Ipv6(shown(text).to_string()));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b)) {
        return Err(ReferenceError::Character(shown(text).to_string()));
    }
    Ok(())
}

/// The tag follows the last colon, unless a slash comes after it: then the colon belongs to the port.
fn split_tag(named: &str) -> (&str, Option<&str>) {
    match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    }
}

/// A name with its host.
struct Expanded {
    /// `registry/repository`
    text: String,
    /// Where the registry ends.
    registry: usize,
}

/// Host and path, with Docker's short names expanded.
fn expand(name: &str, text: &str) -> Result<Expanded, ReferenceError> {
    let (host, path) = match name.split_once('/') {
        // Only what cannot be a path's part is a host, as in every other client: `app/web` is a repository of Docker Hub.
        Some((host, path)) if host.contains(['.', ':']) || host.eq_ignore_ascii_case("localhost") => {
            if !is_host(host) {
                return Err(ReferenceError::Host { host: shown(host).to_string(), reference: shown(text).to_string() });
            }
            (host, path)
        }
        _ => (DOCKER_HUB, name),
    };
    check_repository(path, text)?;
    let host = if host.eq_ignore_ascii_case("index.docker.io") { DOCKER_HUB } else { host };
    let mut expanded = String::with_capacity(DOCKER_HUB.len() + LIBRARY.len() + text.len() + DEFAULT_TAG.len() + 2);
    expanded.push_str(host);
    expanded.make_ascii_lowercase();
    let registry = expanded.len();
    let is_short = expanded == DOCKER_HUB && !path.contains('/');
    expanded.push('/');
    if is_short {
        expanded.push_str(LIBRARY);
    }
    expanded.push_str(path);
    Ok(Expanded { text: expanded, registry })
}

fn check_repository(path: &str, text: &str) -> Result<(), ReferenceError> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ReferenceError::UpperCase(shown(text).to_string()));
    }
    if path.split('/').all(is_path_part) { Ok(()) } else { Err(ReferenceError::Repository(shown(text).to_string())) }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` of the distribution specification.
fn is_path_part(part: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    is_word(*first)
        && is_word(*last)
        && part
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

/// Whether an image's name can begin with this as its registry.
pub(crate) fn names_registry(text: &str) -> bool {
    (text.contains(['.', ':']) || text == "localhost")
        && text != "index.docker.io"
        && is_host(text)
        && !text.bytes().any(|b| b.is_ascii_uppercase())
}

/// A DNS name or IPv4 address, and a port where there is a colon.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|n| n > 0);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= MAX_TAG_BYTES
        && tag.bytes().next().is_some_and(is_word)
        && tag.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn key(text: &str) -> String {
        text.parse::<Reference>().unwrap_or_else(|e| panic!("{text}: {e}")).to_string()
    }

    fn refusal(text: &str) -> ReferenceError {
        text.parse::<Reference>().map(|r| r.to_string()).expect_err(text)
    }

    #[test]
    fn short_names_are_expanded_as_docker_does() {
        for (written, meant) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3", "docker.io/library/alpine:3"),
            ("acme/app", "docker.io/acme/app:latest"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("index.docker.io/acme/app:1", "docker.io/acme/app:1"),
            ("localhost/app", "localhost/app:latest"),
            ("LOCALHOST/app", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("Registry.Example:5000/a/b_c__d--e.f:V1.0", "registry.example:5000/a/b_c__d--e.f:V1.0"),
            ("10.0.0.1/app:1", "10.0.0.1/app:1"),
        ] {
            assert_eq!(key(written), meant);
        }
    }

    #[test]
    fn a_digest_takes_the_place_of_the_default_tag_and_stands_beside_a_written_one() {
        assert_eq!(key(&format!("acme/app@{DIGEST}")), format!("docker.io/acme/app@{DIGEST}"));
        let both: Reference = format!("r.example/app:v1@{DIGEST}").parse().unwrap();
        assert_eq!(both.to_string(), format!("r.example/app:v1@{DIGEST}"));
        assert_eq!((both.registry(), both.repository(), both.tag()), ("r.example", "app", Some("v1")));
        assert_eq!(both.digest().unwrap().as_str(), DIGEST);
    }

    #[test]
    fn an_expanded_reference_reads_as_itself() {
        for text in ["alpine", "localhost:5000/app", &format!("r.example/app:v1@{DIGEST}")] {
            assert_eq!(key(&key(text)), key(text));
        }
    }

    #[test]
    fn what_is_no_reference_is_refused_with_its_reason() {
        assert_eq!(refusal(""), ReferenceError::Empty);
        assert_eq!(refusal(&"a".repeat(4096)), ReferenceError::TooLong(4096));
        assert!(matches!(refusal("[::1]:5000/app"), ReferenceError::Ipv6(_)));
        assert!(matches!(refusal("r.example/App"), ReferenceError::UpperCase(_)));
        assert!(matches!(refusal("Alpine"), ReferenceError::UpperCase(_)));
        for text in
            ["r.example/app\n", "r.example/a b", "r.example/\u{202e}app", "r.example/\u{e4}", "a\0", "a?b", "a%2f"]
        {
            assert!(matches!(refusal(text), ReferenceError::Character(_)), "{text:?}");
        }
        for text in [
            "r.example/",
            "/app",
            "r.example//app",
            "r.example/-app",
            "r.example/a..b",
            "r.example/a___b",
            "_",
            "a._b",
            "r.example/../x",
        ] {
            assert!(matches!(refusal(text), ReferenceError::Repository(_)), "{text}");
        }
        for text in [
            "r.example:/app",
            "r.example:0/app",
            "r.example:99999/app",
            "-r.example/app",
            "r..example/app",
            "a_b.example/app",
        ] {
            assert!(matches!(refusal(text), ReferenceError::Host { .. }), "{text}");
        }
        for text in ["app:", "app:-x", "app:.x", &format!("app:{}", "x".repeat(129))] {
            assert!(matches!(refusal(text), ReferenceError::Tag(_)), "{text}");
        }
        for text in
            ["app@", "app@sha256:00", &format!("app@{DIGEST}@{DIGEST}"), &format!("app@{}", DIGEST.to_uppercase())]
        {
            assert!(matches!(refusal(text), ReferenceError::Digest { .. }), "{text}");
        }
        assert!(matches!(refusal(&format!("r.example/{}", "a".repeat(255))), ReferenceError::NameTooLong(_)));
    }

    #[test]
    fn messages_show_no_control_or_direction_characters() {
        for text in ["r.example/\u{202e}app\u{1b}[31m", "r.example/a\nb"] {
            let message = refusal(text).to_string();
            assert!(message.chars().all(|c| c.is_ascii() && !c.is_ascii_control()), "{message:?}");
        }
    }
}
