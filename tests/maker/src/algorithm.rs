//! Signature algorithms, the refused ones among them.

use sha2::Digest as _;

use crate::der;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Broken; for certificates that must be refused.
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

/// How something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5
    Pkcs1v15(Hash),
    /// RSASSA-PSS with MGF1 of the same hash function and a salt of so many bytes.
    Pss(Hash, usize),
    /// ECDSA
    Ecdsa(Hash),
}

impl Hash {
    /// The digest of a message.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(message).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(message).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(message).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(message).to_vec(),
        }
    }

    /// The AlgorithmIdentifier.
    pub fn identifier(self) -> Vec<u8> {
        let oid = match self {
            Self::Sha1 => "1.3.14.3.2.26",
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        };
        der::sequence(&[&der::oid(oid), der::NULL])
    }
}

impl Algorithm {
    /// The AlgorithmIdentifier of a certificate's signature.
    pub fn identifier(self) -> Vec<u8> {
        match self {
            Self::Pkcs1v15(hash) => {
                let last = match hash {
                    Hash::Sha1 => 5,
                    Hash::Sha256 => 11,
                    Hash::Sha384 => 12,
                    Hash::Sha512 => 13,
                };
                der::sequence(&[&der::oid(&format!("1.2.840.113549.1.1.{last}")), der::NULL])
            }
            Self::Pss(hash, salt_len) => pss_identifier(&hash.identifier(), &hash.identifier(), salt_len, 1),
            Self::Ecdsa(hash) => {
                let last = match hash {
                    Hash::Sha1 => "1",
                    Hash::Sha256 => "3.2",
                    Hash::Sha384 => "3.3",
                    Hash::Sha512 => "3.4",
                };
                der::sequence(&[&der::oid(&format!("1.2.840.10045.4.{last}"))])
            }
        }
    }
}

/// The AlgorithmIdentifier of RSASSA-PSS with any parameters.
pub fn pss_identifier(hash: &[u8], mask_hash: &[u8], salt_len: usize, trailer: u8) -> Vec<u8> {
    let generator = der::sequence(&[&der::oid("1.2.840.113549.1.1.8"), mask_hash]);
    let parameters = der::sequence(&[
        &der::explicit(0, hash),
        &der::explicit(1, &generator),
        &der::explicit(2, &der::positive_integer(&salt_len.to_be_bytes())),
        &der::explicit(3, &der::positive_integer(&[trailer])),
    ]);
    der::sequence(&[&der::oid("1.2.840.113549.1.1.10"), &parameters])
}
