//! Which module gives a verdict: the SHA-256 of `policy.wasm`.

use std::{fmt, str::FromStr};

use crate::reference::{Algorithm, Digest, DigestError};

/// The SHA-256 digest of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleDigest(Digest);

impl ModuleDigest {
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
