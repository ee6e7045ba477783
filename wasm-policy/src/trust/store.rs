//! Trust stores: the certificates that a policy statement trusts, by type (Notary Project trust store).
//!
//! The types are disjoint, so that a signer whose certificate comes from a CA cannot pose as a signing authority.

use core::fmt;

use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::shown,
    x509::{Certificate, Verifier, pem},
};

/// A trust store's name: `<type>:<name>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreName {
    kind: StoreKind,
    name: String,
}

/// What the certificates of a trust store are trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreKind {
    /// To issue certificates of signers.
    Ca,
    /// To issue certificates of signing authorities.
    SigningAuthority,
    /// To issue certificates of timestamping authorities.
    Tsa,
}

/// The certificates of a trust store, each checked.
#[derive(Clone, Debug)]
pub struct TrustStore {
    certificates: Vec<Vec<u8>>,
}

impl StoreName {
    /// Reads `<type>:<name>`.
    ///
    /// # Errors
    /// A sentence that names the mistake.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| format!("the trust store `{}` {what}", shown(text));
        let (kind, name) = text.split_once(':').ok_or_else(|| wrong("is not written <type>:<name>"))?;
        let kind = match kind {
            "ca" => StoreKind::Ca,
            "signingAuthority" => StoreKind::SigningAuthority,
            "tsa" => StoreKind::Tsa,
            _ => return Err(wrong("has a type that is not ca, signingAuthority or tsa")),
        };
        let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        // Other verifiers make a folder of the name, where `..` would lead out of the store.
        if name.is_empty() || name == "." || name == ".." || !name.bytes().all(is_name) {
            return Err(wrong("has a name that is not letters, digits, `_`, `.` and `-`"));
        }
        Ok(Self { kind, name: name.to_owned() })
    }

    /// What the store is for.
    pub fn kind(&self) -> StoreKind {
        self.kind
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.name)
    }
}

impl StoreKind {
    /// The name in trust policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::SigningAuthority => "signingAuthority",
            Self::Tsa => "tsa",
        }
    }
}

impl TrustStore {
    /// Reads a store's PEM texts.
    ///
    /// # Errors
    /// [`Code::TrustStoreInvalid`], naming the store and the certificate.
    pub fn parse(
        name: &StoreName,
        texts: &[String],
        verifier: &mut Verifier<'_>,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let wrong = |what: String| Failure::new(Code::TrustStoreInvalid, format!("the trust store {name} {what}"));
        let unreadable = |failure: Failure| wrong(format!("cannot be read: {}", failure.message));
        let mut certificates = Vec::new();
        for text in texts {
            certificates.extend(pem::certificates(text, limits).map_err(unreadable)?);
            if certificates.len() > limits.store_certificates {
                return Err(wrong(format!("holds more than {} certificates", limits.store_certificates)));
            }
        }
        if certificates.is_empty() {
            return Err(wrong("is empty".to_owned()));
        }
        for der in &certificates {
            let certificate = Certificate::parse(der, limits).map_err(unreadable)?;
            let (trusted, rule) = match name.kind {
                StoreKind::Ca | StoreKind::SigningAuthority => {
                    (certificate.is_ca() || certificate.is_self_signed(verifier)?, "neither a CA nor self-signed")
                }
                StoreKind::Tsa => (certificate.is_self_signed(verifier)?, "not self-signed"),
            };
            if !trusted {
                return Err(wrong(format!("holds {certificate}, which is {rule}")));
            }
        }
        Ok(Self { certificates })
    }

    /// Whether the certificate is one of the store's, byte for byte.
    pub fn holds(&self, certificate: &Certificate<'_>) -> bool {
        self.certificates.iter().any(|trusted| trusted == certificate.der())
    }
}
