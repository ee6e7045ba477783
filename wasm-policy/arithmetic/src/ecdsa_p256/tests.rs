use p256::{
    AffinePoint, FieldBytes, ProjectivePoint,
    ecdsa::{SigningKey, VerifyingKey, signature::hazmat::PrehashVerifier},
    elliptic_curve::{
        PrimeField,
        point::DecompressPoint,
        sec1::ToSec1Point,
        subtle::{Choice, ConstantTimeEq},
    },
};

use super::*;

/// What the crate says.
fn reference(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (VerifyingKey::from_sec1_bytes(point), Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_prehash(digest, &signature).is_ok()
}

/// What we and the crate say alike.
fn judged(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let verdict = verifies(point, digest, signature);
    assert_eq!(verdict, reference(point, digest, signature), "{point:02x?} {digest:02x?} {signature:02x?}");
    verdict
}

fn random(seed: &str, number: usize) -> Scalar {
    Scalar::reduce(&U256::from_be_slice(&crate::sha256(&[seed.as_bytes(), &number.to_be_bytes()])))
}

fn small(number: i64) -> Scalar {
    let scalar = Scalar::from(number.unsigned_abs());
    if number < 0 { -scalar } else { scalar }
}

fn sec1(point: &ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_sec1_point(false).as_bytes().to_vec()
}

fn bytes(r: &Scalar, s: &Scalar) -> Vec<u8> {
    [r.to_bytes(), s.to_bytes()].concat()
}

fn inverse(scalar: &Scalar) -> Scalar {
    scalar.invert_vartime().unwrap()
}

/// The x of u1 G + u2 Q modulo n, unless that is infinity.
fn x_of(u1: &Scalar, u2: &Scalar, key: &ProjectivePoint) -> Option<Scalar> {
    let sum = ProjectivePoint::GENERATOR * u1 + key * u2;
    (sum != ProjectivePoint::IDENTITY).then(|| Scalar::reduce(&sum.to_affine().x()))
}

/// The digest and the signature with this r that have these u1 and u2.
fn made(u1: &Scalar, u2: &Scalar, r: &Scalar) -> (FieldBytes, Vec<u8>) {
    let s = *r * inverse(u2);
    ((*u1 * s).to_bytes(), bytes(r, &s))
}

/// Asks about the signature that has these u1 and u2, and tells whether their sum is a point.
fn is_a_point(u1: &Scalar, u2: &Scalar, key: &ProjectivePoint) -> bool {
    let x = x_of(u1, u2, key);
    let (digest, signature) = made(u1, u2, &x.unwrap_or(Scalar::ONE));
    assert_eq!(judged(&sec1(key), &digest, &signature), x.is_some(), "{u1:?} {u2:?} {key:?}");
    x.is_some()
}

#[test]
fn sums_of_small_multiples_are_right_also_where_the_formulas_have_exceptions() {
    let numbers: Vec<Scalar> = (-4..=4)
        .chain([7, 9, 15, 16, 17, 31, 63, 64, 65, -65, 127, 129])
        .map(small)
        .chain([Scalar::TWO_INV, -Scalar::TWO_INV])
        .collect();
    let (mut points, mut infinite) = (0, 0);
    for key in [1, -1, 2, -3, 8] {
        let key = ProjectivePoint::GENERATOR * small(key);
        for u1 in &numbers {
            for u2 in numbers.iter().filter(|u2| **u2 != Scalar::ZERO) {
                let is_a_point = is_a_point(u1, u2, &key);
                points += u32::from(is_a_point);
                infinite += u32::from(!is_a_point);
            }
        }
    }
    assert_eq!((points, infinite), (2484, 46));
}

/// u2 Q and u1 G are long, and nearly cancel each other at every step.
#[test]
fn sums_that_pass_through_infinity_are_right() {
    let mut infinite = 0;
    for (round, key) in [1, -1, 2, -2, 3, -5].into_iter().enumerate() {
        let point = ProjectivePoint::GENERATOR * small(key);
        for rest in -40..=40 {
            let u2 = random("u2", round);
            infinite += usize::from(!is_a_point(&(small(rest) - u2 * small(key)), &u2, &point));
        }
    }
    assert_eq!(infinite, 6);
}

#[test]
fn signatures_are_judged_as_the_crate_judges_them() {
    for number in 0..150 {
        let secret = random("key", number);
        let key = sec1(&(ProjectivePoint::GENERATOR * secret));
        let other = sec1(&(ProjectivePoint::GENERATOR * random("other", number)));
        let mut digest = crate::sha512(&[&number.to_be_bytes()])[..[32, 48, 64][number % 3]].to_vec();
        let signer = SigningKey::from_bytes(&secret.to_bytes()).unwrap();
        let (signature, _) = signer.sign_prehash_recoverable(&digest);
        let mut signature = signature.to_bytes().to_vec();
        assert!(judged(&key, &digest, &signature));
        assert!(!judged(&other, &digest, &signature));
        signature[number % 64] ^= 1 << (number % 8);
        assert!(!judged(&key, &digest, &signature));
        signature[number % 64] ^= 1 << (number % 8);
        digest[number % 32] ^= 1 << (number % 7);
        assert!(!judged(&key, &digest, &signature));
    }
}

/// The key for which any s and digest sign with the point R: (s R - z G) / r.
fn key_for(point: &AffinePoint, r: &Scalar, s: &Scalar, z: &Scalar) -> ProjectivePoint {
    (ProjectivePoint::from(*point) * s - ProjectivePoint::GENERATOR * z) * inverse(r)
}

#[test]
fn an_x_above_the_order_is_r_plus_the_order() {
    let mut found = 0;
    for above in 1..20_u64 {
        let r = Scalar::from(above);
        let x = U256::from(r).wrapping_add(NistP256::ORDER.as_ref());
        let Some(point) = AffinePoint::decompress(&x.to_be_bytes().into(), Choice::from(0)).into_option() else {
            continue;
        };
        let (s, z) = (random("s", 0), random("z", 0));
        let key = sec1(&key_for(&point, &r, &s, &z));
        assert!(judged(&key, &z.to_bytes(), &bytes(&r, &s)), "{above}");
        let unreduced = [&x.to_be_bytes()[..], &s.to_bytes()].concat();
        assert!(!judged(&key, &z.to_bytes(), &unreduced), "{above}");
        found += 1;
    }
    assert_eq!(found, 9);
}

/// Neither p nor 2^256 is taken off r + n.
#[test]
fn an_r_that_only_wraps_to_the_x_is_refused() {
    let x = U256::from(5_u8);
    let point = AffinePoint::decompress(&x.to_be_bytes().into(), Choice::from(0)).unwrap();
    let order = NistP256::ORDER.as_ref();
    let p_minus_n = U256::from(-Field::from_uint(order).unwrap());
    for more in [U256::ZERO, p_minus_n, order.wrapping_neg()] {
        let r = Scalar::from_repr(x.wrapping_add(&more).to_be_bytes().into()).unwrap();
        let (s, z) = (random("s", 0), random("z", 0));
        let key = sec1(&key_for(&point, &r, &s, &z));
        assert_eq!(judged(&key, &z.to_bytes(), &bytes(&r, &s)), more == U256::ZERO, "{more}");
    }
}

#[test]
fn a_digest_is_cut_to_the_orders_width_and_a_shorter_one_is_a_smaller_number() {
    let secret = random("key", 0);
    let key = sec1(&(ProjectivePoint::GENERATOR * secret));
    let (k, r) = (random("k", 0), x_of(&random("k", 0), &Scalar::ONE, &ProjectivePoint::IDENTITY).unwrap());
    for filler in [0x00, 0x01, 0x80, 0xff] {
        for length in [0, 1, 7, 8, 15, 16, 17, 20, 28, 31, 32, 33, 48, 64, 65] {
            let mut digest = vec![filler; length];
            digest.iter_mut().skip(32).for_each(|byte| *byte ^= 0x5a);
            let cut = &digest[..length.min(32)];
            let padded = [&vec![0; 32 - cut.len()], cut].concat();
            let z = Scalar::reduce(&U256::from_be_slice(&padded));
            let signature = bytes(&r, &(inverse(&k) * (z + r * secret)));
            assert!(judged(&key, &digest, &signature), "{filler} {length}");
        }
    }
}

#[test]
fn a_key_is_a_point_of_the_curve_in_a_form_of_sec_1() {
    let point = ProjectivePoint::GENERATOR * random("key", 0);
    let (u1, u2) = (random("u1", 0), random("u2", 0));
    let (digest, signature) = made(&u1, &u2, &x_of(&u1, &u2, &point).unwrap());
    let plain = sec1(&point);
    let compressed = point.to_affine().to_sec1_point(true).as_bytes().to_vec();
    assert!(judged(&plain, &digest, &signature));
    assert!(judged(&compressed, &digest, &signature));
    let changed = |bytes: &[u8], at: usize, by: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= by;
        bytes
    };
    let beyond_p = [&[4][..], &[0xff; 64]].concat();
    let opposite = changed(&compressed, 0, 1);
    for other in [
        opposite.clone(),
        changed(&plain, 64, 1),
        changed(&plain, 1, 1),
        changed(&plain, 0, 2),
        changed(&plain, 0, 1),
        plain[..64].to_vec(),
        [&*plain, &[0]].concat(),
        plain[1..].to_vec(),
        [&[4][..], &[0; 64]].concat(),
        beyond_p,
        vec![0],
        vec![0; 65],
        vec![],
    ] {
        assert!(!judged(&other, &digest, &signature), "{other:02x?}");
    }
    let (digest, signature) = made(&u1, &-u2, &x_of(&u1, &u2, &point).unwrap());
    assert!(judged(&opposite, &digest, &signature));
}

