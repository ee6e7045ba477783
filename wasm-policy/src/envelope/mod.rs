//! Signature envelopes: from the bytes of a blob to a payload that a chain of certificates has signed (Notary Project signature specification).
//!
//! [`Envelope::parse`] checks everything that needs no arithmetic; [`Envelope::verify`] checks the algorithm against the key, the signature, and the
//! chain's own rules. Whether the chain is trusted, and what the times mean, is for the workflow to judge.

mod algorithm;
mod cbor;
mod cose;
mod headers;
mod jws;
pub mod payload;
mod plugin;

pub use algorithm::Algorithm;
pub use headers::SigningScheme;

use self::headers::SharedHeaders;
use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::shown,
    time::Instant,
    x509::{Certificate, Verifier, chain::CodeSigningChain},
};

/// The media type of a JWS envelope.
pub const JWS: &str = "application/jose+json";
/// The media type of a COSE envelope.
pub const COSE: &str = "application/cose";

/// An envelope that keeps the rules of its format and of its headers. Nothing in it is proven before [`Envelope::verify`].
#[derive(Debug)]
pub struct Envelope {
    algorithm: Algorithm,
    shared: SharedHeaders,
    /// DER, leaf first, not yet parsed.
    certificates: Vec<Vec<u8>>,
    signing_input: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    timestamp_token: Option<Vec<u8>>,
}

/// An envelope whose signature verifies with a leaf that a well-formed chain leads to. Whether the chain is trusted is not decided.
#[derive(Debug)]
pub struct VerifiedEnvelope<'e> {
    /// How the signer's certificates are to be trusted.
    pub scheme: SigningScheme,
    /// When the signature was made: by the signer's own word, or by the authority's under [`SigningScheme::SigningAuthority`].
    pub signing_time: Instant,
    /// From when on the signer no longer wants the signature to count.
    pub expiry: Option<Instant>,
    /// The leaf that signed, and its issuers up to a self-signed root.
    pub chain: CodeSigningChain<'e>,
    /// The verification plugin that the signature needs.
    pub plugin: Option<&'e str>,
    /// The signed bytes, not yet read: see [`payload::Payload`].
    pub payload: &'e [u8],
    /// The RFC 3161 token, unverified.
    pub timestamp_token: Option<&'e [u8]>,
    /// The raw signature, which a timestamp covers.
    pub signature: &'e [u8],
}

impl Envelope {
    /// Reads an envelope of that media type.
    ///
    /// # Errors
    /// [`Code::EnvelopeUnsupported`] for another media type, [`Code::ContentTooLarge`], and [`Code::EnvelopeMalformed`], [`Code::HeaderInvalid`],
    /// [`Code::CriticalHeaderUnknown`], [`Code::AlgorithmUnsupported`] or [`Code::CertificateChainInvalid`] for the rule that is broken.
    pub fn parse(media_type: &str, bytes: &[u8], limits: &Limits) -> Result<Self, Failure> {
        if bytes.len() > limits.envelope_bytes {
            return Err(Failure::new(
                Code::ContentTooLarge,
                format!("the envelope has {} bytes, more than the {} accepted", bytes.len(), limits.envelope_bytes),
            ));
        }
        match media_type {
            JWS => jws::parse(bytes, &limits.of_envelope_texts()),
            COSE => cose::parse(bytes, limits),
            other => Err(Failure::new(
                Code::EnvelopeUnsupported,
                format!("a blob of media type {} is no signature envelope", shown(other)),
            )),
        }
    }

    /// Verifies the signature with the leaf, and the chain's own rules.
    ///
    /// What costs nothing comes first; a chain of three costs four public-key operations.
    ///
    /// # Errors
    /// [`Code::CertificateMalformed`], [`Code::KeyUnsupported`], [`Code::AlgorithmMismatch`], [`Code::SignatureInvalid`], those of
    /// [`CodeSigningChain::verify`], and [`Code::BudgetExceeded`].
    pub fn verify<'e>(&'e self, verifier: &mut Verifier<'_>) -> Result<VerifiedEnvelope<'e>, Failure> {
        let certificates = self
            .certificates
            .iter()
            .map(|der| Certificate::parse(der, verifier.limits()))
            .collect::<Result<Vec<_>, _>>()?;
        let leaf = certificates.first().ok_or_else(no_certificate)?;
        self.check_signature(leaf, verifier)?;
        Ok(VerifiedEnvelope {
            scheme: self.shared.scheme,
            signing_time: self.shared.signing_time,
            expiry: self.shared.expiry,
            chain: CodeSigningChain::verify(certificates, verifier)?,
            plugin: self.shared.plugin.as_deref(),
            payload: &self.payload,
            timestamp_token: self.timestamp_token.as_deref(),
            signature: &self.signature,
        })
    }

    fn check_signature(&self, leaf: &Certificate<'_>, verifier: &mut Verifier<'_>) -> Result<(), Failure> {
        let key = leaf.public_key()?;
        self.algorithm.check_implied_by(key.kind())?;
        if verifier.is_signature(
            &key,
            self.algorithm.scheme(),
            self.algorithm.hash(),
            &[&self.signing_input],
            &self.signature,
        )? {
            return Ok(());
        }
        Err(Failure::new(Code::SignatureInvalid, format!("the {} signature is not one of {leaf}", self.algorithm)))
    }
}

/// Bounds the chain before its certificates are copied.
fn check_chain_length(certificates: usize, limits: &Limits) -> Result<(), Failure> {
    if certificates == 0 {
        return Err(no_certificate());
    }
    if certificates > limits.chain_certificates {
        return Err(Failure::new(
            Code::CertificateChainInvalid,
            format!("the chain has {certificates} certificates, more than the {} accepted", limits.chain_certificates),
        ));
    }
    Ok(())
}

fn no_certificate() -> Failure {
    Failure::new(Code::CertificateChainInvalid, "the envelope has no certificate")
}
