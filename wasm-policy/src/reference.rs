//! Names of images and repositories, as the keys of `images` and the scopes of trust policies hold them.

use crate::{
    code::{Code, Failure},
    digest,
    text::shown,
};

/// An image's name: `registry/repository` with a tag, a digest or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    repository: &'a str,
    digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads a key of `images`.
    ///
    /// # Errors
    /// [`Code::ReferenceInvalid`], saying which part is wrong.
    pub fn parse(key: &'a str) -> Result<Self, Failure> {
        let wrong = |what: &str| Failure::new(Code::ReferenceInvalid, format!("`{}` {what}", shown(key)));
        let (named, digest) = match key.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (key, None),
        };
        if digest.is_some_and(|digest| !digest::is_well_formed(digest)) {
            return Err(wrong("has a digest that is not sha256 or sha512 in lower-case hex digits"));
        }
        // A colon before the last slash belongs to the registry's port.
        let tag_at = named.rfind(':').filter(|colon| !named[*colon..].contains('/'));
        let (repository, tag) = match tag_at {
            Some(colon) => (&named[..colon], Some(&named[colon + 1..])),
            None => (named, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("has a tag that is not up to 128 letters, digits, `_`, `.` and `-`"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(wrong("has neither a tag nor a digest"));
        }
        if !is_repository(repository) {
            return Err(wrong("does not begin with registry/repository"));
        }
        Ok(Self { repository, digest })
    }

    /// `registry/repository`, what the scopes of trust policies are compared with.
    pub fn repository(&self) -> &'a str {
        self.repository
    }

    /// The digest in the name, where there is one.
    pub fn digest(&self) -> Option<&'a str> {
        self.digest
    }
}

/// Whether the text is `host[:port]/path`, as trust policy scopes must be.
pub(crate) fn is_repository(text: &str) -> bool {
    text.len() <= 512
        && text.split_once('/').is_some_and(|(host, path)| is_host(host) && path.split('/').all(is_path_part))
}

/// A host as in a URI, without brackets and underscores, and an optional port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(is_label)
        && port.is_none_or(|port| {
            port.len() <= 5 && port.parse::<u16>().is_ok_and(|n| n > 0) && port.bytes().all(|b| b.is_ascii_digit())
        })
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (OCI distribution specification).
fn is_path_part(text: &str) -> bool {
    let is_word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = text.as_bytes();
    loop {
        let word = rest.iter().take_while(|b| is_word(b)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.iter().take_while(|b| !is_word(b)).count();
        let (mark, after) = rest.split_at(separator);
        if !(matches!(mark, b"." | b"_" | b"__") || mark.iter().all(|b| *b == b'-')) {
            return false;
        }
        rest = after;
    }
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn tag_and_digest_are_stripped_from_the_repository() {
        for key in [
            "host:5000/a/b:v1".to_owned(),
            format!("host:5000/a/b@sha256:{HEX}"),
            format!("host:5000/a/b:v1@sha256:{HEX}"),
        ] {
            assert_eq!(Reference::parse(&key).unwrap().repository(), "host:5000/a/b");
        }
    }

    #[test]
    fn what_is_no_full_name_is_refused() {
        let upper = format!("host/a@sha256:{}", HEX.to_uppercase());
        for key in [
            "",
            "host/a",
            "a:v1",
            "host/A:v1",
            "host/a:",
            "host/a@sha256:00",
            "/a:v1",
            "host//a:v1",
            "host/a/:v1",
            "ho_st/a:v1",
            "host/a..b:v1",
            "host/a___b:v1",
            "host/a-:v1",
            "host:0/a:v1",
            "host:65536/a:v1",
            "host:+1/a:v1",
            "-host/a:v1",
            "host/a\n:v1",
            "https://host/a:v1",
            "host/a:v1:v2",
            upper.as_str(),
        ] {
            assert_eq!(Reference::parse(key).unwrap_err().code, Code::ReferenceInvalid, "{key}");
        }
    }

    #[test]
    fn separators_within_a_path_part_follow_the_distribution_specification() {
        for path in ["a", "a.b", "a_b", "a__b", "a---b", "a/b-c/d.e"] {
            assert!(is_repository(&format!("Host.example:443/{path}")), "{path}");
        }
    }
}
