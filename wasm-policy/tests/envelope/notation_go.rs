//! The envelopes that the official notation-go library signed (`tests/fixtures/notation-go`), each with what it must give.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use wasm_policy::{code::Code, envelope::payload::Payload, limits::Limits};

use super::learnt;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/notation-go")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

fn blob(digest: &str) -> Vec<u8> {
    fs::read(fixtures().join("layout/blobs").join(digest.replace(':', "/"))).unwrap()
}

/// The media types and bytes of the envelopes attached to a subject.
fn envelopes(index: &Value) -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let mut envelopes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for descriptor in index["manifests"].as_array().unwrap() {
        let manifest: Value = serde_json::from_slice(&blob(descriptor["digest"].as_str().unwrap())).unwrap();
        let (Some(subject), Some(layer)) = (manifest["subject"]["digest"].as_str(), manifest["layers"].get(0)) else {
            continue;
        };
        let (media_type, digest) = (layer["mediaType"].as_str().unwrap(), layer["digest"].as_str().unwrap());
        envelopes.entry(subject.to_owned()).or_default().push((media_type.to_owned(), blob(digest)));
    }
    envelopes
}

#[test]
fn every_envelope_of_notation_go_verifies_but_the_tampered() {
    let envelopes = envelopes(&json(&fixtures().join("layout/index.json")));
    let mut seen = 0;
    for case in json(&fixtures().join("cases.json")).as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let subject = case["subjectDigest"].as_str().unwrap();
        let signatures = envelopes.get(subject).map_or(&[][..], Vec::as_slice);
        assert_eq!(signatures.len() as u64, case["signatures"].as_u64().unwrap_or(0), "{name}");
        for (media_type, bytes) in signatures {
            seen += 1;
            let learnt = match learnt(media_type, bytes) {
                Err(code) => {
                    assert!(name.starts_with("tampered-"), "{name}: {code}");
                    assert_eq!(code, Code::SignatureInvalid, "{name}");
                    continue;
                }
                Ok(learnt) => learnt,
            };
            assert!(!name.starts_with("tampered-"), "{name}");
            assert_eq!(learnt.scheme.name(), case["scheme"], "{name}");
            assert_eq!(learnt.certificates as u64, case["chainLength"].as_u64().unwrap(), "{name}");
            assert_eq!(learnt.expiry.is_some(), name.starts_with("exp"), "{name}");
            assert_eq!(learnt.timestamp_token.is_some(), name.starts_with("timestamped-"), "{name}");
            let payload = Payload::parse(&learnt.payload, &Limits::default()).expect(name);
            assert_eq!(payload.digest == subject, !name.starts_with("wrong-payload-"), "{name}");
            assert_eq!(payload.media_type, case["subjectMediaType"], "{name}");
            for (key, value) in case["userMetadata"].as_object().into_iter().flatten() {
                assert_eq!(Some(payload.annotations[key].as_str()), value.as_str(), "{name}");
            }
        }
    }
    assert_eq!(seen, envelopes.values().map(Vec::len).sum::<usize>(), "every envelope belongs to a case");
}

#[test]
fn a_bit_that_changes_anywhere_is_seen_or_changes_nothing_that_is_learnt() {
    let envelopes = envelopes(&json(&fixtures().join("layout/index.json")));
    let cases = json(&fixtures().join("cases.json"));
    for tag in ["p256-jws-x509", "p256-cose-x509"] {
        let case = cases.as_array().unwrap().iter().find(|case| case["name"] == tag).unwrap();
        let (media_type, bytes) = &envelopes[case["subjectDigest"].as_str().unwrap()][0];
        let original = learnt(media_type, bytes).expect("verifies");
        for position in (0..bytes.len()).step_by(11) {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << (position % 8);
            if let Ok(learnt) = learnt(media_type, &changed) {
                assert_eq!(learnt, original, "{tag} at {position}");
            }
        }
    }
}
