//! Objects of a cluster, as the API server tells them.
#![expect(clippy::needless_pass_by_value, reason = "specs are written where they are passed")]

use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::super::super::{object::Kind, tests::ROOT};

/// What the API server holds of an object: `kind`, `name` or `namespace/name`, and its spec.
pub(super) fn object(kind: Kind, name: &str, spec: Value) -> Value {
    let (namespace, name) = match name.split_once('/') {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    };
    let metadata =
        json!({ "name": name, "namespace": namespace, "uid": format!("uid of {name}"), "resourceVersion": "1" });
    json!({
        "apiVersion": "config.ratify.deislabs.io/v1beta1",
        "kind": kind.name(),
        "metadata": metadata,
        "spec": spec,
    })
}

pub(super) fn dynamic(object: &Value) -> DynamicObject {
    serde_json::from_value(object.clone()).unwrap()
}

pub(super) fn certificates(name: &str) -> Value {
    object(Kind::CertificateStore, name, json!({ "provider": "inline", "parameters": { "value": ROOT } }))
}

/// One whose store `ca:certs` is made of one object.
pub(super) fn verifier(name: &str, anchors: &str) -> Value {
    object(Kind::Verifier, name, verifier_spec(anchors))
}

pub(super) fn namespaced_verifier(name: &str, anchors: &str) -> Value {
    object(Kind::NamespacedVerifier, name, verifier_spec(anchors))
}

fn verifier_spec(anchors: &str) -> Value {
    json!({
        "name": "notation",
        "artifactTypes": "application/vnd.cncf.notary.signature",
        "parameters": {
            "verificationCertStores": { "certs": [anchors] },
            "trustPolicyDoc": { "version": "1.0", "trustPolicies": [{
                "name": "default",
                "registryScopes": ["*"],
                "signatureVerification": { "level": "strict" },
                "trustStores": ["ca:certs"],
                "trustedIdentities": ["*"],
            }] },
        },
    })
}

/// A Verifier with a mistake in it.
pub(super) fn misspelt(mut verifier: Value) -> Value {
    verifier["spec"]["artifactTypess"] = verifier["spec"]["artifactTypes"].take();
    verifier["spec"].as_object_mut().unwrap().remove("artifactTypes");
    verifier
}

pub(super) const MISSPELT: &str =
    "spec.artifactTypes: missing; spec.artifactTypess: unknown field; did you mean \"artifactTypes\"?";

pub(super) fn store(name: &str, parameters: Value) -> Value {
    object(Kind::Store, name, json!({ "name": "oras", "parameters": parameters }))
}

pub(super) fn namespaced_store(name: &str, parameters: Value) -> Value {
    object(Kind::NamespacedStore, name, json!({ "name": "oras", "parameters": parameters }))
}

/// A Policy that says `all`.
pub(super) fn policy() -> Value {
    object(Kind::Policy, "ratify-policy", json!({ "type": "config-policy" }))
}

/// The same object, made again.
pub(super) fn another(mut object: Value) -> Value {
    object["metadata"]["uid"] = json!("another");
    object
}
