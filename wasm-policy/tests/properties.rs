//! Whatever the bytes: an answer, never a panic, and never a success that was not signed for.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::{Layout, Signature, World, cases};
use proptest::prelude::*;
use serde_json::{Value, json};

fn answer(input: &[u8]) -> Value {
    let bytes = wasm_policy::verify(input);
    let verdict: Value = serde_json::from_slice(&bytes).expect("the output is JSON");
    assert_eq!(verdict["apiVersion"], "image-integrity/v1");
    verdict
}

fn is_verified(verdict: &Value) -> bool {
    verdict["images"].as_object().unwrap().values().any(|image| image["isSuccess"] == true)
}

/// A place in the bytes, and what to put there.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8)> {
    (any::<prop::sample::Index>(), any::<u8>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(!is_verified(&answer(&bytes)));
    }

    #[test]
    fn any_bytes_as_a_rego_literal_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let verdict = wasm_policy::evaluate(&bytes, wasm_policy::text::Notation::Rego);
        prop_assert!(verdict.error.is_some());
    }

    #[test]
    fn any_bytes_as_a_manifest_are_no_signature(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let world = World::signed().unsigned().list(bytes, &"application/vnd.cncf.notary.signature".into());
        prop_assert_eq!(world.code(), "MANIFEST_INVALID");
    }

    #[test]
    fn any_bytes_as_an_envelope_are_no_signature(bytes in prop::collection::vec(any::<u8>(), 0..256), cose in any::<bool>()) {
        let mut signature = World::signed().signature();
        signature.envelope = bytes;
        if cose {
            signature.manifest["layers"][0]["mediaType"] = "application/cose".into();
        }
        let code = World::signed().unsigned().attach(&signature).code();
        prop_assert_eq!(code, "ENVELOPE_MALFORMED");
    }

    #[test]
    fn any_bytes_as_a_trusted_certificate_are_none(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let mut world = World::signed();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(bytes));
        world.verifier()["trustStores"]["ca:acme"] = json!([pem]);
        prop_assert_eq!(world.code(), "TRUST_STORE_INVALID");
    }

    #[test]
    fn an_input_with_a_byte_changed_is_answered(case in any::<prop::sample::Index>(), (place, byte) in change()) {
        let cases = cases_once();
        let mut input = case.get(cases).clone();
        if !input.is_empty() {
            *place.get_mut(&mut input) = byte;
        }
        answer(&input);
    }

    // Only what the signature does not cover may change without a consequence: the unprotected header, and space.
    #[test]
    fn an_envelope_with_a_byte_changed_is_verified_only_for_the_same_payload_and_chain((place, byte) in change(), cose in any::<bool>()) {
        let world = World::of("notation-go", if cose { "rsa2048-cose-x509" } else { "rsa2048-jws-x509" }, "keys/rsa2048.root.pem");
        let mut signature: Signature = world.signature();
        *place.get_mut(&mut signature.envelope) = byte;
        let verdict = world.clone().unsigned().attach(&signature).verdict();
        if verdict["isSuccess"] == true {
            let original = world.verdict();
            prop_assert_eq!(&verdict["subject"], &original["subject"]);
            prop_assert_eq!(&verdict["verifierReports"][0]["extensions"], &original["verifierReports"][0]["extensions"]);
        }
    }
}

fn cases_once() -> &'static [Vec<u8>] {
    static CASES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    CASES.get_or_init(|| cases().into_iter().map(|case| case.input).collect())
}

#[test]
fn blobs_that_nothing_refers_to_are_not_read() {
    let mut world = World::signed();
    world.blobs.insert("sha256:x".to_owned(), b"rubbish".to_vec());
    assert_eq!(Layout::open("notation-go/layout").referrers("sha256:x"), Vec::<Value>::new());
    assert_eq!(answer(&world.input_with(&world.blobs))["images"][&world.key]["code"], "VERIFIED");
}
