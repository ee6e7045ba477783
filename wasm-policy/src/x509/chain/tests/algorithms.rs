//! How certificates may be signed.

use super::*;

#[test]
fn every_accepted_algorithm_verifies() {
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        for (key, algorithm) in [
            (Key::rsa(2048), Algorithm::Pkcs1v15(hash)),
            (Key::rsa(2048), Algorithm::Pss(hash, hash.digest(b"").len())),
            (Key::p256("root"), Algorithm::Ecdsa(hash)),
            (Key::p384("root"), Algorithm::Ecdsa(hash)),
            (Key::p521("root"), Algorithm::Ecdsa(hash)),
        ] {
            let root = authority("root").key(&key).signed_with(&key, algorithm).build();
            let leaf = certificate().issued_by(&root).signed_with(&key, algorithm).build();
            assert_accepted(&[&leaf, &root]);
        }
    }
}

#[test]
fn sha_1_is_refused_on_every_certificate_of_a_chain() {
    for (key, algorithm) in
        [(Key::rsa(2048), Algorithm::Pkcs1v15(Hash::Sha1)), (Key::p256("key"), Algorithm::Ecdsa(Hash::Sha1))]
    {
        let alone = certificate().key(&key).signed_with(&key, algorithm).build();
        assert_refused(&[&alone], Code::CertificateChainInvalid, "SHA-1");
        let root = authority("root").key(&key).build();
        let leaf = certificate().issued_by(&root).signed_with(&key, algorithm).build();
        assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "SHA-1");
        let weak_root = authority("root").key(&key).signed_with(&key, algorithm).build();
        let leaf = certificate().issued_by(&weak_root).build();
        assert_refused(&[&leaf, &weak_root], Code::CertificateChainInvalid, "SHA-1");
    }
}

#[test]
fn md5_and_unknown_algorithms_are_refused() {
    for (oid, rule) in [
        ("1.2.840.113549.1.1.4", "MD5"),
        ("1.2.840.113549.1.1.14", "algorithm 1.2.840.113549.1.1.14"),
        ("1.2.840.10045.4.3.1", "algorithm 1.2.840.10045.4.3.1"),
        ("1.3.101.112", "algorithm 1.3.101.112"),
        ("1.2.840.10040.4.3", "algorithm 1.2.840.10040.4.3"),
    ] {
        let alone = certificate().algorithm(der::sequence(&[&der::oid(oid), der::NULL])).build();
        assert_refused(&[&alone], Code::CertificateChainInvalid, rule);
    }
}

#[test]
fn an_algorithm_that_does_not_fit_the_issuers_key_is_refused() {
    let root = authority("root").build();
    let leaf = certificate().issued_by(&root).algorithm(Algorithm::Pkcs1v15(Hash::Sha256).identifier()).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "signature of the certificate CN=build");
}

#[test]
fn a_hash_that_was_not_used_is_refused() {
    let root = authority("root").build();
    let leaf = certificate().issued_by(&root).algorithm(Algorithm::Ecdsa(Hash::Sha384).identifier()).build();
    assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "signature of the certificate CN=build");
}

#[test]
fn pss_parameters_that_weaken_or_contradict_are_refused() {
    let key = Key::rsa(2048);
    let root = authority("root").key(&key).build();
    let [sha1, sha256, sha384] = [Hash::Sha1, Hash::Sha256, Hash::Sha384].map(Hash::identifier);
    let signed = |salt_len, identifier| {
        let pss = Algorithm::Pss(Hash::Sha256, salt_len);
        certificate().issued_by(&root).signed_with(&key, pss).algorithm(identifier).build()
    };
    assert_accepted(&[&signed(32, pss_identifier(&sha256, &sha256, 32, 1)), &root]);
    for leaf in [
        // A salt that is shorter than the hash, and one that is not the stated one.
        signed(20, pss_identifier(&sha256, &sha256, 20, 1)),
        signed(32, pss_identifier(&sha256, &sha256, 20, 1)),
        signed(32, pss_identifier(&sha256, &sha384, 32, 1)),
        signed(32, pss_identifier(&sha1, &sha1, 20, 1)),
        signed(32, pss_identifier(&sha256, &sha256, 32, 2)),
        // No parameters at all, which would mean SHA-1.
        signed(32, der::sequence(&[&der::oid("1.2.840.113549.1.1.10")])),
        signed(32, der::sequence(&[&der::oid("1.2.840.113549.1.1.10"), &der::sequence(&[])])),
    ] {
        assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, "RSASSA-PSS");
    }
    let wrong_salt = signed(20, pss_identifier(&sha256, &sha256, 32, 1));
    assert_refused(&[&wrong_salt, &root], Code::CertificateChainInvalid, "signature of the certificate CN=build");
}

#[test]
fn algorithms_that_differ_inside_and_outside_of_what_is_signed_are_refused() {
    let outside = Algorithm::Ecdsa(Hash::Sha256).identifier();
    let inside = der::sequence(&[&der::oid("1.2.840.10045.4.3.2"), der::NULL]);
    let leaf = certificate().algorithm(outside).inner_algorithm(inside).build();
    assert_refused(&[&leaf], Code::CertificateMalformed, "two signature algorithms differ");
}

#[test]
fn an_ecdsa_signature_that_is_not_strict_der_is_refused() {
    let root = authority("root").build();
    let good = certificate().issued_by(&root);
    let raw = {
        let made = good.clone().build();
        let start = made.der.len() - 64;
        made.der[start..].to_vec()
    };
    let one = der::positive_integer(&[1]);
    let rule = "signature of the certificate CN=build";
    for signature in [
        raw,
        Vec::new(),
        der::sequence(&[&one]),
        der::sequence(&[&one, &one, &one]),
        der::sequence(&[&der::positive_integer(&[0]), &one]),
        der::sequence(&[&der::element(der::INTEGER, &[0xff]), &one]),
        der::sequence(&[&der::positive_integer(&[0xff; 33]), &one]),
    ] {
        let leaf = good.clone().signature(signature).build();
        assert_refused(&[&leaf, &root], Code::CertificateChainInvalid, rule);
    }
}

#[test]
fn parameters_of_an_algorithm_are_absent_or_null() {
    let identifier = |parameters: &[u8]| der::sequence(&[&der::oid("1.2.840.10045.4.3.2"), parameters]);
    for parameters in [&b""[..], der::NULL] {
        assert_accepted(&[&certificate().algorithm(identifier(parameters)).build()]);
    }
    for parameters in [&b"\x05\x01\x00"[..], b"\x30\x00", b"\x05\x00\x05\x00", b"\x06\x01\x2a"] {
        let alone = certificate().algorithm(identifier(parameters)).build();
        assert_refused(&[&alone], Code::CertificateMalformed, "its signature algorithm has parameters");
    }
}
