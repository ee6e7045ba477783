//! The input document of the contract, version 1.
//!
//! Hosts build these types and write them as JSON. The module reads the text itself (`request`), since it must also answer for texts that are none of these.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::schema::{DIGEST, FailureCode, NOW, Overrides, Rule};

/// Everything that a verdict depends on.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Input<'a> {
    /// `image-integrity/v1`
    #[cfg_attr(feature = "schema", schemars(extend("const" = crate::verdict::API_VERSION)))]
    pub api_version: Cow<'a, str>,
    /// Echoed in the output; at most 256 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 256)))]
    pub request_id: Option<Cow<'a, str>>,
    /// The time of the verdict, `YYYY-MM-DDThh:mm:ss[.f]Z`.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = NOW)))]
    pub now: Cow<'a, str>,
    /// Whom to trust for what.
    pub config: Cow<'a, Config>,
    /// The images asked about, by `registry/repository` with tag, digest or both.
    #[cfg_attr(feature = "schema", schemars(extend("minProperties" = 1)))]
    pub images: BTreeMap<Cow<'a, str>, ImageEvidence<'a>>,
    /// The exact bytes of manifests and blobs by digest, as padded standard base64.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub blobs: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

/// Whom to trust for what. Unknown members are an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Config {
    /// The verifiers; their names are unique.
    pub verifiers: Vec<Verifier>,
    /// How reports are combined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<CombinationPolicy>,
}

/// A verifier of Notation signatures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verifier {
    /// Told in reports.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name: String,
    /// `notation`
    #[cfg_attr(feature = "schema", schemars(extend("const" = "notation")))]
    pub r#type: String,
    /// The types of artifacts that it judges; `*` is every type.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), inner(length(min = 1)), extend("uniqueItems" = true)))]
    pub artifact_types: Vec<String>,
    /// The Notary Project trust policy.
    pub trust_policy_doc: TrustPolicyDocument,
    /// The verifier's trust stores, as `ca:name`; each value holds one or more PEM certificates.
    pub trust_stores: BTreeMap<String, Vec<String>>,
    /// How many signatures of an image are tried: 1 to 1,000, 50 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1_000)))]
    pub max_signatures: Option<u32>,
    /// What the signed payload's annotations must hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_metadata: BTreeMap<String, String>,
}

/// A trust policy document (Notary Project trust store and trust policy specification), as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrustPolicyDocument {
    /// `1.0`
    #[cfg_attr(feature = "schema", schemars(extend("const" = "1.0")))]
    pub version: String,
    /// The statements; each scope is in one of them.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub trust_policies: Vec<TrustPolicyStatement>,
}

/// One statement of a trust policy document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TrustPolicyStatement {
    /// Unique in the document.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub name: String,
    /// `registry/repository` each, or `*` alone.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("uniqueItems" = true)))]
    pub registry_scopes: Vec<String>,
    /// How strict to be.
    pub signature_verification: SignatureVerification,
    /// Trust stores as `ca:name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_stores: Option<Vec<String>>,
    /// `x509.subject: …` each, or `*` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_identities: Option<Vec<String>>,
}

/// How strict a statement is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignatureVerification {
    /// `strict`, `permissive`, `audit` or `skip`
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["strict", "permissive", "audit", "skip"])))]
    pub level: String,
    /// Other actions for single checks: authenticity, authenticTimestamp, expiry, revocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Overrides"))]
    pub r#override: Option<BTreeMap<String, String>>,
    /// `always` (where absent) or `afterCertExpiry`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["always", "afterCertExpiry"])))]
    pub verify_timestamp: Option<String>,
}

/// How the reports of several signatures and verifiers are combined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CombinationPolicy {
    /// `any` or `all` by artifact type, and `default`; `all` where neither says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, Rule>"))]
    pub artifact_verification_policies: BTreeMap<String, String>,
}

/// What is known about one image.
#[derive(Clone, Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImageEvidence<'a> {
    /// What the name resolved to; absent where it did not, and a failure says why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor<'a>>,
    /// The image's referrers in listing order; absent is a need, empty is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrers: Option<Vec<Descriptor<'a>>>,
    /// What could not be fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FetchFailure<'a>>,
}

/// A content descriptor (OCI image specification).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Descriptor<'a> {
    /// The content's media type.
    pub media_type: Cow<'a, str>,
    /// `sha256:` or `sha512:` and lower-case hex digits.
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = DIGEST)))]
    pub digest: Cow<'a, str>,
    /// Bytes.
    #[cfg_attr(feature = "schema", schemars(range(max = 9_007_199_254_740_991_u64)))]
    pub size: u64,
    /// In a listing, the artifact's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<Cow<'a, str>>,
}

/// Something that could not be fetched, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FetchFailure<'a> {
    /// `subject`, `referrers`, `manifest`, `blob`, `ocsp` or `crl`
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["subject", "referrers", "manifest", "blob", "ocsp", "crl"])))]
    pub kind: Cow<'a, str>,
    /// Of a manifest or blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Cow<'a, str>>,
    /// A code of the closed list.
    #[cfg_attr(feature = "schema", schemars(with = "FailureCode"))]
    pub code: Cow<'a, str>,
    /// One sentence for people.
    pub message: Cow<'a, str>,
}
