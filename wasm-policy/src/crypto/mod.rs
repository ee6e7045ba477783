//! Public-key arithmetic behind a seam, in the manner of rustls's providers.
//!
//! What is acceptable is decided on this side of the seam: kinds and sizes of keys, exponents, encodings, lengths of signatures, the ranges of
//! r and s. A [`Provider`] only computes, so two providers cannot differ in policy, and every provider gives the same verdicts.

mod ecdsa;
mod keys;
mod rust_crypto;

pub use ecdsa::RawSignature;
pub use keys::{Curve, KeyKind, KeyParts, PublicKey};
pub use rust_crypto::RustCrypto;

/// The hash functions that signatures may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Hash {
    /// Bytes of a digest.
    pub const fn size(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest, and the hash function it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    hash: Hash,
    bytes: [u8; 64],
}

impl Digest {
    /// A digest from its bytes; `None` where they are not as many as the hash function gives.
    pub fn new(hash: Hash, bytes: &[u8]) -> Option<Self> {
        let mut digest = Self { hash, bytes: [0; 64] };
        if bytes.len() != hash.size() {
            return None;
        }
        digest.bytes.get_mut(..hash.size())?.copy_from_slice(bytes);
        Some(digest)
    }

    /// The hash function.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The bytes, as many as the hash function gives.
    pub fn as_bytes(&self) -> &[u8] {
        let (bytes, _) = self.bytes.split_at(self.hash.size());
        bytes
    }
}

/// How a signature is made from a digest. The hash function is the digest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1v15,
    /// RSASSA-PSS (RFC 8017 section 8.1) with MGF1 of the same hash function.
    RsaPss {
        /// Bytes of the salt; a signature with a salt of another length does not verify.
        salt_len: usize,
    },
    /// ECDSA (FIPS 186-5) on the key's curve; the signature is r and s, each as wide as the curve's order.
    Ecdsa,
}

/// Computes digests and verifies signatures. It decides nothing: see [`PublicKey::verify`] for what has been checked before.
pub trait Provider {
    /// The digest of the parts, one after the other.
    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Digest;

    /// Whether the signature is the key's for the digest.
    ///
    /// The caller has checked that the scheme fits the key, that a signature for RSA is as long as the modulus and below it, and that r and s
    /// are from 1 to the order less one. Whether an elliptic curve point is on its curve is for the provider to check.
    fn verify(&self, key: &PublicKey<'_>, scheme: SignatureScheme, digest: &Digest, signature: &[u8]) -> bool;
}

#[cfg(test)]
mod tests;
