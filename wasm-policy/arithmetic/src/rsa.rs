//! RSA signatures (RFC 8017): verification alone, where nothing is secret.
//!
//! The crate `rsa` raises to powers in constant time with public keys, too. That is twice the multiplications, and milliseconds in OPA's engine; the numbers
//! are those of RustCrypto's `crypto-bigint` either way.

use crypto_bigint::{
    BoxedUint, Odd,
    modular::{BoxedMontyForm, BoxedMontyParams},
};
use sha2::Digest;

use crate::RsaKey;

/// Bits of a modulus.
const SIZES: std::ops::RangeInclusive<usize> = 1024..=8192;

/// RSASSA-PKCS1-v1_5 (section 8.2.2). The start of a DigestInfo says of which hash function the digest is; one without the NULL is refused.
pub(crate) fn verifies_pkcs1v15(key: RsaKey<'_>, digest_info: &[u8; 19], digest: &[u8], signature: &[u8]) -> bool {
    let Some(encoded) = encoded_message(key, signature) else { return false };
    // At least eight bytes of padding (section 9.2, step 3).
    let padding = match encoded.len().checked_sub(digest_info.len() + digest.len() + 3) {
        Some(length) if length >= 8 => vec![0xff; length],
        _ => return false,
    };
    encoded == [&[0x00, 0x01], &*padding, &[0x00], digest_info, digest].concat()
}

/// RSASSA-PSS (section 8.1.2) with MGF1 on the same hash function and a salt of exactly so many bytes.
pub(crate) fn verifies_pss<D: Digest>(key: RsaKey<'_>, salt_len: usize, digest: &[u8], signature: &[u8]) -> bool {
    let encoded = encoded_message(key, signature);
    encoded.is_some_and(|encoded| is_pss::<D>(&encoded, bit_length(key.modulus) - 1, salt_len, digest).is_some())
}

/// RSAVP1 (section 5.2.2): the signature to the power of e, as long as the modulus.
fn encoded_message(key: RsaKey<'_>, signature: &[u8]) -> Option<Vec<u8>> {
    let RsaKey { modulus, exponent } = key;
    let is_key = SIZES.contains(&bit_length(modulus)) && exponent >= 3 && exponent % 2 == 1;
    // Of the same length, bytes compare as the numbers do.
    if !is_key || signature.len() != modulus.len() || signature >= modulus {
        return None;
    }
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, u32::try_from(bytes.len()).ok()? * 8).ok();
    let params = BoxedMontyParams::new_vartime(Odd::new(number(modulus)?).into_option()?);
    let base = BoxedMontyForm::new(number(signature)?, &params);
    let mut power = base.clone();
    for bit in (0..exponent.ilog2()).rev() {
        power = power.square();
        if exponent >> bit & 1 == 1 {
            power = power.mul(&base);
        }
    }
    // As wide as its words; what is below the modulus fits the modulus's length.
    let bytes = power.retrieve().to_be_bytes();
    Some(bytes[bytes.len() - modulus.len()..].to_vec())
}

/// EMSA-PSS-VERIFY (section 9.1.2), by its steps.
fn is_pss<D: Digest>(encoded: &[u8], bits: usize, salt_len: usize, digest: &[u8]) -> Option<()> {
    let holds = |is: bool| is.then_some(());
    let hash_len = <D as Digest>::output_size();
    let length = bits.div_ceil(8);
    // One byte less than the modulus, where that has one bit in its first.
    let (before, encoded) = encoded.split_at(encoded.len().checked_sub(length)?);
    holds(before.iter().all(|byte| *byte == 0))?;
    // 3, 4
    let db_len = length.checked_sub(hash_len + 1)?;
    let padding_len = db_len.checked_sub(salt_len.checked_add(1)?)?;
    let (masked, rest) = encoded.split_at(db_len);
    let (hash, trailer) = rest.split_at(hash_len);
    holds(trailer == [0xbc])?;
    // 6: the bits that the number has not.
    let absent = !(0xff >> (8 * length - bits));
    holds(masked[0] & absent == 0)?;
    // 7 to 9
    let mut db: Vec<u8> = masked.iter().zip(mgf1::<D>(hash)).map(|(byte, mask)| byte ^ mask).collect();
    db[0] &= !absent;
    // 10
    let (padding, rest) = db.split_at(padding_len);
    let (separator, salt) = rest.split_at(1);
    holds(padding.iter().all(|byte| *byte == 0) && separator == [0x01])?;
    // 12 to 14
    let expected = D::new().chain_update([0; 8]).chain_update(digest).chain_update(salt).finalize();
    holds(digest.len() == hash_len && *expected == *hash)
}

/// MGF1 (appendix B.2.1), without an end.
fn mgf1<D: Digest>(seed: &[u8]) -> impl Iterator<Item = u8> {
    (0..u32::MAX).flat_map(move |counter| D::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize())
}

fn bit_length(number: &[u8]) -> usize {
    match number.first() {
        // Leading zeros would make it longer than it is.
        None | Some(0) => 0,
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
    }
}

#[cfg(test)]
mod tests {
    use sha2::Sha256;

    use super::*;

