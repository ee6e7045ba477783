//! The certificate that signs images.

use super::*;

const DIGITAL_SIGNATURE: u8 = 0;

#[test]
fn a_leaf_that_is_a_ca_is_refused() {
    assert_leaf_refused(|leaf| leaf.basic_constraints(true, None), Code::CertificateNotAllowed, "is a CA");
}

#[test]
fn a_leaf_may_say_that_it_is_no_ca() {
    let root = authority("root").build();
    assert_accepted(&[&certificate().basic_constraints(false, None).issued_by(&root).build(), &root]);
}

#[test]
fn a_leaf_without_a_key_usage_is_refused() {
    assert_leaf_refused(|leaf| leaf.without("2.5.29.15"), Code::CertificateNotAllowed, "must have a key usage");
}

#[test]
fn a_leaf_whose_key_usage_is_not_critical_is_refused() {
    for critical in [None, Some(false)] {
        assert_leaf_refused(
            |leaf| leaf.marked("2.5.29.15", critical),
            Code::CertificateNotAllowed,
            "key usage that is not critical",
        );
    }
}

#[test]
fn a_leaf_without_digital_signature_is_refused() {
    assert_leaf_refused(|leaf| leaf.key_usage(&[1]), Code::CertificateNotAllowed, "must have digitalSignature");
    assert_leaf_refused(|leaf| leaf.key_usage(&[]), Code::CertificateNotAllowed, "must have digitalSignature");
}

#[test]
fn a_leaf_with_a_foreign_key_usage_is_refused() {
    for (bit, name) in [
        (2, "keyEncipherment"),
        (3, "dataEncipherment"),
        (4, "keyAgreement"),
        (5, "keyCertSign"),
        (6, "cRLSign"),
        (7, "encipherOnly"),
        (8, "decipherOnly"),
    ] {
        let rule = format!("must not have {name}");
        assert_leaf_refused(|leaf| leaf.key_usage(&[DIGITAL_SIGNATURE, bit]), Code::CertificateNotAllowed, &rule);
    }
}

#[test]
fn a_leaf_may_commit_to_content() {
    assert_accepted(&[&certificate().key_usage(&[DIGITAL_SIGNATURE, 1]).build()]);
}

#[test]
fn a_leaf_with_a_foreign_extended_key_usage_is_refused() {
    for (purpose, name) in [
        ("1.3.6.1.5.5.7.3.1", "serverAuth"),
        ("1.3.6.1.5.5.7.3.2", "clientAuth"),
        ("1.3.6.1.5.5.7.3.4", "emailProtection"),
        ("1.3.6.1.5.5.7.3.8", "timeStamping"),
        ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
        ("2.5.29.37.0", "anyExtendedKeyUsage"),
    ] {
        let rule = format!("must not have {name}");
        for purposes in [&["1.3.6.1.5.5.7.3.3", purpose][..], &[purpose]] {
            assert_leaf_refused(|leaf| leaf.extended_key_usage(purposes), Code::CertificateNotAllowed, &rule);
        }
    }
}

#[test]
fn a_leaf_may_have_no_extended_key_usage_or_a_private_one() {
    assert_accepted(&[&certificate().without("2.5.29.37").build()]);
    assert_accepted(&[&certificate().extended_key_usage(&["1.3.6.1.4.1.311.10.3.13"]).build()]);
}

#[test]
fn an_evaluated_extension_that_cannot_be_read_is_refused() {
    for (oid, name) in
        [("2.5.29.15", "key usage"), ("2.5.29.19", "basic constraints"), ("2.5.29.37", "extended key usage")]
    {
        for value in [&b""[..], b"\x30\x01", b"\x05\x00", b"\x30\x80\x00\x00", b"\x30\x00\x00"] {
            let rule = format!("the {name} of the certificate CN=build");
            assert_leaf_refused(
                |leaf| leaf.without(oid).extension(oid, true, value.to_vec()),
                Code::CertificateMalformed,
                &rule,
            );
        }
    }
    let empty = |leaf: CertificateBuilder| leaf.extended_key_usage(&[]);
    assert_leaf_refused(empty, Code::CertificateMalformed, "the extended key usage");
}

#[test]
fn the_six_kinds_of_keys_sign_images() {
    let root = authority("root").build();
    for (key, kind) in [
        (Key::rsa(2048), KeyKind::Rsa2048),
        (Key::rsa(3072), KeyKind::Rsa3072),
        (Key::rsa(4096), KeyKind::Rsa4096),
        (Key::p256("leaf"), KeyKind::P256),
        (Key::p384("leaf"), KeyKind::P384),
        (Key::p521("leaf"), KeyKind::P521),
    ] {
        let leaf = certificate().key(&key).issued_by(&root).build();
        assert_accepted(&[&leaf, &root]);
        let limits = Limits::default();
        let chain = [&leaf, &root].map(|made| Certificate::parse(&made.der, &limits).unwrap());
        let chain = CodeSigningChain::verify(chain.into(), &mut Verifier::new(&RustCrypto, &limits)).unwrap();
        assert_eq!(chain.signing_key().kind(), kind);
    }
}

#[test]
fn rsa_of_any_other_size_signs_no_images() {
    for bits in [1024, 2047] {
        let rule = format!("an RSA key of {bits} bits");
        assert_leaf_refused(|leaf| leaf.key(&Key::rsa(bits)), Code::KeyUnsupported, &rule);
    }
    for bits in [2049, 3071, 3073, 4095, 4097, 8192] {
        let mut modulus = vec![0xff_u8; bits / 8 + usize::from(bits % 8 != 0)];
        modulus[0] >>= (8 - bits % 8) % 8;
        let spki = rsa_spki(&modulus, &[1, 0, 1]);
        let rule = format!("an RSA key of {bits} bits");
        assert_leaf_refused(|leaf| leaf.spki(spki.clone()), Code::KeyUnsupported, &rule);
    }
}

#[test]
fn other_curves_and_kinds_of_keys_sign_no_images() {
    let point = |width: usize| [&[4_u8][..], &vec![1; 2 * width]].concat();
    for (spki, rule) in [
        (ec_spki("1.2.840.10045.3.1.1", &point(24)), "1.2.840.10045.3.1.1 is not one of P-256"),
        (ec_spki("1.3.132.0.10", &point(32)), "1.3.132.0.10 is not one of P-256"),
        (ec_spki("1.3.132.0.33", &point(28)), "1.3.132.0.33 is not one of P-256"),
        (der::sequence(&[&der::sequence(&[&der::oid("1.3.101.112")]), &der::bits(&[1; 32])]), "algorithm 1.3.101.112"),
    ] {
        assert_leaf_refused(|leaf| leaf.spki(spki.clone()), Code::KeyUnsupported, rule);
    }
}
