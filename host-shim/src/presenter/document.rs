//! The verdict document (contract version 1) as far as it is shown, and the one outcome that an exit code is made of.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasm_policy::code::Code;

/// A verdict on every image of an input.
#[derive(Debug, Deserialize)]
pub struct Document {
    /// Why the input as a whole was refused.
    pub error: Option<Reason>,
    /// The verdicts by image.
    pub images: BTreeMap<String, Image>,
}

/// Why a document was refused.
#[derive(Debug, Deserialize)]
pub struct Reason {
    /// A code of the closed list.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    pub remediation: String,
}

/// The verdict on one image.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// What the code says.
    pub class: Class,
    /// A code of the closed list.
    pub code: String,
    /// Whether every rule of the image's policy passed.
    pub is_success: bool,
    /// The media type of what was judged.
    pub media_type: Option<String>,
    /// One sentence for people.
    pub message: String,
    /// What to do about it.
    pub remediation: String,
    /// `registry/repository@digest` of what was judged.
    pub subject: Option<String>,
    /// The first moment at which the verdict may change.
    pub valid_until: Option<String>,
    /// What each verifier says about each signature.
    pub verifier_reports: Vec<Report>,
}

/// What one verifier says about one signature, or about the image where there is no `reference_digest`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The signature manifest's type.
    pub artifact_type: Option<String>,
    /// The checks in their order.
    pub checks: Vec<Check>,
    /// A code of the closed list.
    pub code: String,
    /// Facts about the signer.
    pub extensions: BTreeMap<String, String>,
    /// Whether the signature is good under the policy.
    pub is_success: bool,
    /// One sentence for people.
    pub message: String,
    /// The digest of the signature's manifest.
    pub reference_digest: Option<String>,
    /// What to do about it.
    pub remediation: String,
    /// The verifier's name in the configuration.
    pub verifier_name: String,
    /// The verifier's type, as `notation`.
    pub verifier_type: String,
}

/// One step of a signature's verification.
#[derive(Debug, Deserialize)]
pub struct Check {
    /// What the policy says to do where the check fails.
    pub action: Action,
    /// Why it failed.
    pub message: Option<String>,
    /// As `integrity`.
    pub name: String,
    /// How it ended.
    pub result: Result,
}

/// What a code says about an image. A class that is not of this list makes the document unreadable: nothing is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Every rule passed.
    Verified,
    /// The facts say no.
    Denied,
    /// It could not be told.
    Indeterminate,
    /// It could not be told this time.
    Transient,
}

/// What a policy does about a failed check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// The signature is not good.
    Enforce,
    /// The failure is only told.
    Log,
    /// The check is not made.
    Skip,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Result {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// The policy says not to make it.
    Skipped,
    /// An earlier check ended the verification.
    NotRun,
}

/// What a whole run says, from best to worst, so that the worst of several is their maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All are verified.
    Verified,
    /// None is denied, but of some it could not be told.
    Undecided,
    /// At least one is denied.
    Denied,
}

impl Document {
    /// Reads a verdict document.
    ///
    /// # Errors
    /// Where it is none of the contract's version 1; nothing in it may be believed then.
    pub fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// The worst of the images. A document without any image verifies nothing: it is denied, or what its error's code says.
    pub fn outcome(&self) -> Outcome {
        let refused = self.error.as_ref().map(Reason::outcome);
        self.images.values().map(Image::outcome).chain(refused).max().unwrap_or(Outcome::Denied)
    }
}

impl Reason {
    /// The class of the code; a code that is not of the closed list is a denial.
    pub fn class(&self) -> Class {
        match Code::from_name(&self.code).map(Code::class) {
            Some(wasm_policy::code::Class::Indeterminate) => Class::Indeterminate,
            Some(wasm_policy::code::Class::Transient) => Class::Transient,
            _ => Class::Denied,
        }
    }

    fn outcome(&self) -> Outcome {
        match self.class() {
            Class::Indeterminate | Class::Transient => Outcome::Undecided,
            Class::Verified | Class::Denied => Outcome::Denied,
        }
    }
}

impl Image {
    /// What the image counts for. Where its members contradict each other it is denied.
    pub fn outcome(&self) -> Outcome {
        match (self.is_success, self.class) {
            (true, Class::Verified) => Outcome::Verified,
            (false, Class::Indeterminate | Class::Transient) => Outcome::Undecided,
            _ => Outcome::Denied,
        }
    }
}

impl From<wasm_policy::code::Class> for Class {
    fn from(class: wasm_policy::code::Class) -> Self {
        match class {
            wasm_policy::code::Class::Verified => Self::Verified,
            wasm_policy::code::Class::Denied => Self::Denied,
            wasm_policy::code::Class::Indeterminate => Self::Indeterminate,
            wasm_policy::code::Class::Transient => Self::Transient,
        }
    }
}

impl Class {
    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Denied => "denied",
            Self::Indeterminate => "indeterminate",
            Self::Transient => "transient",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(images: &str) -> Document {
        Document::read(
            format!(r#"{{"apiVersion":"image-integrity/v1","images":{images},"requestId":null}}"#).as_bytes(),
        )
        .unwrap()
    }

    fn image(is_success: bool, class: &str) -> String {
        format!(
            r#"{{"class":"{class}","code":"X","isSuccess":{is_success},"message":"","remediation":"","verifierReports":[]}}"#
        )
    }

    #[test]
    fn the_worst_image_is_the_outcome() {
        let (good, unsure, bad) = (image(true, "verified"), image(false, "transient"), image(false, "denied"));
        assert_eq!(document(&format!(r#"{{"a":{good},"b":{good}}}"#)).outcome(), Outcome::Verified);
        assert_eq!(document(&format!(r#"{{"a":{good},"b":{unsure}}}"#)).outcome(), Outcome::Undecided);
        assert_eq!(document(&format!(r#"{{"a":{bad},"b":{unsure},"c":{good}}}"#)).outcome(), Outcome::Denied);
    }

    #[test]
    fn a_verdict_that_contradicts_itself_is_denied() {
        for (is_success, class) in [(true, "denied"), (true, "indeterminate"), (true, "transient"), (false, "verified")]
        {
            assert_eq!(
                document(&format!(r#"{{"a":{}}}"#, image(is_success, class))).outcome(),
                Outcome::Denied,
                "{class}"
            );
        }
    }

    #[test]
    fn a_document_without_images_is_denied() {
        assert_eq!(document("{}").outcome(), Outcome::Denied);
    }

    #[test]
    fn a_refused_document_is_what_its_code_says() {
        let refused = |code: &str| {
            let error = format!(r#"{{"error":{{"code":"{code}","message":"","remediation":""}},"images":{{}}}}"#);
            Document::read(error.as_bytes()).unwrap().outcome()
        };
        assert_eq!(refused("INPUT_MALFORMED"), Outcome::Denied);
        assert_eq!(refused("REGISTRY_TIMEOUT"), Outcome::Undecided);
        assert_eq!(refused("VERIFIED"), Outcome::Denied);
        assert_eq!(refused("NO_SUCH_CODE"), Outcome::Denied);
    }

    #[test]
    fn an_unknown_class_makes_a_document_unreadable() {
        let text = format!(r#"{{"images":{{"a":{}}}}}"#, image(true, "excellent"));
        assert!(Document::read(text.as_bytes()).is_err());
    }
}
