//! Which module gives a verdict: the SHA-256 of `policy.wasm`.

use std::{fmt, str::FromStr};

use crate::reference::{Algorithm, Digest, DigestError};

/// The SHA-256 digest of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleDigest(Digest);

impl ModuleDigest {
    /// The digest in the revision of a bundle: that begins with the digits, and may have a part of the user's behind a plus sign.
    pub(super) fn of_revision(revision: &str) -> Option<Self> {
        let digits = revision.split_once('+').map_or(revision, |(digits, _)| digits);
        format!("sha256:{digits}").parse().ok()
    }

    /// The whole, `sha256:…`.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for ModuleDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digest: Digest = text.parse()?;
        match digest.algorithm() {
            Algorithm::Sha256 => Ok(Self(digest)),
            Algorithm::Sha512 => Err(DigestError::Algorithm),
        }
    }
}

impl fmt::Display for ModuleDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_other_digests_are_and_is_a_sha_256() {
        let text = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(text.parse::<ModuleDigest>().unwrap().to_string(), text);
        assert_eq!(format!("sha512:{}", "0a".repeat(64)).parse::<ModuleDigest>(), Err(DigestError::Algorithm));
    }

    #[test]
    fn a_revision_begins_with_it() {
        let digits = "0a".repeat(32);
        let expected = format!("sha256:{digits}").parse().ok();
        for revision in [digits.clone(), format!("{digits}+v1"), format!("{digits}+"), format!("{digits}+a+b")] {
            assert_eq!(ModuleDigest::of_revision(&revision), expected, "{revision}");
        }
        for revision in
            ["", "v1", "+", &digits[1..], &format!("{digits}0"), &format!("{digits}-v1"), &digits.to_uppercase()]
        {
            assert_eq!(ModuleDigest::of_revision(revision), None, "{revision}");
        }
    }
}
