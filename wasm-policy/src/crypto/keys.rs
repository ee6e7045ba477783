//! Public keys from a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 3279 for RSA, RFC 5480 for elliptic curves).

use der::Tag;

use super::{Digest, Provider, SignatureScheme, ecdsa};
use crate::{
    asn1::{Elements, Malformed, Oid},
    code::{Code, Failure},
    limits::Limits,
    text::shown,
};

const RSA_ENCRYPTION: Oid<'static> = Oid::constant(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]);
const EC_PUBLIC_KEY: Oid<'static> = Oid::constant(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);

/// The largest exponent: 2^31 - 1. A larger one only makes verification expensive.
const MAX_EXPONENT: u32 = (1 << 31) - 1;

/// A public key of a kind that can verify signatures, borrowed from the certificate that holds it.
///
/// Two keys are equal where their encodings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey<'a> {
    spki: &'a [u8],
    parts: KeyParts<'a>,
}

/// The numbers of a key, for a [`Provider`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyParts<'a> {
    /// An RSA key.
    Rsa {
        /// Big-endian, odd, without leading zeros.
        modulus: &'a [u8],
        /// Odd, from 3 to 2^31 - 1.
        exponent: u32,
    },
    /// An elliptic curve key.
    Ec {
        /// The named curve.
        curve: Curve,
        /// Uncompressed (SEC 1 section 2.3.3): 4, x, y. Not checked to be on the curve.
        point: &'a [u8],
    },
}

/// The named curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

/// What kind of key it is: the six that may sign images, and RSA of other sizes, which may only sign certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of exactly 2048 bits.
    Rsa2048,
    /// RSA with a modulus of exactly 3072 bits.
    Rsa3072,
    /// RSA with a modulus of exactly 4096 bits.
    Rsa4096,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// RSA with a modulus of that many bits.
    OtherRsa(usize),
}

impl Curve {
    const fn from_oid(oid: Oid<'_>) -> Option<Self> {
        const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
        const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
        match oid.as_bytes() {
            P256 => Some(Self::P256),
            P384 => Some(Self::P384),
            P521 => Some(Self::P521),
            _ => None,
        }
    }

    /// Bytes of a coordinate, and of r and of s.
    pub const fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl<'a> PublicKey<'a> {
    /// Reads a SubjectPublicKeyInfo, the whole of the bytes.
    ///
    /// # Errors
    /// [`Code::KeyUnsupported`] where the key is of a kind or size that is never accepted, [`Code::CertificateMalformed`] where its encoding is
    /// wrong; both before any arithmetic.
    pub fn parse(spki: &'a [u8], limits: &Limits) -> Result<Self, Failure> {
        let malformed = |_| Failure::new(Code::CertificateMalformed, "the public key is not DER of RFC 5280");
        let mut document = Elements::new(spki).map_err(malformed)?;
        let mut fields = document.sequence().map_err(malformed)?;
        document.finish().map_err(malformed)?;
        let mut algorithm = fields.sequence().map_err(malformed)?;
        let oid = algorithm.oid().map_err(malformed)?;
        let bits = fields.octet_aligned_bits().map_err(malformed)?;
        fields.finish().map_err(malformed)?;
        let parts = match oid {
            RSA_ENCRYPTION => rsa_parts(algorithm, bits, limits)?,
            EC_PUBLIC_KEY => ec_parts(algorithm, bits)?,
            other => {
                let other = other.to_string();
                return Err(unsupported(format!("a public key of algorithm {} is not supported", shown(&other))));
            }
        };
        Ok(Self { spki, parts })
    }

    /// The whole SubjectPublicKeyInfo.
    pub const fn spki(&self) -> &'a [u8] {
        self.spki
    }

    /// The key's numbers.
    pub const fn parts(&self) -> KeyParts<'a> {
        self.parts
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyKind {
        match self.parts {
            KeyParts::Rsa { modulus, .. } => match bit_length(modulus) {
                2048 => KeyKind::Rsa2048,
                3072 => KeyKind::Rsa3072,
                4096 => KeyKind::Rsa4096,
                bits => KeyKind::OtherRsa(bits),
            },
            KeyParts::Ec { curve: Curve::P256, .. } => KeyKind::P256,
            KeyParts::Ec { curve: Curve::P384, .. } => KeyKind::P384,
            KeyParts::Ec { curve: Curve::P521, .. } => KeyKind::P521,
        }
    }

