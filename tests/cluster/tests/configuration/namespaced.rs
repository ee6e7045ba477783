//! Objects of a namespace: they serve it, and nobody else.

use std::fs;

use image_integrity_cluster::{Namespace, OnFailure};
use image_integrity_e2e::fixture;
use serde_json::{Value, json};

use crate::{
    CLUSTER,
    turn::{SIGNED, Turn, admin, status},
};

#[test]
fn a_verifier_of_a_namespace_adds_to_what_the_cluster_demands_there_and_only_there() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    all_must_pass();
    let (strict, other) = (CLUSTER.namespace(OnFailure::Fail), CLUSTER.namespace(OnFailure::Fail));
    verifier_in(&strict, "x509.subject: CN=somebody else,O=acme,L=Seattle,ST=WA,C=US");
    turn.soon(strict.name(), SIGNED, "IDENTITY_MISMATCH");
    assert_eq!(turn.code(other.name(), SIGNED), "VERIFIED");
    assert_eq!(turn.code("default", SIGNED), "VERIFIED");
}

#[test]
fn a_verifier_of_a_namespace_cannot_loosen_what_the_cluster_demands() {
    let turn = Turn::new();
    turn.apply("demo/aks-verify-config.yaml");
    turn.soon("default", SIGNED, "CERTIFICATE_UNTRUSTED");
    all_must_pass();
    let loose = CLUSTER.namespace(OnFailure::Fail);
    verifier_in(&loose, "*");
    status(&["namespacedverifiers", "own", "--namespace", loose.name()], true);
    assert_eq!(turn.code(loose.name(), SIGNED), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn where_one_verifier_is_enough_a_namespace_cannot_bring_that_one() {
    let turn = Turn::new();
    turn.apply("demo/aks-verify-config.yaml");
    turn.soon("default", SIGNED, "CERTIFICATE_UNTRUSTED");
    let loose = CLUSTER.namespace(OnFailure::Fail);
    verifier_in(&loose, "*");
    turn.soon(loose.name(), SIGNED, "CONFIGURATION_UNUSABLE");
    assert_eq!(turn.code("default", SIGNED), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn where_the_administrator_says_so_a_namespace_s_objects_replace_the_cluster_s_for_it() {
    let turn = Turn::with(vec!["--namespaced-replace".into()]);
    turn.apply("demo/aks-verify-config.yaml");
    turn.soon("default", SIGNED, "CERTIFICATE_UNTRUSTED");
    let own = CLUSTER.namespace(OnFailure::Fail);
    verifier_in(&own, "*");
    turn.soon(own.name(), SIGNED, "VERIFIED");
    assert_eq!(turn.code("default", SIGNED), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn a_trust_anchor_of_the_same_name_in_another_namespace_is_not_the_one_that_is_meant() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let other = CLUSTER.namespace(OnFailure::Fail);
    let stranger = fs::read_to_string(fixture("demo/keys/stranger.root.pem")).unwrap();
    let made = other.create(&anchors("CertificateStore", "certstore-inline", &stranger));
    assert_eq!(made.code, 0, "{made:?}");
    status(&["certificatestores", "certstore-inline", "--namespace", other.name()], true);
    assert_eq!(turn.code("default", SIGNED), "VERIFIED");
    assert_eq!(turn.code(other.name(), SIGNED), "VERIFIED");
    let untrusted = "ghcr.io/deislabs/ratify/notary-image:untrusted";
    assert_eq!(turn.code(other.name(), untrusted), "CERTIFICATE_UNTRUSTED");
    // Nor does it fill the place of the one that is gone.
    admin().ok(&["delete", "certificatestore", "certstore-inline", "--namespace", "default"]);
    let _ = status(&["verifiers", "verifier-notary-inline"], false);
}

/// Every verifier that takes a type must accept an image.
fn all_must_pass() {
    admin().create(&json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": "Policy",
        "metadata": { "name": "ratify-policy" },
        "spec": {
            "type": "config-policy",
            "parameters": { "artifactVerificationPolicies": { "application/vnd.cncf.notary.signature": "all" } },
        },
    }));
    status(&["policies", "ratify-policy"], true);
}

/// A verifier in a namespace, with the demo's root there, that trusts these identities.
fn verifier_in(namespace: &Namespace, identity: &str) {
    let root = fs::read_to_string(fixture("demo/root.pem")).unwrap();
    let made = namespace.create(&anchors("CertificateStore", "own-root", &root));
    assert_eq!(made.code, 0, "{made:?}");
    let policy = json!({
        "name": "default",
        "registryScopes": ["*"],
        "signatureVerification": { "level": "strict" },
        "trustStores": ["ca:certs"],
        "trustedIdentities": [identity],
    });
    let made = namespace.create(&json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": "NamespacedVerifier",
        "metadata": { "name": "own" },
        "spec": {
            "name": "notation",
            "artifactTypes": "application/vnd.cncf.notary.signature",
            "parameters": {
                "verificationCertStores": { "certs": ["own-root"] },
                "trustPolicyDoc": { "version": "1.0", "trustPolicies": [policy] },
            },
        },
    }));
    assert_eq!(made.code, 0, "{made:?}");
}

fn anchors(kind: &str, name: &str, pem: &str) -> Value {
    json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": kind,
        "metadata": { "name": name },
        "spec": { "provider": "inline", "parameters": { "value": pem } },
    })
}
