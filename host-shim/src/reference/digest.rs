//! Digests of content (OCI image specification, "Digests"): the only names of bytes that prove themselves.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;

/// `sha256:` or `sha512:` and the lower-case hex digits that belong to it.
///
/// Since a digest holds nothing else, it is safe as a part of a path or a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

/// A hash function that digests are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-256, which every registry has.
    Sha256,
    /// SHA-512
    Sha512,
}

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DigestError {
    /// Another algorithm, or none.
    #[error("a digest begins with sha256: or sha512:")]
    Algorithm,
    /// The wrong number of digits, or something that is none.
    #[error("a {0} digest has {length} lower-case hex digits after the colon", length = .0.hex_length())]
    Hex(Algorithm),
}

impl Digest {
    /// The digest of these bytes.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::from_hash(algorithm, &Sha256::digest(bytes)),
            Algorithm::Sha512 => Self::from_hash(algorithm, &Sha512::digest(bytes)),
        }
    }

    fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(algorithm.name().len() + 1 + 2 * hash.len());
        text.push_str(algorithm.name());
        text.push(':');
        for byte in hash {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Self(text)
    }

    /// Whether these bytes hash to this digest.
    pub fn names(&self, bytes: &[u8]) -> bool {
        Self::of(self.algorithm(), bytes) == *self
    }

    /// The hash function.
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512:") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }

    /// The digits after the colon.
    pub fn hex(&self) -> &str {
        &self.0[self.algorithm().name().len() + 1..]
    }

    /// The whole, `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, hex) = match text.split_once(':') {
            Some(("sha256", hex)) => (Algorithm::Sha256, hex),
            Some(("sha512", hex)) => (Algorithm::Sha512, hex),
            _ => return Err(DigestError::Algorithm),
        };
        let is_lower_hex = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() != algorithm.hex_length() || !is_lower_hex {
            return Err(DigestError::Hex(algorithm));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Algorithm {
    /// The name in digests and in the folders of an image layout.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    const fn hex_length(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_OBJECT: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_digest_names_its_bytes_and_no_others() {
        let digest: Digest = EMPTY_OBJECT.parse().unwrap();
        assert!(digest.names(b"{}"));
        assert!(!digest.names(b"{ }"));
        assert_eq!(Digest::of(Algorithm::Sha256, b"{}"), digest);
        let long = Digest::of(Algorithm::Sha512, b"{}");
        assert_eq!((long.algorithm(), long.hex().len()), (Algorithm::Sha512, 128));
        assert!(long.names(b"{}"));
    }

    #[test]
    fn only_the_two_algorithms_with_exactly_their_lower_case_digits_are_digests() {
        let hex = &EMPTY_OBJECT["sha256:".len()..];
        for text in ["", "sha256", hex, &format!("md5:{hex}"), &format!("SHA256:{hex}")] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError::Algorithm), "{text}");
        }
        for text in [
            &EMPTY_OBJECT[..70],
            &format!("{EMPTY_OBJECT}0"),
            &EMPTY_OBJECT.replace('f', "F"),
            "sha256:",
            "sha256:../x",
        ] {
            assert_eq!(text.parse::<Digest>(), Err(DigestError::Hex(Algorithm::Sha256)), "{text}");
        }
        assert_eq!(format!("sha512:{hex}").parse::<Digest>(), Err(DigestError::Hex(Algorithm::Sha512)));
    }
}
