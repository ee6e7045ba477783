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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use image_integrity_test_maker::{Algorithm, Hash as MadeHash, Key, Made, authority, certificate, chain_of_three};

    use super::*;
    use crate::{code::Code, crypto::RustCrypto, x509::CodeSigningChain};

    /// Counts what is asked of the module's provider.
    #[derive(Default)]
    struct Counting {
        verifications: Cell<u32>,
    }

    impl Provider for Counting {
        fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Digest {
            RustCrypto.digest(hash, parts)
        }

        fn verify(&self, key: &PublicKey<'_>, scheme: SignatureScheme, digest: &Digest, signature: &[u8]) -> bool {
            self.verifications.set(self.verifications.get() + 1);
            RustCrypto.verify(key, scheme, digest, signature)
        }
    }

    fn verify_chain(chain: &[&Made], verifier: &mut Verifier<'_>) -> Result<(), Code> {
        let limits = Limits::default();
        let certificates = chain.iter().map(|made| Certificate::parse(&made.der, &limits).unwrap()).collect();
        CodeSigningChain::verify(certificates, verifier).map(drop).map_err(|failure| failure.code)
    }

    #[test]
    fn a_chain_of_three_costs_three_verifications_and_the_same_chain_again_none() {
        let (provider, limits) = (Counting::default(), Limits::default());
        let mut verifier = Verifier::new(&provider, &limits);
        let [leaf, intermediate, root] = chain_of_three();
        for _ in 0..2 {
            assert_eq!(verify_chain(&[&leaf, &intermediate, &root], &mut verifier), Ok(()));
            assert_eq!(provider.verifications.get(), 3);
        }
        let other_leaf = certificate().serial(&[9]).issued_by(&intermediate).build();
        assert_eq!(verify_chain(&[&other_leaf, &intermediate, &root], &mut verifier), Ok(()));
        assert_eq!(provider.verifications.get(), 4);
    }

    #[test]
    fn what_was_verified_with_one_key_is_not_taken_as_verified_with_another() {
        let (provider, limits) = (Counting::default(), Limits::default());
        let mut verifier = Verifier::new(&provider, &limits);
        let root = authority("root").build();
        let leaf = certificate().issued_by(&root).build();
        assert_eq!(verify_chain(&[&leaf, &root], &mut verifier), Ok(()));
        let namesake = authority("root").key(&Key::p256("another")).build();
        assert_eq!(verify_chain(&[&leaf, &namesake], &mut verifier), Err(Code::CertificateChainInvalid));
    }

    #[test]
    fn a_certificate_that_was_refused_is_refused_again() {
        let (provider, limits) = (Counting::default(), Limits::default());
        let mut verifier = Verifier::new(&provider, &limits);
        let forged = certificate().signed_by(&Key::p256("another")).build();
        for _ in 0..2 {
            assert_eq!(verify_chain(&[&forged], &mut verifier), Err(Code::CertificateChainInvalid));
        }
    }

    #[test]
    fn the_budget_is_spent_before_the_work_and_by_the_size_of_the_key() {
        let key = Key::rsa(4096);
        let spki = key.spki();
        let public = PublicKey::parse(&spki, &Limits::default()).unwrap();
        let signature = key.sign(Algorithm::Pss(MadeHash::Sha512, 64), b"message");
        let provider = Counting::default();
        let verify = |verifier: &mut Verifier<'_>| {
            let scheme = SignatureScheme::RsaPss { salt_len: 64 };
            verifier.is_signature(&public, scheme, Hash::Sha512, &[b"mes", b"sage"], &signature)
        };
        let enough = Limits { public_key_work: 8, ..Limits::default() };
        let mut verifier = Verifier::new(&provider, &enough);
        assert_eq!(verify(&mut verifier), Ok(true));
        assert_eq!(verify(&mut verifier), Ok(true));
        assert_eq!(verify(&mut verifier).unwrap_err().code, Code::BudgetExceeded);
        let too_little = Limits { public_key_work: 3, ..Limits::default() };
        assert_eq!(verify(&mut Verifier::new(&provider, &too_little)).unwrap_err().code, Code::BudgetExceeded);
        assert_eq!(provider.verifications.get(), 2);
    }

    #[test]
    fn rules_of_form_cost_no_verification() {
        let (provider, limits) = (Counting::default(), Limits::default());
        let mut verifier = Verifier::new(&provider, &limits);
        let root = authority("root").build();
        let leaf = certificate().without("2.5.29.15").issued_by(&root).build();
        assert_eq!(verify_chain(&[&leaf, &root], &mut verifier), Err(Code::CertificateNotAllowed));
        assert_eq!(verify_chain(&[&root, &leaf], &mut verifier), Err(Code::CertificateChainInvalid));
        assert_eq!(provider.verifications.get(), 0);
    }
}
