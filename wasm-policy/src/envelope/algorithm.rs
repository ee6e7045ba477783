//! The six signature algorithms of the Notary Project (signature specification, "Algorithm Selection"): which key implies which, and how each is
//! computed (RFC 7518 sections 3.4 and 3.5, RFC 9053 section 2.1, RFC 8230 section 2).

use core::fmt;

use crate::{
    code::{Code, Failure},
    crypto::{Hash, KeyKind, SignatureScheme},
};

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-256, by RSA keys of 2048 bits.
    Ps256,
    /// RSASSA-PSS with SHA-384, by RSA keys of 3072 bits.
    Ps384,
    /// RSASSA-PSS with SHA-512, by RSA keys of 4096 bits.
    Ps512,
    /// ECDSA with SHA-256, by keys on P-256.
    Es256,
    /// ECDSA with SHA-384, by keys on P-384.
    Es384,
    /// ECDSA with SHA-512, by keys on P-521.
    Es512,
}

impl Algorithm {
    const ALL: [Self; 6] = [Self::Ps256, Self::Ps384, Self::Ps512, Self::Es256, Self::Es384, Self::Es512];

    /// The name in JOSE, which is also the one for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    const fn cose_number(self) -> i128 {
        match self {
            Self::Ps256 => -37,
            Self::Ps384 => -38,
            Self::Ps512 => -39,
            Self::Es256 => -7,
            Self::Es384 => -35,
            Self::Es512 => -36,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(super) fn from_cose_number(number: i128) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.cose_number() == number)
    }

    /// Checks that it is the algorithm which the signing key implies; the envelope has no choice.
    pub(super) fn check_implied_by(self, key: KeyKind) -> Result<(), Failure> {
        let implied = match key {
            KeyKind::Rsa2048 => Self::Ps256,
            KeyKind::Rsa3072 => Self::Ps384,
            KeyKind::Rsa4096 => Self::Ps512,
            KeyKind::P256 => Self::Es256,
            KeyKind::P384 => Self::Es384,
            KeyKind::P521 => Self::Es512,
            KeyKind::OtherRsa(bits) => {
                return Err(Failure::new(
                    Code::KeyUnsupported,
                    format!("the signing certificate has an RSA key of {bits} bits"),
                ));
            }
        };
        if self == implied {
            return Ok(());
        }
        Err(Failure::new(
            Code::AlgorithmMismatch,
            format!("the envelope says {self}, but the signing certificate's key implies {implied}"),
        ))
    }

    pub(super) const fn hash(self) -> Hash {
        match self {
            Self::Ps256 | Self::Es256 => Hash::Sha256,
            Self::Ps384 | Self::Es384 => Hash::Sha384,
            Self::Ps512 | Self::Es512 => Hash::Sha512,
        }
    }

    pub(super) const fn scheme(self) -> SignatureScheme {
        match self {
            Self::Ps256 | Self::Ps384 | Self::Ps512 => SignatureScheme::RsaPss { salt_len: self.hash().size() },
            Self::Es256 | Self::Es384 | Self::Es512 => SignatureScheme::Ecdsa,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
