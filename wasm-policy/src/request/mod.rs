//! The input document as the module reads it: what is wrong with the document is refused once, what is wrong with one image stays with that image.

mod config;
mod evidence;
mod fields;

use std::borrow::Cow;

use fields::Fields;

use crate::{
    code::{Code, Failure},
    input::ImageEvidence,
    limits::Limits,
    text::{Object, Value, shown},
    time::Instant,
    trust::TrustPolicy,
    verdict::API_VERSION,
};

pub(crate) use config::{Combination, Rule};

/// An input document that was read.
pub(crate) struct Request<'v, 'a> {
    pub(crate) now: Instant,
    pub(crate) verifiers: Vec<Verifier>,
    pub(crate) combination: Combination,
    /// In the order of the text.
    pub(crate) images: Vec<(&'v str, Result<ImageEvidence<'v>, Failure>)>,
    pub(crate) blobs: Option<&'v Object<'a>>,
}

/// A verifier of the configuration, with its trust policy read.
pub(crate) struct Verifier {
    pub(crate) config: crate::input::Verifier,
    pub(crate) policy: TrustPolicy,
    pub(crate) max_signatures: usize,
}

impl<'v, 'a> Request<'v, 'a> {
    /// Reads a document.
    pub(crate) fn parse(document: &'v Value<'a>, limits: &Limits) -> Result<Self, Failure> {
        let root = Fields::new(document, "the input", Code::InputMalformed)?;
        let version = root.text("apiVersion")?;
        if version != API_VERSION {
            let message = format!("apiVersion is `{}`; this module knows {API_VERSION}", shown(version));
            return Err(Failure::new(Code::ApiVersionUnsupported, message));
        }
        request_id(document)?;
        let now = root.text("now")?;
        let now = Instant::parse_utc(now)
            .ok_or_else(|| root.wrong("now", format!("is `{}`, not YYYY-MM-DDThh:mm:ss[.f]Z", shown(now))))?;
        let (verifiers, combination) = config::read(root.required("config")?)?;
        let images = root.object("images")?;
        if images.is_empty() {
            return Err(root.wrong("images", "is empty"));
        }
        if images.len() > limits.images {
            return Err(too_many_images(limits));
        }
        let blobs = root.optional("blobs").map(|_| root.object("blobs")).transpose()?;
        Ok(Self {
            now,
            verifiers,
            combination,
            images: images.iter().map(|(key, value)| (key, evidence::read(value, limits))).collect(),
            blobs,
        })
    }
}

/// Why a document with more images than are judged at once is refused.
pub(crate) fn too_many_images(limits: &Limits) -> Failure {
    Failure::new(Code::InputTooLarge, format!("the input names more than {} images", limits.images))
}

/// The id to echo: null where the document has none.
pub(crate) fn request_id<'v>(document: &'v Value<'_>) -> Result<Option<&'v str>, Failure> {
    match document.as_object().and_then(|root| root.get("requestId")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if id.len() <= 256 => Ok(Some(id)),
        Some(_) => Err(Failure::new(Code::InputMalformed, "requestId is not a string of at most 256 bytes")),
    }
}

/// A string of the document, borrowed.
fn cow(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}
