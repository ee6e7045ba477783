//! The output document of the contract, version 1.
//!
//! Members are declared in the order of their names' bytes, so that what serde writes is canonical: equal verdicts are equal bytes.

use std::collections::BTreeMap;

use serde::Serialize;

#[cfg(feature = "schema")]
use crate::schema::{DIGEST, FailureCode};

use crate::code::{Class, Code, Failure};

/// The contract's version, in input and output.
pub const API_VERSION: &str = "image-integrity/v1";

/// A verdict on every image of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The OCSP answers and CRLs that verified: only these may be cached, and no longer than `until`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Vec<Accepted>>,
    /// The contract's version.
    #[cfg_attr(feature = "schema", schemars(extend("const" = API_VERSION)))]
    pub api_version: &'static str,
    /// Why the input as a whole was refused; absent where it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<DocumentError>,
    /// One verdict for each key of the input's `images`.
    pub images: BTreeMap<String, ImageVerdict>,
    /// Which module gave the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub module: Option<Module>,
    /// The evidence that can be asked for now, each thing once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<Vec<Need>>,
    /// The input's own, or null.
    pub request_id: Option<String>,
}

/// Why a document was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DocumentError {
    /// An outcome of the closed list.
    #[cfg_attr(feature = "schema", schemars(with = "FailureCode"))]
    pub code: Code,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    pub remediation: &'static str,
}

/// Which module gave a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Module {
    /// `image-integrity`
    pub name: &'static str,
    /// The module's version, as `0.1.0`.
    pub version: &'static str,
}

/// The verdict on one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ImageVerdict {
    /// What the code says: only `verified` is a success.
    pub class: Class,
    /// An outcome of the closed list.
    pub code: Code,
    /// Whether every rule of the image's policy passed.
    pub is_success: bool,
    /// The media type of what was judged; for an index, the index and not its children.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    pub remediation: &'static str,
    /// `registry/repository@digest` of what was judged; absent where the image could not be resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The first moment at which the verdict may change (RFC 3339, exclusive); absent where nothing lapses, and on failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// What each verifier says about each signature, in listing order.
    pub verifier_reports: Vec<VerifierReport>,
}

/// What one verifier says about one signature, or about the image where there is no `referenceDigest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifierReport {
    /// The signature manifest's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The checks in their order, with what was done about each.
    pub checks: Vec<Check>,
    /// What the code says.
    pub class: Class,
    /// An outcome of the closed list.
    pub code: Code,
    /// Facts about the signer: `Issuer` and `SN` (the subject) of the leaf certificate.
    pub extensions: BTreeMap<String, String>,
    /// Whether the signature is good under the policy.
    pub is_success: bool,
    /// One sentence for people.
    pub message: String,
    /// The digest of the signature's manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = DIGEST)))]
    pub reference_digest: Option<String>,
    /// What to do about it.
    pub remediation: &'static str,
    /// The verifier's name in the configuration.
    pub verifier_name: String,
    /// The verifier's type, as `notation`.
    pub verifier_type: String,
}

/// One step of a signature's verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// What the policy says to do where the check fails.
    pub action: Action,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "FailureCode"))]
    pub code: Option<Code>,
    /// Why it failed, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Which check.
    pub name: CheckName,
    /// How it ended.
    pub result: CheckResult,
}

/// The checks of a Notation signature, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CheckName {
    /// The envelope is well-formed, its signature verifies, and its certificates form a chain.
    Integrity,
    /// The signature needs no verification plugin.
    Plugin,
    /// A certificate of the chain is in a trust store of the policy.
    Authenticity,
    /// The leaf is one of the policy's trusted identities.
    Identity,
    /// The signature has not expired.
    Expiry,
    /// The certificates were valid at the time that counts.
    AuthenticTimestamp,
    /// No certificate has been revoked.
    Revocation,
    /// The signed payload is the image's descriptor.
    Payload,
    /// The payload holds the required user metadata.
    UserMetadata,
}

/// What a policy does about a failed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The signature is not good.
    Enforce,
    /// The failure is told, and the next check follows.
    Log,
    /// The check is not made.
    Skip,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum CheckResult {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// The policy says not to make it.
    Skipped,
    /// An earlier check ended the verification.
    NotRun,
}

/// Evidence to be fetched. Which members are present follows from the kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Need {
    /// The digest of a manifest or blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("pattern" = DIGEST)))]
    pub digest: Option<String>,
    /// The image whose evidence it is, as its key in the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What it is.
    pub kind: NeedKind,
    /// The bytes of a manifest or blob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum NeedKind {
    /// The list of the image's referrers.
    Referrers,
    /// A referrer's manifest.
    Manifest,
    /// A blob that a manifest names.
    Blob,
}

/// An OCSP answer or CRL that verified. This version evaluates none, so the list is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Accepted {}

impl Module {
    /// This module.
    pub const THIS: Self = Self { name: "image-integrity", version: env!("CARGO_PKG_VERSION") };
}

impl ImageVerdict {
    /// The verdict on an image that could not be looked at.
    pub fn refused(failure: &Failure) -> Self {
        Self {
            class: failure.code.class(),
            code: failure.code,
            is_success: false,
            media_type: None,
            message: failure.message.clone(),
            remediation: failure.code.remediation(),
            subject: None,
            valid_until: None,
            verifier_reports: Vec::new(),
        }
    }
}

impl Verdict {
    /// The answer to a document that names no image and cannot be read.
    pub fn refusal(failure: &Failure) -> Self {
        Self {
            accepted: None,
            api_version: API_VERSION,
            error: Some(DocumentError {
                code: failure.code,
                message: failure.message.clone(),
                remediation: failure.code.remediation(),
            }),
            images: BTreeMap::new(),
            module: None,
            needs: None,
            request_id: None,
        }
    }

    /// What a host says of images in place of a verdict that it could not get.
    pub fn unavailable<'k>(
        request_id: Option<&str>,
        images: impl IntoIterator<Item = &'k str>,
        failure: &Failure,
    ) -> Self {
        Self {
            accepted: Some(Vec::new()),
            api_version: API_VERSION,
            error: None,
            images: images.into_iter().map(|key| (key.to_owned(), ImageVerdict::refused(failure))).collect(),
            module: None,
            needs: Some(Vec::new()),
            request_id: request_id.map(str::to_owned),
        }
    }

    /// The canonical bytes: members sorted by name, no insignificant space.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Strings, numbers and maps with string keys cannot fail to be written; were it ever otherwise, an empty text is no success for any reader.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
