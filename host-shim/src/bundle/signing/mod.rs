//! Signatures over bundles ("Signing" in OPA's manual on bundles): a JSON Web Token (RFC 7515, 7519) with the hash of every file, as `opa sign` makes.

mod key;

use std::{fmt, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::key::Key;
use super::{Members, error::Place, manifest::hex};

/// A signature algorithm (RFC 7518, 3.1) that OPA verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

/// As in a token's header.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why there is no signature. Nothing of the key's file is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("{0}: cannot be read: {1}")]
    Unreadable(Place, std::io::Error),
    /// The file holds no key that can sign.
    #[error("{0}: {1}")]
    NoKey(Place, String),
    /// The key is of another kind than the algorithm.
    #[error("{place}: holds {kind}, which does not sign by {algorithm}; {next}")]
    OtherKind {
        /// The key's file.
        place: Place,
        /// As `an RSA key`.
        kind: &'static str,
        /// What was asked for.
        algorithm: Algorithm,
        /// What it signs by.
        next: &'static str,
    },
    /// The key did not sign.
    #[error("the key cannot sign; make another one")]
    Failed,
}

/// A key, and what the signature says of itself.
pub struct Signer {
    key: Key,
    algorithm: Algorithm,
    key_id: Option<String>,
    scope: Option<String>,
}

impl Signer {
    /// Reads the private key, or of the HMAC algorithms the shared secret, that signs. Without an algorithm it is the usual one of the key's kind.
    ///
    /// # Errors
    /// The file holds no such key.
    pub fn read(
        file: &Path,
        algorithm: Option<Algorithm>,
        key_id: Option<String>,
        scope: Option<String>,
    ) -> Result<Self, KeyError> {
        let (key, algorithm) = Key::read(&Place::file(&Arc::from(file.to_string_lossy())), file, algorithm)?;
        Ok(Self { key, algorithm, key_id, scope })
    }

    /// What it signs by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The signatures file of a bundle with these members.
    pub(super) fn sign(&self, members: &Members) -> Result<Vec<u8>, KeyError> {
        let header = Header { alg: self.algorithm.to_string(), kid: self.key_id.as_deref(), typ: "JWT" };
        let files = members.iter().map(|(name, content)| SignedFile {
            name,
            // Manifest and data are canonical, so that this is OPA's hash of them as well.
            hash: hex(&Sha256::digest(content)),
            algorithm: "SHA-256",
        });
        let claims = Claims { files: files.collect(), keyid: self.key_id.as_deref(), scope: self.scope.as_deref() };
        let signed = format!("{}.{}", part(&header)?, part(&claims)?);
        let signature = BASE64URL.encode(self.key.sign(self.algorithm, signed.as_bytes())?);
        let signatures = Signatures { signatures: [format!("{signed}.{signature}")] };
        serde_json::to_vec(&signatures).map_err(|_| KeyError::Failed)
    }
}

/// Without the key.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Header<'a> {
    alg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    typ: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    files: Vec<SignedFile<'a>>,
    /// As in the header. `opa sign` writes both.
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

#[derive(Serialize)]
struct SignedFile<'a> {
    name: &'a str,
    hash: String,
    algorithm: &'static str,
}

#[derive(Serialize)]
struct Signatures {
    signatures: [String; 1],
}

fn part(value: &impl Serialize) -> Result<String, KeyError> {
    serde_json::to_vec(value).map(|json| BASE64URL.encode(json)).map_err(|_| KeyError::Failed)
}
