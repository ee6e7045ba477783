//! Certificates that issue others.

use super::*;

#[test]
fn an_issuer_without_basic_constraints_is_refused() {
    assert_intermediate_refused(
        |ca| ca.without("2.5.29.19"),
        Code::CertificateNotAllowed,
        "must have basic constraints",
    );
}

#[test]
fn an_issuer_of_version_1_is_refused() {
    assert_intermediate_refused(
        |ca| ca.version(None).without_extensions(),
        Code::CertificateNotAllowed,
        "must have basic constraints",
    );
}

#[test]
fn an_issuer_whose_basic_constraints_are_not_critical_is_refused() {
    for critical in [None, Some(false)] {
        assert_intermediate_refused(
            |ca| ca.marked("2.5.29.19", critical),
            Code::CertificateNotAllowed,
            "basic constraints that are not critical",
        );
    }
}

#[test]
fn an_issuer_that_is_no_ca_is_refused() {
    assert_intermediate_refused(|ca| ca.basic_constraints(false, None), Code::CertificateNotAllowed, "is not a CA");
}

#[test]
fn an_issuer_without_a_key_usage_is_refused() {
    assert_intermediate_refused(|ca| ca.without("2.5.29.15"), Code::CertificateNotAllowed, "must have a key usage");
}

#[test]
fn an_issuer_whose_key_usage_is_not_critical_is_refused() {
    assert_intermediate_refused(
        |ca| ca.marked("2.5.29.15", None),
        Code::CertificateNotAllowed,
        "key usage that is not critical",
    );
}

#[test]
fn an_issuer_without_key_cert_sign_is_refused() {
    assert_intermediate_refused(|ca| ca.key_usage(&[0, 6]), Code::CertificateNotAllowed, "must have keyCertSign");
}

#[test]
fn a_root_is_held_to_the_rules_of_issuers() {
    let root = authority("root").marked("2.5.29.19", None).build();
    let leaf = certificate().issued_by(&root).build();
    assert_refused(&[&leaf, &root], Code::CertificateNotAllowed, "basic constraints that are not critical");
}

#[test]
fn a_path_length_is_kept_at_the_limit_and_refused_above_it() {
    for (path_len, accepted) in [(None, true), (Some(2), true), (Some(1), true), (Some(0), false)] {
        let root = authority("root").basic_constraints(true, path_len).build();
        let intermediate = authority("intermediate").basic_constraints(true, Some(0)).issued_by(&root).build();
        let leaf = certificate().issued_by(&intermediate).build();
        let chain = [&leaf, &intermediate, &root];
        if accepted {
            assert_accepted(&chain);
        } else {
            assert_refused(
                &chain,
                Code::CertificateNotAllowed,
                "allows 0 CA certificates below it, and the chain has 1",
            );
        }
    }
}

#[test]
fn a_path_length_counts_intermediates_of_the_roots_own_name() {
    let root = authority("root").basic_constraints(true, Some(0)).build();
    let namesake = authority("root").key(&Key::p256("another")).issued_by(&root).build();
    let leaf = certificate().issued_by(&namesake).build();
    assert_refused(&[&leaf, &namesake, &root], Code::CertificateNotAllowed, "allows 0 CA certificates");
}

#[test]
fn an_issuer_with_a_small_rsa_key_is_refused() {
    for bits in [1024, 2047] {
        let rule = format!("an RSA key of {bits} bits; keys of CAs have at least 2048");
        assert_intermediate_refused(|ca| ca.key(&Key::rsa(bits)), Code::KeyUnsupported, &rule);
    }
}

#[test]
fn issuers_may_have_any_supported_key() {
    for key in [Key::rsa(2048), Key::rsa(3072), Key::rsa(4096), Key::p384("ca"), Key::p521("ca")] {
        let root = authority("root").key(&key).build();
        assert_accepted(&[&certificate().issued_by(&root).build(), &root]);
    }
}

#[test]
fn an_rsa_key_above_the_limit_is_refused_before_any_arithmetic() {
    let spki = rsa_spki(&[0xff; 1025], &[1, 0, 1]);
    assert_intermediate_refused(|ca| ca.spki(spki.clone()), Code::KeyUnsupported, "8200 bits is larger than the 8192");
}
