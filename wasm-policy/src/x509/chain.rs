//! Chains that may sign images (Notary Project signature specification, "Certificate requirements" and "Certificate chain validation").
//!
//! Leaf first, ending in a self-signed root, nothing missing and nothing extra. Cheap rules come before signatures, and every rule is about form:
//! times are not looked at, and trust is the trust policy's.

use super::{
    Certificate, Verifier,
    extensions::{BasicConstraints, KeyUsage, Marked},
};
use crate::{
    asn1::{Malformed, Oid},
    code::{Code, Failure},
    crypto::{KeyKind, PublicKey},
};

/// A chain that satisfies every rule for signing images. It exists only once that was checked.
#[derive(Clone, Debug)]
pub struct CodeSigningChain<'a> {
    leaf: Certificate<'a>,
    issuers: Vec<Certificate<'a>>,
    signing_key: PublicKey<'a>,
}

impl<'a> CodeSigningChain<'a> {
    /// Checks a chain as it was received, leaf first.
    ///
    /// # Errors
    /// [`Code::CertificateChainInvalid`] where the certificates are no chain, [`Code::CertificateNotAllowed`] where one has no right to its place,
    /// [`Code::KeyUnsupported`], [`Code::CertificateMalformed`] or [`Code::BudgetExceeded`]; the message names the certificate and the rule.
    pub fn verify(certificates: Vec<Certificate<'a>>, verifier: &mut Verifier<'_>) -> Result<Self, Failure> {
        check_links(&certificates, verifier.limits().chain_certificates)?;
        let mut certificates = certificates.into_iter();
        let Some(leaf) = certificates.next() else {
            return Err(Failure::new(Code::CertificateChainInvalid, "the signature has no certificates"));
        };
        let issuers: Vec<_> = certificates.collect();
        let signing_key = check_leaf(&leaf)?;
        for (below, issuer) in issuers.iter().enumerate() {
            check_issuer(issuer, below)?;
        }
        check_signatures(&leaf, &issuers, verifier)?;
        Ok(Self { leaf, issuers, signing_key })
    }

    /// The certificate of the signer.
    pub const fn leaf(&self) -> &Certificate<'a> {
        &self.leaf
    }

    /// The signer's key, one of the six kinds that may sign images.
    pub const fn signing_key(&self) -> &PublicKey<'a> {
        &self.signing_key
    }

    /// Every certificate, leaf first.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate<'a>> {
        core::iter::once(&self.leaf).chain(&self.issuers)
    }
}

fn broken(message: String) -> Failure {
    Failure::new(Code::CertificateChainInvalid, message)
}

fn not_allowed(certificate: &Certificate<'_>, rule: &str) -> Failure {
    Failure::new(Code::CertificateNotAllowed, format!("the certificate {certificate} {rule}"))
}

fn unreadable(certificate: &Certificate<'_>, extension: &str) -> impl Fn(Malformed) -> Failure {
    move |_| {
        let message = format!("the {extension} of the certificate {certificate} cannot be read");
        Failure::new(Code::CertificateMalformed, message)
    }
}

