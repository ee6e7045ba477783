//! Who has signed: identities, trust stores, schemes and plugins, on certificates made for the purpose.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::{Signature, World};
use image_integrity_test_maker::{Key, Made, authority, certificate, chain_of_three, der, jws, name};
use serde_json::json;

/// An image that the chain has signed, and that trusts the last certificate of it.
fn signed_by(chain: &[Made]) -> World {
    signed_in(chain, |builder| builder)
}

/// The same with a change of the envelope.
fn signed_in(chain: &[Made], change: impl FnOnce(jws::JwsBuilder) -> jws::JwsBuilder) -> World {
    let world = World::signed();
    let payload = json!({ "targetArtifact": world.image["subject"] }).to_string();
    let envelope = change(jws::jws(chain).payload(payload.as_bytes())).build();
    let signature = Signature { envelope, ..world.signature() };
    trusting(world.unsigned().attach(&signature), chain.last().unwrap())
}

fn trusting(mut world: World, certificate: &Made) -> World {
    world.verifier()["trustStores"]["ca:acme"] = json!([certificate.pem()]);
    world
}

fn identity(world: World, identity: &str) -> String {
    world.with_statement("trustedIdentities", json!([identity])).code()
}

/// A chain of three whose leaf has that subject.
fn with_subject(subject: Vec<u8>) -> [Made; 3] {
    let [_, intermediate, root] = chain_of_three();
    [certificate().subject_der(subject).issued_by(&intermediate).build(), intermediate, root]
}

/// Tags of ASN.1 strings (X.680).
const BMP: u8 = 0x1e;
const TELETEX: u8 = 0x14;

const ACME: &str = "x509.subject: C=US, ST=WA, O=acme";

#[test]
fn a_made_chain_is_as_good_as_one_of_notation_go() {
    assert_eq!(identity(signed_by(&chain_of_three()), ACME), "VERIFIED");
}

// P3
#[test]
fn a_leaf_with_a_repeated_attribute_type_matches_no_subject_identity() {
    for subject in [
        "C=US, ST=WA, O=evil, O=acme",
        "C=US, ST=WA, O=acme, O=evil",
        "C=US, ST=WA, O=acme, CN=a, CN=b",
        "C=US, ST=WA, O=acme, E=a, E=b",
        "C=US, ST=WA, O=acme+O=evil",
    ] {
        let chain = with_subject(name::from_text(subject));
        assert_eq!(identity(signed_by(&chain), ACME), "IDENTITY_MISMATCH", "{subject}");
        assert_eq!(identity(signed_by(&chain), "*"), "VERIFIED", "{subject}");
    }
}

// P3
#[test]
fn values_are_compared_byte_for_byte_as_utf_8() {
    let subject = |tag, organization: &[u8]| {
        with_subject(name::from_rdns(&[
            &[("2.5.4.6", der::PRINTABLE_STRING, b"US")],
            &[("2.5.4.8", der::UTF8_STRING, b"WA")],
            &[("2.5.4.10", tag, organization)],
        ]))
    };
    for (tag, organization, code) in [
        (der::PRINTABLE_STRING, &b"acme"[..], "VERIFIED"),
        (BMP, b"\0a\0c\0m\0e", "VERIFIED"),
        (TELETEX, b"acme", "VERIFIED"),
        (der::UTF8_STRING, b"acme ", "IDENTITY_MISMATCH"),
        (der::UTF8_STRING, b"ACME", "IDENTITY_MISMATCH"),
        (der::UTF8_STRING, "\u{430}cme".as_bytes(), "IDENTITY_MISMATCH"),
        (der::UTF8_STRING, b"acme\0", "IDENTITY_MISMATCH"),
        (der::UTF8_STRING, b"acme\xff", "IDENTITY_MISMATCH"),
        (der::UTF8_STRING, b"", "IDENTITY_MISMATCH"),
    ] {
        assert_eq!(
            identity(signed_by(&subject(tag, organization)), ACME),
            code,
            "{tag:#x} {}",
            organization.escape_ascii()
        );
    }
    let accented = subject(TELETEX, b"Z\xfcrich");
    assert_eq!(identity(signed_by(&accented), "x509.subject: C=US, ST=WA, O=Z\\C3\\BCrich"), "VERIFIED");
}

#[test]
fn a_leaf_without_a_mandatory_attribute_matches_no_subject_identity() {
    for subject in ["C=US, ST=WA, CN=acme", "ST=WA, O=acme", "C=US, O=acme", "CN=acme", ""] {
        assert_eq!(
            identity(signed_by(&with_subject(name::from_text(subject))), ACME),
            "IDENTITY_MISMATCH",
            "{subject}"
        );
    }
}

