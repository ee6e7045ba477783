//! Public keys from a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7; RFC 3279 for RSA, RFC 5480 for elliptic curves).

use der::Tag;

use super::{Digest, Provider, SignatureScheme, ecdsa};
use crate::{
    asn1::{Elements, Malformed, Oid},
    code::{Code, Failure},
    limits::Limits,
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
            other => return Err(unsupported(format!("a public key of algorithm {other} is not supported"))),
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

/// The NULL parameters of an RSA key and its RSAPublicKey (RFC 3279 section 2.3.1).
fn rsa_parts<'a>(mut parameters: Elements<'a>, bits: &'a [u8], limits: &Limits) -> Result<KeyParts<'a>, Failure> {
    let mut read = || -> Result<(&'a [u8], &'a [u8]), Malformed> {
        if !parameters.tagged(Tag::Null)?.is_empty() {
            return Err(Malformed);
        }
        parameters.clone().finish()?;
        let mut document = Elements::new(bits)?;
        let mut key = document.sequence()?;
        document.finish()?;
        let numbers = (key.positive_integer()?, key.positive_integer()?);
        key.finish()?;
        Ok(numbers)
    };
    let (modulus, exponent) =
        read().map_err(|_| Failure::new(Code::CertificateMalformed, "the RSA public key is not DER of RFC 3279"))?;
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
    let curve = Curve::from_oid(oid)
        .ok_or_else(|| unsupported(format!("the elliptic curve {oid} is not one of P-256, P-384 and P-521")))?;
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
