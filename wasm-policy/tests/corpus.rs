//! Every input of the corpus has the outcome that is known of it.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::cases;
use serde_json::Value;

#[test]
fn every_case_has_its_code() {
    for case in cases() {
        let verdict: Value = serde_json::from_slice(&wasm_policy::verify(&case.input)).unwrap();
        let code = match verdict["images"].as_object().unwrap().values().next() {
            Some(image) => &image["code"],
            None => &verdict["error"]["code"],
        };
        assert_eq!(code, case.code, "{}: {verdict}", case.name);
    }
}

#[test]
fn every_verdict_is_canonical() {
    for case in cases() {
        let bytes = wasm_policy::verify(&case.input);
        let sorted: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), sorted.to_string(), "{}", case.name);
    }
}

#[test]
fn every_image_is_answered_for_also_where_the_document_is_refused() {
    for case in cases() {
        let Ok(input) = serde_json::from_slice::<Value>(&case.input) else { continue };
        let Some(images) = input["images"].as_object() else { continue };
        let verdict: Value = serde_json::from_slice(&wasm_policy::verify(&case.input)).unwrap();
        let answered: Vec<_> = verdict["images"].as_object().unwrap().keys().collect();
        assert_eq!(answered, images.keys().collect::<Vec<_>>(), "{}", case.name);
    }
}
