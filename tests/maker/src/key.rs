//! Keys that are the same in every run: RSA from files, elliptic curve keys from their names.

use core::convert::Infallible;

use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use rsa::{
    pkcs8::DecodePrivateKey as _,
    rand_core::{TryCryptoRng, TryRng},
    traits::{PublicKeyParts as _, SignatureScheme as _},
};

use crate::{
    algorithm::{Algorithm, Hash},
    der,
};

/// A private key.
#[derive(Clone)]
pub struct Key(Kind);

#[derive(Clone)]
enum Kind {
    Rsa(Box<rsa::PrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

impl Key {
    /// An RSA key of 1024, 2047, 2048, 3072 or 4096 bits; there is one of each.
    pub fn rsa(bits: usize) -> Self {
        let pkcs8: &[u8] = match bits {
            1024 => include_bytes!("../keys/rsa1024.der"),
            2047 => include_bytes!("../keys/rsa2047.der"),
            2048 => include_bytes!("../keys/rsa2048.der"),
            3072 => include_bytes!("../keys/rsa3072.der"),
            4096 => include_bytes!("../keys/rsa4096.der"),
            _ => panic!("there is no RSA key of {bits} bits in tests/maker/keys"),
        };
        Self(Kind::Rsa(Box::new(rsa::PrivateKey::from_pkcs8_der(pkcs8).expect("the key is PKCS#8"))))
    }

    /// The P-256 key of that name.
    pub fn p256(name: &str) -> Self {
        Self(Kind::P256(p256::ecdsa::SigningKey::from_slice(&secret(name, 32)).expect("below the order")))
    }

    /// The P-384 key of that name.
    pub fn p384(name: &str) -> Self {
        Self(Kind::P384(p384::ecdsa::SigningKey::from_slice(&secret(name, 48)).expect("below the order")))
    }

    /// The P-521 key of that name.
    pub fn p521(name: &str) -> Self {
        Self(Kind::P521(p521::ecdsa::SigningKey::from_slice(&secret(name, 66)).expect("below the order")))
    }

    /// The SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Rsa(key) => rsa_spki(&key.n().to_be_bytes_trimmed_vartime(), &key.e().to_be_bytes_trimmed_vartime()),
            Kind::P256(key) => ec_spki("1.2.840.10045.3.1.7", key.verifying_key().to_sec1_point(false).as_bytes()),
            Kind::P384(key) => ec_spki("1.3.132.0.34", key.verifying_key().to_sec1_point(false).as_bytes()),
            Kind::P521(key) => ec_spki("1.3.132.0.35", key.verifying_key().to_sec1_point(false).as_bytes()),
        }
    }

    /// How this key signs where nothing else is asked for: PKCS#1 v1.5 with SHA-256, or ECDSA with the hash of the curve's size.
    pub const fn usual_algorithm(&self) -> Algorithm {
        match self.0 {
            Kind::Rsa(_) => Algorithm::Pkcs1v15(Hash::Sha256),
            Kind::P256(_) => Algorithm::Ecdsa(Hash::Sha256),
            Kind::P384(_) => Algorithm::Ecdsa(Hash::Sha384),
            Kind::P521(_) => Algorithm::Ecdsa(Hash::Sha512),
        }
    }

    /// Bits of the modulus, where it is an RSA key.
    pub(crate) fn rsa_bits(&self) -> Option<usize> {
        match &self.0 {
            Kind::Rsa(key) => Some(8 * key.size()),
            Kind::P256(_) | Kind::P384(_) | Kind::P521(_) => None,
        }
    }

    /// Signs a message. The signature of ECDSA is r and s in fixed width, as in JWS and COSE.
    pub fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match (&self.0, algorithm) {
            (Kind::Rsa(key), Algorithm::Pkcs1v15(hash)) => {
                let scheme = match hash {
                    Hash::Sha1 => rsa::Pkcs1v15Sign::new::<sha1::Sha1>(),
                    Hash::Sha256 => rsa::Pkcs1v15Sign::new::<sha2::Sha256>(),
                    Hash::Sha384 => rsa::Pkcs1v15Sign::new::<sha2::Sha384>(),
                    Hash::Sha512 => rsa::Pkcs1v15Sign::new::<sha2::Sha512>(),
                };
                scheme.sign(Some(&mut Salt), key, &hash.digest(message)).expect("the key is large enough")
            }
            (Kind::Rsa(key), Algorithm::Pss(hash, salt_len)) => {
                let digest = hash.digest(message);
                let rng = Some(&mut Salt);
                match hash {
                    Hash::Sha1 => rsa::Pss::<sha1::Sha1>::new_with_salt(salt_len).sign(rng, key, &digest),
                    Hash::Sha256 => rsa::Pss::<sha2::Sha256>::new_with_salt(salt_len).sign(rng, key, &digest),
                    Hash::Sha384 => rsa::Pss::<sha2::Sha384>::new_with_salt(salt_len).sign(rng, key, &digest),
                    Hash::Sha512 => rsa::Pss::<sha2::Sha512>::new_with_salt(salt_len).sign(rng, key, &digest),
                }
                .expect("the key is large enough")
            }
            (Kind::P256(key), Algorithm::Ecdsa(hash)) => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.digest(message)).expect("it signs");
                signature.to_bytes().to_vec()
            }
            (Kind::P384(key), Algorithm::Ecdsa(hash)) => {
                let signature: p384::ecdsa::Signature = key.sign_prehash(&hash.digest(message)).expect("it signs");
                signature.to_bytes().to_vec()
            }
            (Kind::P521(key), Algorithm::Ecdsa(hash)) => {
                let signature: p521::ecdsa::Signature = key.sign_prehash(&hash.digest(message)).expect("it signs");
                signature.to_bytes().to_vec()
            }
            _ => panic!("{algorithm:?} does not fit the key"),
        }
    }

    /// Signs a message as certificates are signed: the signature of ECDSA is DER.
    pub fn sign_certificate(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let signature = self.sign(algorithm, message);
        match algorithm {
            Algorithm::Ecdsa(_) => {
                let (r, s) = signature.split_at(signature.len() / 2);
                der::sequence(&[&der::positive_integer(r), &der::positive_integer(s)])
            }
            Algorithm::Pkcs1v15(_) | Algorithm::Pss(..) => signature,
        }
    }
}

/// The SubjectPublicKeyInfo of an RSA key with any numbers.
pub fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid("1.2.840.113549.1.1.1"), der::NULL]);
    let numbers = der::sequence(&[&der::positive_integer(modulus), &der::positive_integer(exponent)]);
    der::sequence(&[&algorithm, &der::bits(&numbers)])
}

/// The SubjectPublicKeyInfo of an elliptic curve key with any curve and point.
pub fn ec_spki(curve: &str, point: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::oid("1.2.840.10045.2.1"), &der::oid(curve)]);
    der::sequence(&[&algorithm, &der::bits(point)])
}

/// A scalar of so many bytes from a name, with its first two bytes zero, so that it is below every order.
fn secret(name: &str, width: usize) -> Vec<u8> {
    let digest = Hash::Sha512.digest(name.as_bytes());
    let mut scalar: Vec<u8> = digest.into_iter().cycle().take(width).collect();
    scalar[..2].fill(0);
    scalar
}

/// In place of randomness: signatures are to be the same in every run. The keys are public, so nothing is lost.
struct Salt;

impl TryRng for Salt {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0x5a5a_5a5a)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0x5a5a_5a5a_5a5a_5a5a)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(0x5a);
        Ok(())
    }
}

impl TryCryptoRng for Salt {}
