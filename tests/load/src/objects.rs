//! The objects that people write, around what the load needs to change in them.

use serde_json::{Value, json};

const API: &str = "config.ratify.deislabs.io/v1beta1";

/// A KeyManagementProvider `keys` with these certificates.
pub fn keys(pem: &str) -> Value {
    json!({
        "apiVersion": API,
        "kind": "KeyManagementProvider",
        "metadata": { "name": "keys" },
        "spec": { "type": "inline", "parameters": { "contentType": "certificate", "value": pem } },
    })
}

/// A Store that speaks plain HTTP.
pub fn store() -> Value {
    json!({
        "apiVersion": API,
        "kind": "Store",
        "metadata": { "name": "store" },
        "spec": { "name": "oras", "parameters": { "useHttp": true } },
    })
}

/// A Verifier that trusts `keys` for every image and everybody whom they vouch for.
pub fn verifier() -> Value {
    json!({
        "apiVersion": API,
        "kind": "Verifier",
        "metadata": { "name": "verifier" },
        "spec": {
            "name": "notation",
            "artifactTypes": "application/vnd.cncf.notary.signature",
            "parameters": {
                "verificationCertStores": { "ca": { "certs": ["keys"] } },
                "trustPolicyDoc": { "version": "1.0", "trustPolicies": [{
                    "name": "default",
                    "registryScopes": ["*"],
                    "signatureVerification": { "level": "strict" },
                    "trustStores": ["ca:certs"],
                    "trustedIdentities": ["*"],
                }] },
            },
        },
    })
}
