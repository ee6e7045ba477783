//! A question whose answer is known. An engine that says it is well, and would not give a verdict, is found out by it.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasm_policy::code::Code;

/// An image of a repository about which the trust policy says nothing.
const QUESTION: &str = r#"{"apiVersion":"image-integrity/v1","requestId":"check","now":"2026-01-01T00:00:00Z","config":{"verifiers":[{"name":"check","type":"notation","artifactTypes":["application/vnd.cncf.notary.signature"],"trustPolicyDoc":{"version":"1.0","trustPolicies":[{"name":"check","registryScopes":["check.invalid/another"],"signatureVerification":{"level":"strict"},"trustStores":["ca:check"],"trustedIdentities":["*"]}]},"trustStores":{"ca:check":[]}}]},"images":{"check.invalid/image:check":{"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"referrers":[]}},"blobs":{}}"#;
const IMAGE: &str = "check.invalid/image:check";

/// The input document.
pub(super) fn question() -> Vec<u8> {
    QUESTION.into()
}

/// Whether a verdict document is the answer.
pub(super) fn is_answered_by(verdict: &[u8]) -> bool {
    serde_json::from_slice(verdict).is_ok_and(|Document { images }| {
        images.get(IMAGE).is_some_and(|image| !image.is_success && image.code == Code::TrustPolicyNotApplicable.name())
    })
}

#[derive(Deserialize)]
struct Document {
    images: BTreeMap<String, Image>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    is_success: bool,
    code: String,
}