    /// Of 1025 bits, so that a message is encoded in one byte less; OpenSSL made the signatures, over nothing.
    const MODULUS: &str = "012742ac92d02429f013c69dac9bae7dba9fa888eb839cf39c570c2f9e9e22704cfdf0d914588091f339f480182696aa319e4bbda95f5b6505c651504010c2b3c1\
         6e41844ae0ccf1fc0b7641466ed88c8925a1c63a549ff41be1164745b3cf138d57d02bb066a22d4b38b60795896aa1f88e572a5375dd620f048941d36224afcf";
    /// With a salt of 32 bytes.
    const PSS: &str = "01218b3a1d8cf14d6f19afe45a7da93632b3fb016b5beb9cee409dc27d5bd2a4bb96ac18ec3c05cdece5d124963b7f2912d2b709c59fab8d5241f39b4f8485a1aa\
         ff4925101ea07a8ae617a6da3ffbeaba5c78947a4d190ae9cae7c280786ad6df2bb58562c120f5bce3a67a443eac748b65f5a1b1ffda1f620e7c0b4317fb49e5";
    const PKCS1V15: &str = "00cffc25c55e64b8dd9994d5219740afa680a749db2c6081041702e3da3917d925d86153c99c943ef85d331afed7dba2eba89ab9a00636c42d7ef09663a29faa4f\
         bde4d16703aee158802192ba5490c733f86faa8fad282fdaf5b91d8bd34c968485349bf3723a7b18077e78268dc495039036de9acd0d859fb9ef188f23e115be";

    fn unhex(digits: &str) -> Vec<u8> {
        digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn pss(modulus: &[u8], exponent: u32, signature: &[u8]) -> bool {
        crate::rsa_pss(RsaKey { modulus, exponent }, 32, &crate::sha256(&[]), signature)
    }

    #[test]
    fn a_modulus_may_have_one_bit_in_its_first_byte() {
        let modulus = unhex(MODULUS);
        assert!(pss(&modulus, 65537, &unhex(PSS)));
        let key = RsaKey { modulus: &modulus, exponent: 65537 };
        assert!(crate::rsa_pkcs1v15(key, &crate::sha256(&[]), &unhex(PKCS1V15)));
        assert!(!crate::rsa_pkcs1v15(key, &crate::sha256(&[b"x"]), &unhex(PKCS1V15)));
    }

    #[test]
    fn a_signature_beyond_the_modulus_or_of_another_length_is_none() {
        let (modulus, signature) = (unhex(MODULUS), unhex(PSS));
        // The same number modulo n.
        let mut sum = signature.clone();
        let mut carry = 0;
        for (byte, add) in sum.iter_mut().zip(&modulus).rev() {
            let total = u16::from(*byte) + u16::from(*add) + carry;
            [_, *byte] = total.to_be_bytes();
            carry = total >> 8;
        }
        assert_eq!(carry, 0);
        assert!(!pss(&modulus, 65537, &sum));
        assert!(!pss(&modulus, 65537, &[&[0], &*signature].concat()));
        assert!(!pss(&modulus, 65537, &signature[1..]));
    }

    #[test]
    fn a_key_that_none_should_have_verifies_nothing() {
        let signature = [&[0; 63][..], &[1]].concat();
        for (modulus, exponent) in [
            (vec![0xff; 128], 1),
            (vec![0xff; 128], 65536),
            (vec![0xfe; 128], 65537),
            (vec![0xff; 127], 65537),
            (vec![0xff; 1025], 65537),
            ([&[0][..], &[0xff; 128]].concat(), 65537),
            (Vec::new(), 65537),
        ] {
            let signature = [vec![0; modulus.len().saturating_sub(signature.len())], signature.clone()].concat();
            let key = RsaKey { modulus: &modulus, exponent };
            assert_eq!(encoded_message(key, &signature), None, "{} {exponent}", modulus.len());
        }
        let key = RsaKey { modulus: &[0xff; 128], exponent: 3 };
        assert_eq!(encoded_message(key, &[&[0; 127][..], &[2]].concat()), Some([&[0; 127][..], &[8]].concat()));
    }

    /// A message in 1023 bits that is encoded as it must be, but for what is changed before the mask is laid over it, and after.
    fn encoded(before: impl Fn(&mut [u8]), after: impl Fn(&mut [u8])) -> Vec<u8> {
        let digest = crate::sha256(&[]);
        let hash = crate::sha256(&[&[0; 8], &digest, &[7; 32]]);
        let mut db = [&[0; 62][..], &[1], &[7; 32]].concat();
        before(&mut db);
        db.iter_mut().zip(mgf1::<Sha256>(&hash)).for_each(|(byte, mask)| *byte ^= mask);
        db[0] &= 0x7f;
        let mut encoded = [&*db, &hash, &[0xbc]].concat();
        after(&mut encoded);
        encoded
    }

    #[test]
    fn pss_is_taken_in_its_one_form_alone() {
        let is =
            |encoded: &[u8], bits, salt_len| is_pss::<Sha256>(encoded, bits, salt_len, &crate::sha256(&[])).is_some();
        let good = encoded(|_| {}, |_| {});
        assert!(is(&good, 1023, 32));
        assert!(is(&[&[0], &*good].concat(), 1023, 32), "a byte less than the modulus");
        assert!(!is(&[&[1], &*good].concat(), 1023, 32));
        assert!(!is(&good[1..], 1023, 32));
        assert!(![0, 31, 33, 94, 95, 96, usize::MAX].into_iter().any(|salt_len| is(&good, 1023, salt_len)));
        for bad in [
            encoded(|db| db[1] = 1, |_| {}),
            encoded(|db| db[61] = 1, |_| {}),
            encoded(|db| db[62] = 2, |_| {}),
            encoded(|db| db[94] = 8, |_| {}),
            encoded(|_| {}, |encoded| encoded[0] |= 0x80),
            encoded(|_| {}, |encoded| encoded[95] ^= 1),
            encoded(|_| {}, |encoded| encoded[127] = 0xbd),
        ] {
            assert!(!is(&bad, 1023, 32));
        }
        assert!(is_pss::<Sha256>(&good, 1023, 32, &[0; 32]).is_none());
    }
}
