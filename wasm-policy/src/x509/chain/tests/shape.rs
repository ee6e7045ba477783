//! What makes a list of certificates a chain: order, completeness, one root.

use super::*;

#[test]
fn chains_of_one_two_and_three_are_accepted() {
    let [leaf, intermediate, root] = chain_of_three();
    assert_accepted(&[&leaf, &intermediate, &root]);
    assert_accepted(&[&certificate().issued_by(&root).build(), &root]);
    assert_accepted(&[&certificate().build()]);
}

#[test]
fn a_chain_without_certificates_is_refused() {
    assert_refused(&[], Code::CertificateChainInvalid, "no certificates");
}

#[test]
fn a_reversed_chain_is_refused() {
    let [leaf, intermediate, root] = chain_of_three();
    assert_refused(&[&root, &intermediate, &leaf], Code::CertificateChainInvalid, "not issued by the next");
    assert_refused(&[&intermediate, &leaf, &root], Code::CertificateChainInvalid, "not issued by the next");
}

#[test]
fn a_certificate_that_occurs_twice_is_refused() {
    let [leaf, intermediate, root] = chain_of_three();
    let twice = "occurs twice";
    assert_refused(&[&leaf, &leaf, &intermediate, &root], Code::CertificateChainInvalid, twice);
    assert_refused(&[&leaf, &intermediate, &intermediate, &root], Code::CertificateChainInvalid, twice);
    assert_refused(&[&leaf, &intermediate, &root, &root], Code::CertificateChainInvalid, twice);
}

#[test]
fn a_chain_that_ends_at_an_intermediate_is_refused() {
    let [leaf, intermediate, _] = chain_of_three();
    assert_refused(&[&leaf, &intermediate], Code::CertificateChainInvalid, "not a self-signed root");
    assert_refused(&[&leaf], Code::CertificateChainInvalid, "not a self-signed root");
}

#[test]
fn an_unrelated_root_at_the_end_is_refused() {
    let [leaf, intermediate, root] = chain_of_three();
    let other = authority("other").build();
    let rule = "not issued by the next";
    assert_refused(&[&leaf, &intermediate, &root, &other], Code::CertificateChainInvalid, rule);
    assert_refused(&[&leaf, &intermediate, &other], Code::CertificateChainInvalid, rule);
}

#[test]
fn a_second_root_of_the_same_name_at_the_end_is_refused() {
    let [leaf, intermediate, root] = chain_of_three();
    let namesake = authority("root").key(&Key::p256("another")).build();
    assert_refused(
        &[&leaf, &intermediate, &root, &namesake],
        Code::CertificateChainInvalid,
        "signature of the certificate CN=root",
    );
}

#[test]
fn a_root_before_the_end_is_refused_though_the_next_signs_it_too() {
    // Both roots have one key and one name, so that every signature is right: only the serial numbers differ.
    let root = authority("root").build();
    let reissued = authority("root").serial(&[2]).build();
    let leaf = certificate().issued_by(&root).build();
    assert_refused(&[&leaf, &root, &reissued], Code::CertificateChainInvalid, "self-signed but not the last");
}

#[test]
fn a_self_signed_leaf_before_a_root_is_refused() {
    let root = authority("root").build();
    let leaf = certificate().subject("C=US, ST=WA, O=acme, CN=root").key(&root.key).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "self-signed but not the last");
}

#[test]
fn more_certificates_than_the_limit_are_refused() {
    let mut chain = vec![authority("ca0").build()];
    for position in 1..16 {
        chain.push(authority(&format!("ca{position}")).issued_by(&chain[position - 1]).build());
    }
    let leaf = certificate().issued_by(&chain[14]).build();
    let mut accepted: Vec<&Made> = chain[..15].iter().rev().collect();
    accepted.insert(0, &leaf);
    assert_accepted(&accepted);
    let leaf = certificate().issued_by(&chain[15]).build();
    let mut refused: Vec<&Made> = chain.iter().rev().collect();
    refused.insert(0, &leaf);
    assert_refused(&refused, Code::CertificateChainInvalid, "17 certificates");
}