// A trap for users of public CAs: other verifiers refuse such leaves but under `*`.
#[test]
fn attributes_of_unknown_types_in_the_leaf_do_not_matter() {
    let chain = with_subject(name::from_text("C=US, ST=WA, O=acme, E=build@acme.example"));
    assert_eq!(identity(signed_by(&chain), ACME), "VERIFIED");
}

#[test]
fn the_attributes_of_a_multi_valued_rdn_count_each() {
    let chain = with_subject(name::from_text("C=US+ST=WA, O=acme+OU=build"));
    assert_eq!(identity(signed_by(&chain), "x509.subject: C=US, ST=WA, O=acme, OU=build"), "VERIFIED");
}

#[test]
fn trust_in_any_certificate_of_the_chain_is_trust_and_in_a_namesake_is_none() {
    let chain = chain_of_three();
    let [_, intermediate, _] = &chain;
    assert_eq!(trusting(signed_by(&chain), intermediate).code(), "VERIFIED");
    let namesake = authority("root").key(&Key::p256("another root")).build();
    assert_eq!(trusting(signed_by(&chain), &namesake).code(), "CERTIFICATE_UNTRUSTED");
}

// E4
#[test]
fn a_trusted_certificate_appended_to_a_strangers_chain_is_no_trust() {
    let stranger = chain_of_three();
    let trusted = authority("trusted").build();
    let [leaf, intermediate, root] = stranger;
    let world = signed_by(&[leaf.clone(), intermediate.clone(), root.clone(), trusted.clone()]);
    assert_eq!(world.code(), "CERTIFICATE_CHAIN_INVALID");
    let world = trusting(signed_by(&[leaf, intermediate]), &trusted);
    assert_eq!(world.code(), "CERTIFICATE_CHAIN_INVALID", "cut short at an intermediate");
}

#[test]
fn a_store_holds_authorities_and_self_signed_certificates_only() {
    let chain = chain_of_three();
    let [leaf, _, _] = &chain;
    assert_eq!(trusting(signed_by(&chain), leaf).code(), "TRUST_STORE_INVALID");
    let alone = certificate().build();
    assert_eq!(signed_by(core::slice::from_ref(&alone)).code(), "VERIFIED", "a self-signed leaf is its own anchor");
}

#[test]
fn a_ca_store_does_not_vouch_for_a_signing_authority() {
    let chain = chain_of_three();
    assert_eq!(signed_in(&chain, jws::JwsBuilder::signing_authority).code(), "CERTIFICATE_UNTRUSTED");
    let mut world = signed_in(&chain, jws::JwsBuilder::signing_authority)
        .with_statement("trustStores", json!(["signingAuthority:acme"]));
    world.verifier()["trustStores"] = json!({ "signingAuthority:acme": [chain[2].pem()] });
    assert_eq!(world.code(), "VERIFIED");
}

#[test]
fn a_signature_that_needs_a_plugin_fails_at_every_level_but_skip() {
    let plugin = "io.cncf.notary.verificationPlugin";
    for level in ["strict", "permissive", "audit"] {
        let world = signed_in(&chain_of_three(), |builder| {
            builder.protected(plugin, r#""example""#).critical(&["io.cncf.notary.signingScheme", plugin])
        });
        assert_eq!(
            world.with_statement("signatureVerification", json!({ "level": level })).code(),
            "PLUGIN_UNSUPPORTED",
            "{level}"
        );
    }
}

// P8, as far as it goes without OCSP: nothing is asked for, whoever signed.
#[test]
fn urls_in_a_strangers_certificates_are_not_asked_for() {
    let [_, intermediate, root] = chain_of_three();
    let leaf = certificate()
        .ocsp_url("http://169.254.169.254/")
        .crl_url("http://attacker.example/crl")
        .issued_by(&intermediate)
        .build();
    let chain = [leaf, intermediate, root];
    assert_eq!(signed_by(&chain).code(), "REVOCATION_UNKNOWN");
    let (_, verdict, rounds) = trusting(signed_by(&chain), &authority("another").build()).rounds();
    assert_eq!(verdict["images"]["registry.example/app:v1"]["code"], "CERTIFICATE_UNTRUSTED");
    assert!(rounds.iter().flatten().all(|need| need.get("url").is_none()));
}

#[test]
fn names_from_outside_are_escaped_and_cut_in_messages() {
    let subject = name::from_text(&format!("C=US, ST=WA, O=a\u{202e}\u{7}\n{}, CN=x", "y".repeat(5_000)));
    let verdict = signed_by(&with_subject(subject)).with_statement("trustedIdentities", json!([ACME])).verdict();
    let message = verdict["message"].as_str().unwrap();
    assert_eq!(verdict["code"], "IDENTITY_MISMATCH");
    assert!(message.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{message}");
    assert!(message.len() < 2_000, "{} bytes", message.len());
    let told = verdict["verifierReports"][0]["extensions"]["SN"].as_str().unwrap();
    assert!(told.ends_with('…') && told.len() < 1_000, "{told}");
}