#[test]
fn r_and_s_are_from_1_to_below_the_order_in_32_bytes_each() {
    let key = ProjectivePoint::GENERATOR * random("key", 0);
    let (u1, u2) = (random("u1", 0), random("u2", 0));
    let (digest, signature) = made(&u1, &u2, &x_of(&u1, &u2, &key).unwrap());
    let (r, s) = signature.split_at(32);
    let order = NistP256::ORDER.to_be_bytes();
    for bad in [
        [&[0; 32], s].concat(),
        [r, &[0; 32]].concat(),
        [&order[..], s].concat(),
        [r, &order[..]].concat(),
        [&[0xff; 32], s].concat(),
        signature[..63].to_vec(),
        [&*signature, &[0]].concat(),
        vec![],
    ] {
        assert!(!judged(&sec1(&key), &digest, &bad), "{bad:02x?}");
    }
}

#[test]
fn the_multiples_of_g_are_the_crates() {
    let mut expected = ProjectivePoint::GENERATOR;
    for multiple in MULTIPLES_OF_G {
        let point = expected.to_affine();
        assert_eq!(multiple.coordinates(), (point.x(), point.y()));
        expected += ProjectivePoint::GENERATOR + ProjectivePoint::GENERATOR;
    }
}

#[test]
fn digits_are_odd_small_and_apart_and_add_up() {
    fn check<const WIDTH: usize>(scalar: &Scalar) {
        let digits = digits::<WIDTH>(scalar);
        let sum = digits.iter().rev().fold(Scalar::ZERO, |sum, digit| sum.double() + small(i64::from(*digit)));
        assert!(bool::from(sum.ct_eq(scalar)), "{scalar:?}");
        assert!(digits.iter().all(|digit| *digit == 0 || digit % 2 != 0 && digit.abs() < 1 << (WIDTH - 1)));
        assert!(digits.windows(WIDTH).all(|window| window.iter().filter(|digit| **digit != 0).count() <= 1));
    }
    for number in 0..300_u16 {
        for scalar in [random("digits", usize::from(number)), small(number.into()), small(-i64::from(number))] {
            check::<WIDTH_OF_G>(&scalar);
            check::<WIDTH_OF_KEY>(&scalar);
        }
    }
    // The greatest has a carry out of its 256 bits.
    assert_eq!(digits::<WIDTH_OF_KEY>(&-Scalar::ONE)[256], 1);
}
