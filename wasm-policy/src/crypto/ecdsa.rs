//! The form of ECDSA signatures: the ranges of r and s (FIPS 186-5 section 6.4.2), and the DER of certificates (RFC 3279 section 2.2.3).

use super::keys::Curve;
use crate::asn1::{Elements, Malformed};

/// Bytes of r and s for the widest curve.
const WIDEST: usize = 2 * 66;

/// The group orders of FIPS 186-4 appendix D.1.2, as wide as a coordinate.
const ORDER_P256: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const ORDER_P384: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0,
    0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const ORDER_P521: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x51, 0x86, 0x87, 0x83,
    0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47,
    0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
];

/// Whether the signature is r and s of the curve's width, each from 1 to the order less one.
///
/// An s above half of the order is fine: nothing in the specification asks for the lower of the two.
pub(super) fn in_range(curve: Curve, signature: &[u8]) -> bool {
    let order: &[u8] = match curve {
        Curve::P256 => &ORDER_P256,
        Curve::P384 => &ORDER_P384,
        Curve::P521 => &ORDER_P521,
    };
    let Some((r, s)) = signature.split_at_checked(curve.width()) else { return false };
    let valid = |number: &[u8]| number.len() == order.len() && number < order && number.iter().any(|byte| *byte != 0);
    valid(r) && valid(s)
}

/// r and s in fixed width, converted from the DER of a certificate's signature.
#[derive(Clone, Copy, Debug)]
pub struct RawSignature {
    bytes: [u8; WIDEST],
    len: usize,
}

impl RawSignature {
    /// Reads an Ecdsa-Sig-Value; `None` where it is not DER, or where r or s is not positive or too wide for the curve.
    pub fn from_der(curve: Curve, signature: &[u8]) -> Option<Self> {
        let (r, s) = numbers(signature).ok()?;
        let width = curve.width();
        let mut raw = Self { bytes: [0; WIDEST], len: 2 * width };
        let (first, second) = raw.bytes.get_mut(..2 * width)?.split_at_mut(width);
        right_align(first, r)?;
        right_align(second, s)?;
        Some(raw)
    }

    /// r and s, one after the other.
    pub fn as_bytes(&self) -> &[u8] {
        let (bytes, _) = self.bytes.split_at(self.len);
        bytes
    }
}

fn numbers(signature: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    let mut document = Elements::new(signature)?;
    let mut pair = document.sequence()?;
    document.finish()?;
    let numbers = (pair.positive_integer()?, pair.positive_integer()?);
    pair.finish()?;
    Ok(numbers)
}

fn right_align(field: &mut [u8], number: &[u8]) -> Option<()> {
    let start = field.len().checked_sub(number.len())?;
    field.get_mut(start..)?.copy_from_slice(number);
    Some(())
}

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::der;

    use super::*;

    const CURVES: [(Curve, &[u8]); 3] =
        [(Curve::P256, &ORDER_P256), (Curve::P384, &ORDER_P384), (Curve::P521, &ORDER_P521)];

    fn padded(width: usize, last: u8) -> Vec<u8> {
        let mut number = vec![0; width];
        number[width - 1] = last;
        number
    }

    #[test]
    fn r_and_s_are_from_1_to_the_order_less_1() {
        for (curve, order) in CURVES {
            let (zero, one) = (padded(order.len(), 0), padded(order.len(), 1));
            let mut largest = order.to_vec();
            *largest.last_mut().unwrap() -= 1;
            let mut above = order.to_vec();
            *above.last_mut().unwrap() += 1;
            for (r, s, accepted) in [
                (&one, &one, true),
                (&largest, &largest, true),
                (&one, &largest, true),
                (&zero, &one, false),
                (&one, &zero, false),
                (&order.to_vec(), &one, false),
                (&one, &order.to_vec(), false),
                (&above, &one, false),
                (&one, &vec![0xff; order.len()], false),
            ] {
                assert_eq!(in_range(curve, &[&r[..], &s[..]].concat()), accepted, "{curve:?} {r:x?} {s:x?}");
            }
        }
    }

    #[test]
    fn a_signature_is_exactly_twice_as_wide_as_the_curve() {
        for (curve, order) in CURVES {
            for length in [0, 1, order.len(), 2 * order.len() - 1, 2 * order.len() + 1, 4 * order.len()] {
                assert!(!in_range(curve, &vec![1; length]), "{curve:?} {length}");
            }
        }
    }

    #[test]
    fn der_is_converted_to_fixed_width() {
        let raw = RawSignature::from_der(Curve::P256, &der::sequence(&[&[2, 1, 5], &[2, 2, 0, 0x80]])).unwrap();
        assert_eq!(raw.as_bytes(), [padded(32, 5), padded(32, 0x80)].concat());
    }

    #[test]
    fn what_is_not_strict_der_is_no_signature() {
        let one = der::positive_integer(&[1]);
        for (curve, signature) in [
            (Curve::P256, vec![1; 64]),
            (Curve::P256, Vec::new()),
            (Curve::P256, der::sequence(&[&one])),
            (Curve::P256, der::sequence(&[&one, &one, &one])),
            (Curve::P256, [der::sequence(&[&one, &one]), vec![0]].concat()),
            (Curve::P256, der::sequence(&[&[2, 2, 0, 1], &one])),
            (Curve::P256, der::sequence(&[&[2, 1, 0x81], &one])),
            (Curve::P256, der::sequence(&[&[2, 1, 0], &one])),
            (Curve::P256, [&[0x30, 0x81, 6][..], &one, &one].concat()),
            (Curve::P256, [&[0x30, 0x80][..], &one, &one, &[0, 0]].concat()),
            (Curve::P256, der::sequence(&[&der::positive_integer(&[1; 33]), &one])),
            (Curve::P521, der::sequence(&[&der::positive_integer(&[1; 67]), &one])),
        ] {
            assert!(RawSignature::from_der(curve, &signature).is_none(), "{signature:x?}");
        }
    }
}
