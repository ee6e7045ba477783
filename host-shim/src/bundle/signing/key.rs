//! Keys that sign: PEM of RSA (PKCS#1, PKCS#8) and of P-256 and P-384 (SEC1, PKCS#8), and shared secrets.

use std::{fs::File, io::Read as _, path::Path};

use p256::{SecretKey as P256, ecdsa::SigningKey as P256Signing, pkcs8::DecodePrivateKey as _};
use p384::{SecretKey as P384, ecdsa::SigningKey as P384Signing};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{self, RsaEncoding, RsaKeyPair},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};

use super::{super::error::Place, Algorithm, KeyError};

/// An RSA key of 4096 bits takes 3.3 KB.
const MAX_BYTES: u64 = 64 << 10;

const NO_PEM: &str = "holds no private key in PEM; give the file with `-----BEGIN PRIVATE KEY-----`, or for a shared secret --signing-alg HS256";

/// A key, by what it can do.
pub(super) enum Key {
    Rsa(RsaKeyPair),
    P256(P256Signing),
    P384(P384Signing),
    Secret(Vec<u8>),
}

impl Key {
    /// Reads a key that signs by this algorithm, or by the usual one of its kind.
    pub(super) fn read(
        place: &Place,
        file: &Path,
        algorithm: Option<Algorithm>,
    ) -> Result<(Self, Algorithm), KeyError> {
        let no_key = |message: &str| KeyError::NoKey(place.clone(), message.to_owned());
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| KeyError::Unreadable(place.clone(), error))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(no_key("is larger than a key can be; give the file of the private key alone"));
        }
        if let Some(algorithm) = algorithm
            && let Some(hash) = hash_of_secret(algorithm)
        {
            // OPA takes all bytes of the file for the secret; so a last line feed is part of it here, too.
            return secret(bytes, hash).map(|key| (key, algorithm)).map_err(|message| no_key(&message));
        }
        let key = Self::from_pem(&bytes).map_err(no_key)?;
        let algorithm = algorithm.unwrap_or(key.usual());
        if key.signs_by(algorithm) {
            return Ok((key, algorithm));
        }
        let (kind, next) = key.described();
        Err(KeyError::OtherKind { place: place.clone(), kind, algorithm, next })
    }

    fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs1(key)) => rsa(RsaKeyPair::from_der(key.secret_pkcs1_der())),
            Ok(PrivateKeyDer::Sec1(key)) => {
                let der = key.secret_sec1_der();
                let p256 = P256::from_sec1_der(der).map(Self::p256);
                p256.or_else(|_| P384::from_sec1_der(der).map(Self::p384)).map_err(|_| OTHER_CURVE)
            }
            Ok(PrivateKeyDer::Pkcs8(key)) => {
                let der = key.secret_pkcs8_der();
                if der.windows(ID_EC.len()).any(|window| window == ID_EC) {
                    let p256 = P256::from_pkcs8_der(der).map(Self::p256);
                    return p256.or_else(|_| P384::from_pkcs8_der(der).map(Self::p384)).map_err(|_| OTHER_CURVE);
                }
                rsa(RsaKeyPair::from_pkcs8(der))
            }
            Err(_) if contains(pem, b"ENCRYPTED") => Err(
                "holds a key that is encrypted; decrypt it with `openssl pkey`, and keep it as safe as its password",
            ),
            Err(_) if contains(pem, b"PRIVATE KEY-----") => {
                Err("the PEM of its private key is damaged; copy the file anew")
            }
            Err(_) if contains(pem, b"-----BEGIN") => Err(
                "holds no private key, but something else in PEM, as a public key or a certificate; OPA is given that one",
            ),
            _ => Err(NO_PEM),
        }
    }

    fn p256(key: P256) -> Self {
        Self::P256(key.into())
    }

    fn p384(key: P384) -> Self {
        Self::P384(key.into())
    }

    fn usual(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RS256,
            Self::P256(_) => Algorithm::ES256,
            Self::P384(_) => Algorithm::ES384,
            Self::Secret(_) => Algorithm::HS256,
        }
    }

    fn signs_by(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa(_) => rsa_padding(algorithm).is_some(),
            Self::P256(_) => algorithm == Algorithm::ES256,
            Self::P384(_) => algorithm == Algorithm::ES384,
            Self::Secret(_) => hash_of_secret(algorithm).is_some(),
        }
    }

    fn described(&self) -> (&'static str, &'static str) {
        match self {
            Self::Rsa(_) => ("an RSA key", "it signs by RS256, RS384, RS512, PS256, PS384 and PS512"),
            Self::P256(_) => ("a key on P-256", "it signs by ES256"),
            Self::P384(_) => ("a key on P-384", "it signs by ES384"),
            Self::Secret(_) => ("a secret", "it signs by HS256, HS384 and HS512"),
        }
    }

    /// The signature's bytes, as in a token (RFC 7518, 3.2 to 3.5). Only those of PS… are different each time: ECDSA follows RFC 6979.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        use p256::ecdsa::signature::Signer as _;
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let padding = rsa_padding(algorithm).ok_or(KeyError::Failed)?;
                key.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(|_| KeyError::Failed)?;
                Ok(signature)
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message).map_err(|_| KeyError::Failed)?;
                Ok(signature.to_bytes().to_vec())
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message).map_err(|_| KeyError::Failed)?;
                Ok(signature.to_bytes().to_vec())
            }
            Self::Secret(secret) => {
                let hash = hash_of_secret(algorithm).ok_or(KeyError::Failed)?;
                Ok(hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec())
            }
        }
    }
}

/// The object identifier id-ecPublicKey (RFC 5480, 2.1.1) in DER.
const ID_EC: &[u8] = &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

const OTHER_CURVE: &str = "holds a key on another curve than P-256 and P-384; make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`";

fn rsa(key: Result<RsaKeyPair, ring::error::KeyRejected>) -> Result<Key, &'static str> {
    key.map(Key::Rsa).map_err(|_| {
        "holds no usable key: an RSA key of 2048 to 4096 bits or one on P-256 or P-384 is needed; make one with `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072`"
    })
}

fn rsa_padding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::RS256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Some(&signature::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::PS384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::PS512 => Some(&signature::RSA_PSS_SHA512),
        Algorithm::ES256 | Algorithm::ES384 | Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => None,
    }
}

fn hash_of_secret(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn secret(bytes: Vec<u8>, hash: hmac::Algorithm) -> Result<Key, String> {
    if contains(&bytes, b"-----BEGIN ") {
        return Err("holds PEM, and a shared secret is wanted; leave --signing-alg out for a private key".to_owned());
    }
    // RFC 7518, 3.2.
    let least = hash.digest_algorithm().output_len();
    if bytes.len() < least {
        return Err(format!("the secret has fewer than {least} bytes; make one with `openssl rand -hex {least}`"));
    }
    Ok(Key::Secret(bytes))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
