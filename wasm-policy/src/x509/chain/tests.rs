//! Each rule of a chain, broken by itself. The defence that a test guards is the rule in its name.

mod algorithms;
mod any_bytes;
mod issuer;
mod leaf;
mod messages;
mod names_and_keys;
mod not_evaluated;
mod official;
mod shape;

use image_integrity_test_maker::{
    Algorithm, CertificateBuilder, Hash, Key, Made, authority, certificate, chain_of_three, der, ec_spki,
    pss_identifier, rsa_spki,
};

use super::*;
use crate::{crypto::RustCrypto, limits::Limits, x509::pem};

fn verify_within(limits: &Limits, chain: &[&Made]) -> Result<String, Failure> {
    let certificates = chain.iter().map(|made| Certificate::parse(&made.der, limits)).collect::<Result<Vec<_>, _>>()?;
    let chain = CodeSigningChain::verify(certificates, &mut Verifier::new(&RustCrypto, limits))?;
    Ok(chain.leaf().subject().to_string())
}

/// The code of the failure, and the message for the failure of a test.
#[track_caller]
fn assert_refused(chain: &[&Made], code: Code, rule: &str) {
    let failure = verify_within(&Limits::default(), chain).expect_err("the chain is refused");
    assert_eq!(failure.code, code, "{failure}");
    assert!(failure.message.contains(rule), "{failure}");
}

#[track_caller]
fn assert_accepted(chain: &[&Made]) {
    verify_within(&Limits::default(), chain).expect("the chain is accepted");
}

/// A leaf and a root with something changed about the leaf.
#[track_caller]
fn assert_leaf_refused(change: impl Fn(CertificateBuilder) -> CertificateBuilder, code: Code, rule: &str) {
    let root = authority("root").build();
    assert_accepted(&[&certificate().issued_by(&root).build(), &root]);
    assert_refused(&[&change(certificate()).issued_by(&root).build(), &root], code, rule);
    // A chain of one is held to the same rules.
    assert_refused(&[&change(certificate()).build()], code, rule);
}

/// A leaf, an intermediate and a root with something changed about the intermediate.
#[track_caller]
fn assert_intermediate_refused(change: impl Fn(CertificateBuilder) -> CertificateBuilder, code: Code, rule: &str) {
    let root = authority("root").build();
    let intermediate = change(authority("intermediate")).issued_by(&root).build();
    let leaf = certificate().issued_by(&intermediate).build();
    assert_refused(&[&leaf, &intermediate, &root], code, rule);
}
