//! The bundle as OPA's own tools see it.

use std::fs;

use image_integrity_e2e::{Opa, bundle, fixture, run};
use serde_json::{Value, json};

use super::{DEMO, asked};

/// What a user of the bundle writes: configuration from OPA's data, evidence from the input.
const ADMISSION: &str = r"package acme

import data.image_integrity.admission

request := admission.request(input, data.acme_config)

denials := admission.denials(request, {name | input.images[name]})
";

#[test]
fn the_bundle_passes_its_own_rego_tests() {
    let ended = run(Opa::command().args(["test", "--format", "json", "--bundle"]).arg(bundle()));
    assert_eq!(ended.code, 0, "{ended:?}");
    let tests: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    let names: Vec<_> = tests.iter().filter_map(|test| test["name"].as_str()).collect();
    assert!(names.contains(&"test_success_is_the_boolean_true_only"), "{names:?}");
    assert!(names.contains(&"test_evidence_is_masked"), "{names:?}");
}

#[test]
fn opa_lists_the_entrypoint_and_what_the_bundle_owns() {
    let ended = run(Opa::command().args(["inspect", "--format", "json"]).arg(bundle()));
    assert_eq!(ended.code, 0, "{ended:?}");
    let manifest = serde_json::from_str::<Value>(&ended.out).unwrap()["manifest"].take();
    assert_eq!(manifest["wasm"][0]["entrypoint"], "image_integrity/verify", "{manifest}");
    assert_eq!(manifest["roots"], json!(["image_integrity", "system/log"]));
}

/// The input document of images of the demo.
fn demo_input(tags: &[&str]) -> Value {
    let layout = fixture("demo/layout");
    let images = tags.iter().map(|tag| format!("oci:{}:{tag}", layout.display()));
    let fetched = run(asked("fetch", DEMO).args(images));
    assert_eq!(fetched.code, 0, "{fetched:?}");
    serde_json::from_str(&fetched.out).unwrap()
}

#[test]
fn a_decision_log_keeps_the_verdict_and_drops_the_evidence() {
    let opa = Opa::serve();
    let input = demo_input(&["signed"]);
    assert!(input["blobs"].is_object());
    let (_, answer) = opa.ask(input.to_string().as_bytes());
    let event = opa.first_decision();
    assert_eq!(event["result"], answer["result"]);
    assert_eq!(event["erased"], json!(["/input/blobs"]));
    assert_eq!(event["input"]["images"], input["images"]);
    assert_eq!(event["input"].get("blobs"), None);
}

#[test]
fn an_admission_policy_of_a_users_own_denies_the_images_that_are_not_verified() {
    let mut evidence = demo_input(&["signed", "unsigned", "tampered"]);
    let config = evidence.as_object_mut().unwrap().remove("config").unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let evaluated = run(Opa::command()
        .args(["eval", "--format", "raw", "data.acme.denials"])
        .arg("--bundle")
        .arg(bundle())
        .arg("--data")
        .arg(file("acme.rego", ADMISSION))
        .arg("--data")
        .arg(file("config.json", &json!({ "acme_config": config }).to_string()))
        .arg("--input")
        .arg(file("evidence.json", &evidence.to_string())));
    assert_eq!(evaluated.code, 0, "{evaluated:?}");
    let denials: Vec<String> = serde_json::from_str(&evaluated.out).unwrap();
    assert_eq!(denials.len(), 2, "{denials:#?}");
    assert!(denials[0].starts_with("local/layout:tampered: SIGNATURE_INVALID: "), "{denials:#?}");
    assert!(denials[1].starts_with("local/layout:unsigned: SIGNATURE_NOT_FOUND: "), "{denials:#?}");
}