    /// What one verification with this key costs, in units of [`Budget`](crate::limits::Budget).
    ///
    /// As measured with [`RustCrypto`](super::RustCrypto) in OPA's engine, rounded up. The largest exponent makes RSA cost three times as much.
    pub fn work(&self) -> u32 {
        match self.parts {
            KeyParts::Rsa { modulus, .. } => {
                let bits = bit_length(modulus);
                u32::try_from(bits.saturating_mul(bits).div_ceil(2048 * 2048)).unwrap_or(u32::MAX)
            }
            KeyParts::Ec { curve: Curve::P256, .. } => 1,
            KeyParts::Ec { curve: Curve::P384 | Curve::P521, .. } => 3,
        }
    }

    /// Whether the signature is this key's for the digest. The signature of ECDSA is r and s, each as wide as the curve's order.
    ///
    /// A scheme that does not fit the key, a signature of another length and numbers out of range do not reach the provider.
    pub fn verify(&self, provider: &dyn Provider, scheme: SignatureScheme, digest: &Digest, signature: &[u8]) -> bool {
        let acceptable = match (self.parts, scheme) {
            (KeyParts::Rsa { modulus, .. }, SignatureScheme::RsaPkcs1v15 | SignatureScheme::RsaPss { .. }) => {
                // Both are big-endian and of one length, so comparing bytes compares numbers.
                signature.len() == modulus.len() && signature < modulus
            }
            (KeyParts::Ec { curve, .. }, SignatureScheme::Ecdsa) => ecdsa::in_range(curve, signature),
            (KeyParts::Rsa { .. }, SignatureScheme::Ecdsa)
            | (KeyParts::Ec { .. }, SignatureScheme::RsaPkcs1v15 | SignatureScheme::RsaPss { .. }) => false,
        };
        acceptable && provider.verify(self, scheme, digest, signature)
    }
}

fn unsupported(message: String) -> Failure {
    Failure::new(Code::KeyUnsupported, message)
}

fn rsa_parts<'a>(parameters: Elements<'a>, bits: &'a [u8], limits: &Limits) -> Result<KeyParts<'a>, Failure> {
    let (modulus, exponent) = rsa_numbers(parameters, bits)
        .map_err(|_| Failure::new(Code::CertificateMalformed, "the RSA public key is not DER of RFC 3279"))?;
    let modulus_bits = bit_length(modulus);
    if modulus_bits > limits.rsa_modulus_bits {
        let most = limits.rsa_modulus_bits;
        return Err(unsupported(format!("an RSA key of {modulus_bits} bits is larger than the {most} bits accepted")));
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(unsupported("the RSA key's modulus is even".into()));
    }
    let exponent = small_exponent(exponent)
        .ok_or_else(|| unsupported("the RSA key's exponent is not an odd number from 3 to 2147483647".into()))?;
    Ok(KeyParts::Rsa { modulus, exponent })
}

/// The modulus and the exponent of an RSAPublicKey, whose algorithm has the parameters NULL (RFC 3279 section 2.3.1).
fn rsa_numbers<'a>(mut parameters: Elements<'a>, bits: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    if !parameters.tagged(Tag::Null)?.is_empty() {
        return Err(Malformed);
    }
    parameters.finish()?;
    let mut document = Elements::new(bits)?;
    let mut key = document.sequence()?;
    document.finish()?;
    let numbers = (key.positive_integer()?, key.positive_integer()?);
    key.finish()?;
    Ok(numbers)
}

fn small_exponent(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > 4 {
        return None;
    }
    let exponent = bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
    (exponent % 2 == 1 && (3..=MAX_EXPONENT).contains(&exponent)).then_some(exponent)
}

/// The named curve and the point (RFC 5480 section 2).
fn ec_parts<'a>(mut parameters: Elements<'a>, point: &'a [u8]) -> Result<KeyParts<'a>, Failure> {
    let oid = parameters
        .oid()
        .and_then(|oid| parameters.finish().map(|()| oid))
        .map_err(|_| unsupported("the elliptic curve of the public key is not a named one".into()))?;
    let curve = Curve::from_oid(oid).ok_or_else(|| {
        unsupported(format!("the elliptic curve {} is not one of P-256, P-384 and P-521", shown(&oid.to_string())))
    })?;
    match point {
        [4, coordinates @ ..] if coordinates.len() == 2 * curve.width() => Ok(KeyParts::Ec { curve, point }),
        [2 | 3, ..] => Err(unsupported("the public key is a compressed elliptic curve point".into())),
        _ => Err(Failure::new(
            Code::CertificateMalformed,
            "the elliptic curve point of the public key has a wrong length or form",
        )),
    }
}

