//! ECDSA on P-256 (FIPS 186-5 section 6.4.2): verification alone, where nothing is secret.
//!
//! Numbers, keys and signatures are those of RustCrypto's `p256`. The sum of points is not: its formulas have no exceptions, as secrets need it, and with
//! them a signature takes OPA's engine two thirds longer than with those of [`point`], whose exceptions are looked for. Most certificates are on this curve,
//! and their signatures are most of what an image costs.
//!
//! At each turn of a loop that engine looks whether it should stop, for 11 ns: there is one loop over the bits, and a few short ones.

mod point;
#[cfg(test)]
mod tests;

use p256::{
    NistP256, PublicKey, Scalar, U256,
    ecdsa::Signature,
    elliptic_curve::{
        Curve,
        bigint::CheckedAdd,
        hazmat::FieldArithmetic,
        ops::{Invert, Reduce},
        point::AffineCoordinates,
    },
};

use point::{Affine, Jacobian, Term};

/// A number modulo p.
type Field = <NistP256 as FieldArithmetic>::FieldElement;

/// Bits of a digit of u1. The compiler makes its points: the wider, the fewer additions, and the more bytes and seconds of compiling.
const WIDTH_OF_G: usize = 8;
/// Bits of a digit of u2. Its points are made for each key.
const WIDTH_OF_KEY: usize = 5;
/// As many as a number of 256 bits has, one more for a carry.
const DIGITS: usize = 257;

/// G, 3 G, 5 G and so on.
static MULTIPLES_OF_G: [Affine; 1 << (WIDTH_OF_G - 2)] = point::affine(point::odd_multiples(Affine::new(
    Field::from_hex_vartime("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
    &Field::from_hex_vartime("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
)));

/// By the steps of the section. The crate sees to it that the point is on the curve and not infinity, and that r and s are from 1 to n - 1.
pub(crate) fn verifies(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (PublicKey::from_sec1_bytes(point), Signature::from_slice(signature)) else {
        return false;
    };
    let (r, s) = signature.split_scalars();
    let inverse = *s.invert_vartime();
    let (u1, u2) = (number(digest) * inverse, *r * inverse);
    sum(&u1, &u2, &key).is_some_and(|point| x_is(&point, &r))
}

/// The leftmost bits of a digest, as many as n has; a shorter one is the number that it is. The crate does the same.
fn number(digest: &[u8]) -> Scalar {
    let bytes = digest.get(..32).unwrap_or(digest);
    Scalar::reduce(&U256::from_be_slice_truncated(bytes, U256::BITS))
}

/// u1 G + u2 Q; `None` is infinity. Both are added up on the way through one row of doublings (Straus).
fn sum(u1: &Scalar, u2: &Scalar, key: &PublicKey) -> Option<Jacobian> {
    let multiples = multiples(key)?;
    let (of_g, of_key) = (digits::<WIDTH_OF_G>(u1), digits::<WIDTH_OF_KEY>(u2));
    let mut sum: Option<Jacobian> = None;
    for (&of_g, &of_key) in of_g.iter().zip(&of_key).rev() {
        sum = sum.map(|sum| sum.double());
        if of_key != 0 {
            sum = point::plus(sum, &multiples[index(of_key)].signed(of_key));
        }
        if of_g != 0 {
            sum = point::plus_affine(sum, &MULTIPLES_OF_G[index(of_g)].signed(of_g));
        }
    }
    sum
}

/// Q, 3 Q, 5 Q and so on.
fn multiples(key: &PublicKey) -> Option<[Term; 1 << (WIDTH_OF_KEY - 2)]> {
    let coordinate = |bytes| Field::from_bytes(&bytes).into_option();
    let key = Affine::new(coordinate(key.as_affine().x())?, &coordinate(key.as_affine().y())?);
    Some(point::odd_multiples(key).map(|point| Term::new(&point)))
}

/// Where the multiple of a digit is.
fn index(digit: i16) -> usize {
    usize::from(digit.unsigned_abs() / 2)
}

/// The non-adjacent form of a width (Hankerson, Menezes, Vanstone: algorithm 3.35), lowest digit first: each is 0, or odd and below 2^(width - 1) in
/// magnitude, and has no other within the width.
fn digits<const WIDTH: usize>(scalar: &Scalar) -> [i16; DIGITS] {
    const { assert!(WIDTH <= 9, "two bytes hold a digit, wherever it begins") };
    let mut digits = [0; DIGITS];
    // Big-endian, with zeros before it to look at beyond the end.
    let mut bytes = [0; 34];
    bytes[2..].copy_from_slice(&scalar.to_bytes());
    let mut carry = 0;
    let mut position = 0;
    while position < DIGITS {
        let byte = 32 - position / 8;
        let rest = i16::from_be_bytes([bytes[byte], bytes[byte + 1]]) >> (position % 8);
        if rest & 1 == carry {
            position += 1;
            continue;
        }
        let window = (rest & ((1 << WIDTH) - 1)) + carry;
        carry = window >> (WIDTH - 1);
        digits[position] = window - (carry << WIDTH);
        position += WIDTH;
    }
    digits
}

/// Whether r is the point's x modulo n, without an inversion: x is r or, since p is above n, r + n where that is below p.
fn x_is(point: &Jacobian, r: &Scalar) -> bool {
    let r = U256::from(r);
    let wrapped = r.checked_add(NistP256::ORDER.as_ref()).into_option();
    let is = |x: U256| Field::from_uint(&x).into_option().is_some_and(|x| point.x_is(&x));
    is(r) || wrapped.is_some_and(is)
}
