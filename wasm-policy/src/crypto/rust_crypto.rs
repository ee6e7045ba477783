//! The provider of the module: RustCrypto's crates, in pure Rust and without randomness.

use image_integrity_arithmetic as arithmetic;

use super::{Curve, Digest, Hash, KeyParts, Provider, PublicKey, SignatureScheme};

/// Computes with the crates rsa, p256, p384, p521 and sha2.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Provider for RustCrypto {
    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Digest {
        match hash {
            Hash::Sha256 => digest(hash, &arithmetic::sha256(parts)),
            Hash::Sha384 => digest(hash, &arithmetic::sha384(parts)),
            Hash::Sha512 => digest(hash, &arithmetic::sha512(parts)),
        }
    }

    fn verify(&self, key: &PublicKey<'_>, scheme: SignatureScheme, digest: &Digest, signature: &[u8]) -> bool {
        let digest = digest.as_bytes();
        match (key.parts(), scheme) {
            (KeyParts::Rsa { modulus, exponent }, SignatureScheme::RsaPkcs1v15) => {
                arithmetic::rsa_pkcs1v15(arithmetic::RsaKey { modulus, exponent }, digest, signature)
            }
            (KeyParts::Rsa { modulus, exponent }, SignatureScheme::RsaPss { salt_len }) => {
                arithmetic::rsa_pss(arithmetic::RsaKey { modulus, exponent }, salt_len, digest, signature)
            }
            (KeyParts::Ec { curve: Curve::P256, point }, SignatureScheme::Ecdsa) => {
                arithmetic::ecdsa_p256(point, digest, signature)
            }
            (KeyParts::Ec { curve: Curve::P384, point }, SignatureScheme::Ecdsa) => {
                arithmetic::ecdsa_p384(point, digest, signature)
            }
            (KeyParts::Ec { curve: Curve::P521, point }, SignatureScheme::Ecdsa) => {
                arithmetic::ecdsa_p521(point, digest, signature)
            }
            _ => false,
        }
    }
}

fn digest(hash: Hash, computed: &[u8]) -> Digest {
    let mut digest = Digest { hash, bytes: [0; 64] };
    for (to, from) in digest.bytes.iter_mut().zip(computed) {
        *to = *from;
    }
    digest
}