/// The position of the highest bit that is set in a big-endian number without leading zero bytes.
fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::{Algorithm, Hash as MadeHash, Key, der, ec_spki, rsa_spki};

    use super::*;
    use crate::crypto::{Hash, RustCrypto};

    const EXPONENT: [u8; 3] = [1, 0, 1];

    fn parse(spki: &[u8]) -> Result<KeyKind, Code> {
        PublicKey::parse(spki, &Limits::default()).map(|key| key.kind()).map_err(|failure| failure.code)
    }

    /// An odd number of exactly so many bits.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0xff; bits.div_ceil(8)];
        bytes[0] >>= (8 - bits % 8) % 8;
        bytes
    }

    #[test]
    fn the_size_of_an_rsa_key_is_its_exact_number_of_bits() {
        for (bits, kind) in [
            (2047, KeyKind::OtherRsa(2047)),
            (2048, KeyKind::Rsa2048),
            (2049, KeyKind::OtherRsa(2049)),
            (3072, KeyKind::Rsa3072),
            (4096, KeyKind::Rsa4096),
            (8192, KeyKind::OtherRsa(8192)),
        ] {
            assert_eq!(parse(&rsa_spki(&modulus(bits), &EXPONENT)), Ok(kind));
        }
        assert_eq!(parse(&rsa_spki(&modulus(8193), &EXPONENT)), Err(Code::KeyUnsupported));
    }

    #[test]
    fn an_exponent_is_odd_and_from_3_to_2_to_the_31_less_1() {
        for exponent in [&[3][..], &EXPONENT, &[0x7f, 0xff, 0xff, 0xff]] {
            assert_eq!(parse(&rsa_spki(&modulus(2048), exponent)), Ok(KeyKind::Rsa2048), "{exponent:x?}");
        }
        for exponent in [&[1][..], &[2], &[1, 0, 0], &[0x80, 0, 0, 1], &[1, 0, 0, 0, 1], &[0xff; 256]] {
            assert_eq!(parse(&rsa_spki(&modulus(2048), exponent)), Err(Code::KeyUnsupported), "{exponent:x?}");
        }
    }

    #[test]
    fn an_even_modulus_is_refused() {
        let mut even = modulus(2048);
        even[255] = 0xfe;
        assert_eq!(parse(&rsa_spki(&even, &EXPONENT)), Err(Code::KeyUnsupported));
    }

    #[test]
    fn an_rsa_key_that_is_not_der_of_rfc_3279_is_refused() {
        let numbers = |numbers: &[u8], parameters: &[u8]| {
            let algorithm = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), parameters]);
            der::sequence(&[&algorithm, &der::bits(numbers)])
        };
        let (n, e) = (der::positive_integer(&modulus(2048)), der::positive_integer(&EXPONENT));
        assert_eq!(parse(&numbers(&der::sequence(&[&n, &e]), der::NULL)), Ok(KeyKind::Rsa2048));
        for spki in [
            numbers(&der::sequence(&[&n, &e]), &[]),
            numbers(&der::sequence(&[&n, &e]), &der::oid("1.2")),
            numbers(&der::sequence(&[&n, &e]), &[der::NULL, der::NULL].concat()),
            numbers(&der::sequence(&[&n]), der::NULL),
            numbers(&der::sequence(&[&n, &e, &e]), der::NULL),
            numbers(&[der::sequence(&[&n, &e]), vec![0]].concat(), der::NULL),
            // A negative modulus, and one with a zero too many.
            numbers(&der::sequence(&[&der::element(der::INTEGER, &modulus(2048)), &e]), der::NULL),
            numbers(
                &der::sequence(&[&der::element(der::INTEGER, &[&[0, 0], &modulus(2048)[..]].concat()), &e]),
                der::NULL,
            ),
            [numbers(&der::sequence(&[&n, &e]), der::NULL), vec![0]].concat(),
            der::sequence(&[
                &der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), der::NULL]),
                &der::bits(&der::sequence(&[&n, &e])),
                der::NULL,
            ]),
            Vec::new(),
        ] {
            assert_eq!(parse(&spki), Err(Code::CertificateMalformed), "{spki:x?}");
        }
    }

    #[test]
    fn only_three_named_curves_with_uncompressed_points_are_read() {
        let point = |first: u8, coordinates: usize| [&[first][..], &vec![1; coordinates]].concat();
        for (curve, width, kind) in [
            ("1.2.840.10045.3.1.7", 32, KeyKind::P256),
            ("1.3.132.0.34", 48, KeyKind::P384),
            ("1.3.132.0.35", 66, KeyKind::P521),
        ] {
            assert_eq!(parse(&ec_spki(curve, &point(4, 2 * width))), Ok(kind));
            assert_eq!(parse(&ec_spki(curve, &point(2, width))), Err(Code::KeyUnsupported));
            for malformed in [point(4, 2 * width - 1), point(4, 2 * width + 1), point(6, 2 * width), vec![0], vec![]] {
                assert_eq!(parse(&ec_spki(curve, &malformed)), Err(Code::CertificateMalformed), "{malformed:x?}");
            }
        }
        for unsupported in ["1.2.840.10045.3.1.1", "1.3.132.0.10", "1.3.132.0.33", "1.3.36.3.3.2.8.1.1.7"] {
            assert_eq!(parse(&ec_spki(unsupported, &point(4, 64))), Err(Code::KeyUnsupported));
        }
    }

    #[test]
    fn a_curve_given_by_its_numbers_is_refused() {
        // CVE-2020-0601: explicit parameters with a generator of the attacker's choice.
        let parameters = der::sequence(&[&der::positive_integer(&[1])]);
        let algorithm = der::sequence(&[&der::oid("1.2.840.10045.2.1"), &parameters]);
        let spki = der::sequence(&[&algorithm, &der::bits(&[4; 65])]);
        assert_eq!(parse(&spki), Err(Code::KeyUnsupported));
    }

    #[test]
    fn an_identifier_of_any_length_is_cut_in_messages() {
        let long = der::element(der::OBJECT_IDENTIFIER, &[1; 10_000]);
        let unknown = der::sequence(&[&der::sequence(&[&long]), &der::bits(&[1])]);
        let curve = der::sequence(&[&der::sequence(&[&der::oid("1.2.840.10045.2.1"), &long]), &der::bits(&[4; 65])]);
        for spki in [unknown, curve] {
            let failure = PublicKey::parse(&spki, &Limits::default()).unwrap_err();
            assert_eq!(failure.code, Code::KeyUnsupported);
            assert!(failure.message.contains('…') && failure.message.len() < 400, "{failure}");
        }
    }

    #[test]
    fn parameters_after_the_name_of_a_curve_are_refused() {
        let algorithm = der::sequence(&[&der::oid("1.2.840.10045.2.1"), &der::oid("1.2.840.10045.3.1.7"), der::NULL]);
        let spki = der::sequence(&[&algorithm, &der::bits(&[4; 65])]);
        assert_eq!(parse(&spki), Err(Code::KeyUnsupported));
    }

    #[test]
    fn a_point_that_is_not_on_its_curve_verifies_nothing() {
        let key = Key::p256("key");
        let signature = key.sign(Algorithm::Ecdsa(MadeHash::Sha256), b"message");
        let mut spki = key.spki();
        let digest = RustCrypto.digest(Hash::Sha256, &[b"message"]);
        let verify = |spki: &[u8]| {
            let key = PublicKey::parse(spki, &Limits::default()).unwrap();
            key.verify(&RustCrypto, SignatureScheme::Ecdsa, &digest, &signature)
        };
        assert!(verify(&spki));
        *spki.last_mut().unwrap() ^= 1;
        assert!(!verify(&spki));
        let at_infinity = ec_spki("1.2.840.10045.3.1.7", &[&[4][..], &[0; 64]].concat());
        assert!(!verify(&at_infinity));
        let beyond_the_field = ec_spki("1.2.840.10045.3.1.7", &[&[4][..], &[0xff; 64]].concat());
        assert!(!verify(&beyond_the_field));
    }

    #[test]
    fn work_grows_with_the_square_of_an_rsa_modulus() {
        for (spki, work) in [
            (rsa_spki(&modulus(2048), &EXPONENT), 1),
            (rsa_spki(&modulus(2049), &EXPONENT), 2),
            (rsa_spki(&modulus(3072), &EXPONENT), 3),
            (rsa_spki(&modulus(4096), &EXPONENT), 4),
            (rsa_spki(&modulus(8192), &EXPONENT), 16),
            (Key::p256("key").spki(), 1),
            (Key::p384("key").spki(), 3),
            (Key::p521("key").spki(), 3),
        ] {
            assert_eq!(PublicKey::parse(&spki, &Limits::default()).unwrap().work(), work);
        }
    }
}