/// Each is issued by the name of the next, the last by its own, and none occurs twice.
fn check_links(certificates: &[Certificate<'_>], most: usize) -> Result<(), Failure> {
    if certificates.len() > most {
        return Err(broken(format!(
            "the chain has {} certificates, more than the {most} accepted",
            certificates.len()
        )));
    }
    for (position, certificate) in certificates.iter().enumerate() {
        if certificates.iter().skip(position + 1).any(|other| other.der() == certificate.der()) {
            return Err(broken(format!("the certificate {certificate} occurs twice in the chain")));
        }
        match certificates.get(position + 1) {
            Some(issuer) if certificate.issuer() != issuer.subject() => {
                return Err(broken(format!(
                    "the certificate {certificate} is not issued by the next in the chain, {issuer}"
                )));
            }
            None if !certificate.is_self_issued() => {
                return Err(broken(format!("the chain ends at {certificate}, which is not a self-signed root")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The rules of the certificate that signs images, whose key is given back.
fn check_leaf<'a>(leaf: &Certificate<'a>) -> Result<PublicKey<'a>, Failure> {
    let extensions = leaf.extensions();
    let constraints = extensions.basic_constraints().map_err(unreadable(leaf, "basic constraints"))?;
    if constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(not_allowed(leaf, "is a CA and must not sign images"));
    }
    match extensions.key_usage().map_err(unreadable(leaf, "key usage"))? {
        None => return Err(not_allowed(leaf, "signs images, so it must have a key usage")),
        Some(usage) if !usage.critical => return Err(not_allowed(leaf, "has a key usage that is not critical")),
        Some(usage) if !usage.value.has(KeyUsage::DIGITAL_SIGNATURE) => {
            return Err(not_allowed(leaf, "signs images, so its key usage must have digitalSignature"));
        }
        Some(usage) => {
            if let Some((_, name)) = KeyUsage::NOT_OF_A_SIGNER.into_iter().find(|other| usage.value.has(*other)) {
                return Err(not_allowed(leaf, &format!("signs images, so its key usage must not have {name}")));
            }
        }
    }
    let purposes = extensions.extended_key_usage().map_err(unreadable(leaf, "extended key usage"))?;
    if let Some(name) = purposes.and_then(|purposes| purposes.value.into_iter().find_map(foreign_purpose)) {
        return Err(not_allowed(leaf, &format!("signs images, so its extended key usage must not have {name}")));
    }
    let key = leaf.public_key()?;
    if let KeyKind::OtherRsa(bits) = key.kind() {
        return Err(Failure::new(
            Code::KeyUnsupported,
            format!("the certificate {leaf} has an RSA key of {bits} bits; signing keys have 2048, 3072 or 4096"),
        ));
    }
    leaf.signature_algorithm()?;
    Ok(key)
}

/// The name of an extended key usage that a certificate which signs images must not have.
fn foreign_purpose(purpose: Oid<'_>) -> Option<&'static str> {
    match purpose.as_bytes() {
        [0x55, 0x1d, 37, 0] => Some("anyExtendedKeyUsage"),
        [0x2b, 6, 1, 5, 5, 7, 3, purpose] => match purpose {
            1 => Some("serverAuth"),
            2 => Some("clientAuth"),
            4 => Some("emailProtection"),
            8 => Some("timeStamping"),
            9 => Some("OCSPSigning"),
            _ => None,
        },
        _ => None,
    }
}

/// The rules of a certificate that issued another, with so many CA certificates below it.
fn check_issuer(issuer: &Certificate<'_>, below: usize) -> Result<(), Failure> {
    let extensions = issuer.extensions();
    match extensions.basic_constraints().map_err(unreadable(issuer, "basic constraints"))? {
        None => return Err(not_allowed(issuer, "issued another, so it must have basic constraints")),
        Some(Marked { critical: false, .. }) => {
            return Err(not_allowed(issuer, "has basic constraints that are not critical"));
        }
        Some(Marked { value: BasicConstraints { ca: false, .. }, .. }) => {
            return Err(not_allowed(issuer, "issued another but is not a CA"));
        }
        Some(Marked { value: BasicConstraints { path_len: Some(most), .. }, .. })
            if usize::try_from(most).is_ok_and(|most| most < below) =>
        {
            return Err(not_allowed(
                issuer,
                &format!("allows {most} CA certificates below it, and the chain has {below}"),
            ));
        }
        Some(_) => {}
    }
    match extensions.key_usage().map_err(unreadable(issuer, "key usage"))? {
        None => return Err(not_allowed(issuer, "issued another, so it must have a key usage")),
        Some(usage) if !usage.critical => return Err(not_allowed(issuer, "has a key usage that is not critical")),
        Some(usage) if !usage.value.has(KeyUsage::KEY_CERT_SIGN) => {
            return Err(not_allowed(issuer, "issued another, so its key usage must have keyCertSign"));
        }
        Some(_) => {}
    }
    if let KeyKind::OtherRsa(bits @ ..2048) = issuer.public_key()?.kind() {
        return Err(Failure::new(
            Code::KeyUnsupported,
            format!("the certificate {issuer} has an RSA key of {bits} bits; keys of CAs have at least 2048"),
        ));
    }
    issuer.signature_algorithm()?;
    Ok(())
}

/// Each is signed by the next, the last by itself, and no other is a root as well.
fn check_signatures(
    leaf: &Certificate<'_>,
    issuers: &[Certificate<'_>],
    verifier: &mut Verifier<'_>,
) -> Result<(), Failure> {
    let mut certificate = leaf;
    for issuer in issuers {
        if !verifier.is_signed_by(certificate, &issuer.public_key()?)? {
            return Err(broken(format!("the signature of the certificate {certificate} is not that of {issuer}")));
        }
        // By the signature, not by the name alone: a certificate may be issued by another of its own name.
        if certificate.is_self_signed(verifier)? {
            return Err(broken(format!("the certificate {certificate} is self-signed but not the last of the chain")));
        }
        certificate = issuer;
    }
    if certificate.is_self_signed(verifier)? {
        return Ok(());
    }
    Err(broken(format!("the chain ends at {certificate}, whose signature is not its own")))
}

#[cfg(test)]
mod tests;
