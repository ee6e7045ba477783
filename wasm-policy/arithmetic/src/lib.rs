//! Hashes and public-key arithmetic on RustCrypto's crates: bytes in, yes or no out.
//!
//! A crate of its own for the compiler's sake. The crates are generic, so their code is compiled where it is used, and it must be compiled for
//! speed: P-384 is three times slower otherwise. The rules around it, ten times as much code that runs a few times, are compiled for size.
//! What is acceptable is decided before, in `wasm_policy::crypto`.
#![forbid(unsafe_code)]

mod ecdsa_p256;
mod rsa;

use sha2::{Digest, Sha256, Sha384, Sha512};

/// An RSA public key.
#[derive(Clone, Copy, Debug)]
pub struct RsaKey<'a> {
    /// n, unsigned big-endian without leading zeros.
    pub modulus: &'a [u8],
    /// e
    pub exponent: u32,
}

/// SHA-256 (FIPS 180-4) over the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    hash::<Sha256>(parts).into()
}

/// SHA-384 (FIPS 180-4) over the parts, one after the other.
pub fn sha384(parts: &[&[u8]]) -> [u8; 48] {
    hash::<Sha384>(parts).into()
}

/// SHA-512 (FIPS 180-4) over the parts, one after the other.
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    hash::<Sha512>(parts).into()
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2.2) over a digest, whose length tells which SHA-2 it is of.
pub fn rsa_pkcs1v15(key: RsaKey<'_>, digest: &[u8], signature: &[u8]) -> bool {
    let digest_info = match digest.len() {
        32 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
        48 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
        64 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        _ => return false,
    };
    rsa::verifies_pkcs1v15(key, digest_info, digest, signature)
}

/// RSASSA-PSS (RFC 8017 section 8.1.2) over a digest, with MGF1 on the same hash function and a salt of exactly so many bytes.
pub fn rsa_pss(key: RsaKey<'_>, salt_len: usize, digest: &[u8], signature: &[u8]) -> bool {
    match digest.len() {
        32 => rsa::verifies_pss::<Sha256>(key, salt_len, digest, signature),
        48 => rsa::verifies_pss::<Sha384>(key, salt_len, digest, signature),
        64 => rsa::verifies_pss::<Sha512>(key, salt_len, digest, signature),
        _ => false,
    }
}

/// ECDSA on P-256 (FIPS 186-5): a point of SEC 1, a digest, and r and s of 32 bytes each. Never inlined, as the others are not.
#[inline(never)]
pub fn ecdsa_p256(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    ecdsa_p256::verifies(point, digest, signature)
}

/// Reads the point, which checks that it is on the curve, and verifies. The crates cut a digest to the order's width themselves.
///
/// Never inlined: one function with all curves in it would have the stack frames of all, also while it verifies RSA, and a module's stack is small.
macro_rules! ecdsa {
    ($name:ident, $curve:ident, $doc:literal) => {
        #[doc = $doc]
        #[inline(never)]
        pub fn $name(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
            use $curve::ecdsa::{Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
            match (VerifyingKey::from_sec1_bytes(point), Signature::from_slice(signature)) {
                (Ok(key), Ok(signature)) => key.verify_prehash(digest, &signature).is_ok(),
                _ => false,
            }
        }
    };
}

ecdsa!(ecdsa_p384, p384, "ECDSA on P-384 (FIPS 186-5): a point of SEC 1, a digest, and r and s of 48 bytes each.");
ecdsa!(ecdsa_p521, p521, "ECDSA on P-521 (FIPS 186-5): a point of SEC 1, a digest, and r and s of 66 bytes each.");

fn hash<D: Digest>(parts: &[&[u8]]) -> sha2::digest::Output<D> {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    state.finalize()
}
