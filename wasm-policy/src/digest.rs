//! Content digests (OCI image specification, "Digests"): `sha256:` or `sha512:` and lower-case hex digits.

use crate::{
    code::{Code, Failure},
    crypto::{Hash, Provider},
    text::shown,
};

/// Whether the text is a digest of a kind that is accepted.
pub fn is_well_formed(digest: &str) -> bool {
    parse(digest).is_some()
}

/// Accepts bytes that hash to the digest.
///
/// # Errors
/// [`Code::DigestMismatch`], also where the digest is of a kind that is not accepted.
pub(crate) fn check(bytes: &[u8], digest: &str, provider: &dyn Provider) -> Result<(), Failure> {
    let (hash, hex) =
        parse(digest).ok_or_else(|| Failure::new(Code::DigestMismatch, format!("`{}` is no digest", shown(digest))))?;
    let found = hex_of(provider.digest(hash, &[bytes]).as_bytes());
    if found == hex {
        return Ok(());
    }
    let algorithm = &digest[..6];
    Err(Failure::new(Code::DigestMismatch, format!("the bytes of {digest} hash to {algorithm}:{found}")))
}

/// Lower-case hex digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn parse(digest: &str) -> Option<(Hash, &str)> {
    let (hash, hex) = match digest.split_once(':')? {
        ("sha256", hex) if hex.len() == 64 => (Hash::Sha256, hex),
        ("sha512", hex) if hex.len() == 128 => (Hash::Sha512, hex),
        _ => return None,
    };
    hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)).then_some((hash, hex))
}
