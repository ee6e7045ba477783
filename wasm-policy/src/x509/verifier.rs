//! Signature checks while one image is judged: paid for from one budget, and none made twice.

use std::collections::BTreeSet;

use super::Certificate;
use crate::{
    code::Failure,
    crypto::{Digest, Hash, KeyParts, Provider, PublicKey, RawSignature, SignatureScheme},
    limits::{Budget, Limits},
};

/// Checks signatures with one provider, and remembers the certificates it has found to be signed.
///
/// An image with fifty signatures of one signer costs its chain once.
pub struct Verifier<'p> {
    provider: &'p dyn Provider,
    limits: &'p Limits,
    budget: Budget,
    /// SHA-256 over an issuer's key and a certificate that it signed. Both are DER, so where one ends is clear.
    signed: BTreeSet<[u8; 32]>,
}

impl<'p> Verifier<'p> {
    /// A verifier with the whole budget of one image.
    pub const fn new(provider: &'p dyn Provider, limits: &'p Limits) -> Self {
        Self { provider, limits, budget: Budget::new(limits.public_key_work), signed: BTreeSet::new() }
    }

    /// The limits it was made with.
    pub const fn limits(&self) -> &'p Limits {
        self.limits
    }

    /// Whether the signature over the parts, one after the other, is the key's. The signature of ECDSA is r and s in fixed width.
    ///
    /// # Errors
    /// [`Code::BudgetExceeded`](crate::code::Code::BudgetExceeded), before any arithmetic.
    pub fn is_signature(
        &mut self,
        key: &PublicKey<'_>,
        scheme: SignatureScheme,
        hash: Hash,
        parts: &[&[u8]],
        signature: &[u8],
    ) -> Result<bool, Failure> {
        self.budget.spend(key.work())?;
        let digest = self.provider.digest(hash, parts);
        Ok(key.verify(self.provider, scheme, &digest, signature))
    }

    /// Whether the certificate is signed with the issuer's key, by an algorithm that is accepted.
    ///
    /// # Errors
    /// [`Code::BudgetExceeded`](crate::code::Code::BudgetExceeded), before any arithmetic.
    pub(super) fn is_signed_by(
        &mut self,
        certificate: &Certificate<'_>,
        issuer: &PublicKey<'_>,
    ) -> Result<bool, Failure> {
        let Ok(algorithm) = certificate.signature_algorithm() else { return Ok(false) };
        let pair = self.fingerprint(issuer, certificate);
        if pair.is_some_and(|pair| self.signed.contains(&pair)) {
            return Ok(true);
        }
        let (scheme, tbs) = (algorithm.scheme, [certificate.tbs()]);
        let signed = match (issuer.parts(), scheme) {
            (KeyParts::Ec { curve, .. }, SignatureScheme::Ecdsa) => {
                match RawSignature::from_der(curve, certificate.signature()) {
                    Some(raw) => self.is_signature(issuer, scheme, algorithm.hash, &tbs, raw.as_bytes())?,
                    None => false,
                }
            }
            _ => self.is_signature(issuer, scheme, algorithm.hash, &tbs, certificate.signature())?,
        };
        if let (true, Some(pair)) = (signed, pair) {
            self.signed.insert(pair);
        }
        Ok(signed)
    }

    fn fingerprint(&self, issuer: &PublicKey<'_>, certificate: &Certificate<'_>) -> Option<[u8; 32]> {
        let digest: Digest = self.provider.digest(Hash::Sha256, &[issuer.spki(), certificate.der()]);
        digest.as_bytes().try_into().ok()
    }
}
