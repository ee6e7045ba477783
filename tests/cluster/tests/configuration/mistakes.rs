//! Objects with mistakes: their status says which, and the last good configuration stays.

use image_integrity_cluster::Namespace;
use serde_json::json;

use crate::turn::{SIGNED, Turn, admin, status};

const STORE: [&str; 4] = ["certificatestores", "certstore-inline", "--namespace", "default"];

#[test]
fn a_broken_certificate_is_told_in_the_status_and_the_last_good_one_stays() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let broken = json!({ "spec": { "parameters": { "value": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" } } });
    let patched = admin().patch(&STORE, &broken);
    assert_eq!(patched.code, 0, "{patched:?}");
    let told = status(&STORE, false);
    let (error, brief) = (told["error"].as_str().expect("an error"), told["brieferror"].as_str().expect("a short one"));
    assert!(!error.is_empty() && error.starts_with(brief.trim_end_matches('…')), "{told}");
    assert!(brief.chars().count() <= 100, "{told}");
    assert_eq!(turn.code("default", SIGNED), "VERIFIED");
    assert_eq!(turn.server.health("/healthz").unwrap().0, 200);
    turn.apply("demo/verify-config.yaml");
    status(&STORE, true);
}

#[test]
fn a_policy_of_a_kind_that_is_not_supported_says_what_to_do_instead() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let policy = json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": "Policy",
        "metadata": { "name": "ratify-policy" },
        "spec": { "type": "rego-policy", "parameters": { "policy": "package ratify.policy" } },
    });
    admin().create(&policy);
    let told = status(&["policies", "ratify-policy"], false);
    assert!(told["error"].as_str().expect("an error").contains("rego"), "{told}");
}

#[test]
fn an_object_of_one_namespace_with_a_mistake_does_not_make_the_server_unready() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let namespace = crate::CLUSTER.namespace(image_integrity_cluster::OnFailure::Fail);
    broken_verifier(&namespace);
    let object = ["namespacedverifiers", "broken", "--namespace", namespace.name()];
    status(&object, false);
    assert_eq!(turn.server.health("/readyz").unwrap().0, 200);
    assert_eq!(turn.code("default", SIGNED), "VERIFIED", "another namespace's mistake");
}

fn broken_verifier(namespace: &Namespace) {
    let made = namespace.create(&json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": "NamespacedVerifier",
        "metadata": { "name": "broken" },
        "spec": {
            "name": "notation",
            "artifactTypes": "application/vnd.cncf.notary.signature",
            "parameters": { "verificationCertStores": { "certs": ["absent"] }, "trustPolicyDoc": { "version": "9" } },
        },
    }));
    assert_eq!(made.code, 0, "{made:?}");
}
