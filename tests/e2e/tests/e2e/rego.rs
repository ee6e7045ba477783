//! The Rego for Gatekeeper and for OPA as the webhook passes its own tests.

use std::{fs, path::Path};

use image_integrity_e2e::{Opa, module, run, shim};
use serde_json::{Value, json};
use tempfile::TempDir;

fn workspace(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).display().to_string()
}

/// The names of the tests, all of which must pass.
fn tests(arguments: &[&str]) -> Vec<String> {
    let ended = run(Opa::command().args(["test", "--format", "json", "--timeout", "60s"]).args(arguments));
    assert_eq!(ended.code, 0, "{ended:?}");
    let tests: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    tests.iter().map(|test| test["name"].as_str().unwrap().to_owned()).collect()
}

/// Capabilities of this OPA, and Gatekeeper's own builtin.
fn gatekeepers_capabilities(folder: &TempDir) -> String {
    let ended = run(Opa::command().args(["capabilities", "--current"]));
    assert_eq!(ended.code, 0, "{ended:?}");
    let mut capabilities: Value = serde_json::from_str(&ended.out).unwrap();
    let any = json!({ "type": "any" });
    capabilities["builtins"].as_array_mut().unwrap().push(json!({
        "name": "external_data",
        "decl": { "type": "function", "args": [any], "result": any },
    }));
    let path = folder.path().join("capabilities.json");
    fs::write(&path, capabilities.to_string()).unwrap();
    path.display().to_string()
}

#[test]
fn the_decision_for_gatekeeper_passes_its_own_tests() {
    let folder = tempfile::tempdir().unwrap();
    let capabilities = gatekeepers_capabilities(&folder);
    let (lib, policy) = (workspace("rego/lib"), workspace("rego/gatekeeper/policy"));
    let names = tests(&["--capabilities", &capabilities, &lib, &policy]);
    assert!(names.iter().any(|name| name == "test_a_builtin_that_fails_is_a_violation"), "{names:?}");
    assert!(names.iter().any(|name| name == "test_no_shape_of_a_response_lets_an_image_in"), "{names:?}");
}

#[test]
fn the_webhooks_bundle_is_packed_and_passes_its_own_tests() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("admission.tar.gz");
    let packed = run(shim()
        .args(["bundle", "--module"])
        .arg(module())
        .arg("--out")
        .arg(&bundle)
        .args(["rego/lib", "rego/admission", "deploy/opa/bundle"].map(workspace)));
    assert_eq!(packed.code, 0, "{packed:?}");
    let names = tests(&["--bundle", &bundle.display().to_string()]);
    assert!(names.iter().any(|name| name == "test_the_names_that_the_server_gives_are_not_taken"), "{names:?}");
    assert!(names.iter().any(|name| name == "test_nothing_may_be_read_or_changed"), "{names:?}");
}
