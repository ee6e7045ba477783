//! Links are by name and by key, both.

use super::*;

#[test]
fn an_issuer_of_the_right_name_with_another_key_is_refused() {
    let [leaf, _, root] = chain_of_three();
    let namesake = authority("intermediate").key(&Key::p256("another")).issued_by(&root).build();
    assert_refused(&[&leaf, &namesake, &root], Code::CertificateChainInvalid, "signature of the certificate CN=build");
}

#[test]
fn an_issuer_of_the_right_key_with_another_name_is_refused() {
    let root = authority("root").build();
    let leaf = certificate().issuer("CN=other").signed_by(&root.key).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "not issued by the next");
}

#[test]
fn names_that_read_alike_but_differ_in_their_bytes_do_not_link() {
    use image_integrity_test_maker::name::from_rdns;
    let root = authority("root").subject_der(from_rdns(&[&[("2.5.4.3", der::PRINTABLE_STRING, b"root")]])).build();
    let leaf = certificate().issuer("CN=root").signed_by(&root.key).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "not issued by the next");
}

#[test]
fn a_root_that_only_claims_to_be_self_signed_is_refused() {
    let root = authority("root").signed_by(&Key::p256("another")).build();
    let leaf = certificate().issued_by(&root).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "whose signature is not its own");
    let alone = certificate().signed_by(&Key::p256("another")).build();
    assert_refused(&[&alone], Code::CertificateChainInvalid, "whose signature is not its own");
}

#[test]
fn a_leaf_may_have_the_name_of_its_issuer() {
    let root = authority("root").build();
    let leaf = certificate().subject("C=US, ST=WA, O=acme, CN=root").issued_by(&root).build();
    assert_accepted(&[&leaf, &root]);
}

#[test]
fn an_intermediate_may_have_the_name_or_the_key_of_the_root() {
    let root = authority("root").build();
    let namesake = authority("root").key(&Key::p256("another")).issued_by(&root).build();
    assert_accepted(&[&certificate().issued_by(&namesake).build(), &namesake, &root]);
    let same_key = authority("intermediate").key(&root.key).issued_by(&root).build();
    assert_accepted(&[&certificate().issued_by(&same_key).build(), &same_key, &root]);
}

#[test]
fn a_root_that_another_root_has_cross_signed_is_accepted_below_that_root_only() {
    let (old, new) = (authority("old").build(), authority("new").build());
    let cross = authority("new").issued_by(&old).build();
    let leaf = certificate().issued_by(&new).build();
    assert_accepted(&[&leaf, &new]);
    assert_accepted(&[&leaf, &cross, &old]);
    assert_refused(&[&leaf, &cross], Code::CertificateChainInvalid, "not a self-signed root");
    assert_refused(&[&leaf, &new, &old], Code::CertificateChainInvalid, "not issued by the next");
}

#[test]
fn an_altered_certificate_is_refused() {
    let [mut leaf, intermediate, root] = chain_of_three();
    let at = leaf.der.windows(5).position(|window| window == b"build").unwrap();
    leaf.der[at] = b'B';
    assert_refused(
        &[&leaf, &intermediate, &root],
        Code::CertificateChainInvalid,
        "signature of the certificate CN=Build",
    );
}
