//! The provider of the module: RustCrypto's crates, in pure Rust and without randomness.

use rsa::{BoxedUint, traits::SignatureScheme as _};

use super::{Curve, Digest, Hash, KeyParts, Provider, PublicKey, SignatureScheme};

/// Computes with the crates rsa, p256, p384, p521 and sha2.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Provider for RustCrypto {
    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Digest {
        match hash {
            Hash::Sha256 => hashed::<sha2::Sha256>(hash, parts),
            Hash::Sha384 => hashed::<sha2::Sha384>(hash, parts),
            Hash::Sha512 => hashed::<sha2::Sha512>(hash, parts),
        }
    }

    fn verify(&self, key: &PublicKey<'_>, scheme: SignatureScheme, digest: &Digest, signature: &[u8]) -> bool {
        match (key.parts(), scheme) {
            (KeyParts::Rsa { modulus, exponent }, SignatureScheme::RsaPkcs1v15) => {
                rsa_key(modulus, exponent).is_some_and(|key| verify_pkcs1v15(&key, digest, signature))
            }
            (KeyParts::Rsa { modulus, exponent }, SignatureScheme::RsaPss { salt_len }) => {
                rsa_key(modulus, exponent).is_some_and(|key| verify_pss(&key, salt_len, digest, signature))
            }
            (KeyParts::Ec { curve, point }, SignatureScheme::Ecdsa) => verify_ecdsa(curve, point, digest, signature),
            _ => false,
        }
    }
}

fn hashed<D: sha2::Digest>(hash: Hash, parts: &[&[u8]]) -> Digest {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    let mut digest = Digest { hash, bytes: [0; 64] };
    for (to, from) in digest.bytes.iter_mut().zip(state.finalize()) {
        *to = from;
    }
    digest
}

/// `None` where the modulus has fewer than 1,024 bits; the crate then refuses to compute.
fn rsa_key(modulus: &[u8], exponent: u32) -> Option<rsa::PublicKey> {
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    rsa::PublicKey::new(BoxedUint::from_be_slice(modulus, bits).ok()?, BoxedUint::from(exponent)).ok()
}

fn verify_pkcs1v15(key: &rsa::PublicKey, digest: &Digest, signature: &[u8]) -> bool {
    let padding = match digest.hash() {
        Hash::Sha256 => rsa::Pkcs1v15Sign::new::<sha2::Sha256>(),
        Hash::Sha384 => rsa::Pkcs1v15Sign::new::<sha2::Sha384>(),
        Hash::Sha512 => rsa::Pkcs1v15Sign::new::<sha2::Sha512>(),
    };
    padding.verify(key, digest.as_bytes(), signature).is_ok()
}

fn verify_pss(key: &rsa::PublicKey, salt_len: usize, digest: &Digest, signature: &[u8]) -> bool {
    let digest_bytes = digest.as_bytes();
    match digest.hash() {
        Hash::Sha256 => rsa::Pss::<sha2::Sha256>::new_with_salt(salt_len).verify(key, digest_bytes, signature),
        Hash::Sha384 => rsa::Pss::<sha2::Sha384>::new_with_salt(salt_len).verify(key, digest_bytes, signature),
        Hash::Sha512 => rsa::Pss::<sha2::Sha512>::new_with_salt(salt_len).verify(key, digest_bytes, signature),
    }
    .is_ok()
}

/// Reads the point, which checks that it is on the curve, and verifies. The crates cut a digest to the order's width themselves.
macro_rules! verify_on {
    ($curve:ident, $point:expr, $digest:expr, $signature:expr) => {{
        use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
        let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes($point);
        let signature = $curve::ecdsa::Signature::from_slice($signature);
        match (key, signature) {
            (Ok(key), Ok(signature)) => key.verify_prehash($digest, &signature).is_ok(),
            _ => false,
        }
    }};
}

fn verify_ecdsa(curve: Curve, point: &[u8], digest: &Digest, signature: &[u8]) -> bool {
    match curve {
        Curve::P256 => verify_on!(p256, point, digest.as_bytes(), signature),
        Curve::P384 => verify_on!(p384, point, digest.as_bytes(), signature),
        Curve::P521 => verify_on!(p521, point, digest.as_bytes(), signature),
    }
}
