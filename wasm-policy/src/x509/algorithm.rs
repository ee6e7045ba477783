//! The algorithms with which certificates may be signed (RFC 4055 for RSA, RFC 5758 for ECDSA).

use der::Tag;

use crate::{
    asn1::{Elements, Malformed, Oid, constructed_context},
    code::{Code, Failure},
    crypto::{Hash, SignatureScheme},
    text::shown,
};

const RSASSA_PSS: Oid<'static> = Oid::constant(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a]);
const MGF1: Oid<'static> = Oid::constant(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08]);

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SignatureAlgorithm {
    pub(super) scheme: SignatureScheme,
    pub(super) hash: Hash,
}

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier, the whole of the bytes.
    ///
    /// # Errors
    /// [`Code::CertificateChainInvalid`] for an algorithm that is not accepted, SHA-1 and MD5 among them; the message names it.
    pub(super) fn parse(identifier: &[u8]) -> Result<Self, Failure> {
        let (oid, parameters) = split(identifier)
            .map_err(|_| Failure::new(Code::CertificateMalformed, "its signature algorithm is not DER of RFC 5280"))?;
        if oid == RSASSA_PSS {
            return pss(parameters).map_err(|_| {
                refused(
                    "it is signed with RSASSA-PSS whose parameters are not SHA-256, SHA-384 or SHA-512, MGF1 of the \
                     same, and a salt as long as the hash",
                )
            });
        }
        let (scheme, hash) = match oid.as_bytes() {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last] => match last {
                11 => (SignatureScheme::RsaPkcs1v15, Hash::Sha256),
                12 => (SignatureScheme::RsaPkcs1v15, Hash::Sha384),
                13 => (SignatureScheme::RsaPkcs1v15, Hash::Sha512),
                5 => return Err(refused("it is signed with SHA-1, which is broken")),
                2..=4 => return Err(refused("it is signed with MD5 or an older hash function, which are broken")),
                _ => return Err(unknown(oid)),
            },
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01] => {
                return Err(refused("it is signed with SHA-1, which is broken"));
            }
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last] => match last {
                2 => (SignatureScheme::Ecdsa, Hash::Sha256),
                3 => (SignatureScheme::Ecdsa, Hash::Sha384),
                4 => (SignatureScheme::Ecdsa, Hash::Sha512),
                _ => return Err(unknown(oid)),
            },
            _ => return Err(unknown(oid)),
        };
        // RFC 4055 has NULL for RSA and accepts none; RFC 5758 has none for ECDSA, but NULL occurs.
        if !is_null_or_absent(parameters) {
            return Err(Failure::new(Code::CertificateMalformed, "its signature algorithm has parameters"));
        }
        Ok(Self { scheme, hash })
    }
}

fn refused(message: &str) -> Failure {
    Failure::new(Code::CertificateChainInvalid, message)
}

fn unknown(oid: Oid<'_>) -> Failure {
    refused(&format!("it is signed with the algorithm {}, which is not supported", shown(&oid.to_string())))
}

/// The algorithm and its parameters, whatever they are.
fn split(identifier: &[u8]) -> Result<(Oid<'_>, Elements<'_>), Malformed> {
    let mut document = Elements::new(identifier)?;
    let mut fields = document.sequence()?;
    document.finish()?;
    Ok((fields.oid()?, fields))
}

fn is_null_or_absent(mut parameters: Elements<'_>) -> bool {
    parameters.is_empty() || parameters.tagged(Tag::Null).is_ok_and(<[u8]>::is_empty) && parameters.is_empty()
}

/// RSASSA-PSS-params (RFC 4055 section 3.1). Its defaults are SHA-1, so hash and mask generation function must be written.
///
/// As RFC 4055 recommends and the Go verifier demands, one hash function for both, and a salt of its length.
fn pss(mut parameters: Elements<'_>) -> Result<SignatureAlgorithm, Malformed> {
    let mut fields = parameters.sequence()?;
    parameters.finish()?;
    let hash = explicit(&mut fields, 0)?.ok_or(Malformed).and_then(|mut field| hash_function(&mut field))?;
    let mut generator = explicit(&mut fields, 1)?.ok_or(Malformed)?.sequence()?;
    if generator.oid()? != MGF1 || hash_function(&mut generator)? != hash {
        return Err(Malformed);
    }
    let salt_len = match explicit(&mut fields, 2)? {
        Some(mut field) => field.small_integer()? as usize,
        None => 20,
    };
    let trailer = match explicit(&mut fields, 3)? {
        Some(mut field) => field.small_integer()?,
        None => 1,
    };
    fields.finish()?;
    if salt_len != hash.size() || trailer != 1 {
        return Err(Malformed);
    }
    Ok(SignatureAlgorithm { scheme: SignatureScheme::RsaPss { salt_len }, hash })
}

fn explicit<'a>(fields: &mut Elements<'a>, number: u32) -> Result<Option<Elements<'a>>, Malformed> {
    fields.optional(constructed_context(number))?.map(Elements::new).transpose()
}

/// An AlgorithmIdentifier of a hash function, the last of its elements.
fn hash_function(elements: &mut Elements<'_>) -> Result<Hash, Malformed> {
    let mut fields = elements.sequence()?;
    elements.clone().finish()?;
    let hash = match fields.oid()?.as_bytes() {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 1] => Hash::Sha256,
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 2] => Hash::Sha384,
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 3] => Hash::Sha512,
        _ => return Err(Malformed),
    };
    if is_null_or_absent(fields) { Ok(hash) } else { Err(Malformed) }
}
