//! What OPA is asked, and whether an answer belongs to it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;
use wasm_policy::verdict::API_VERSION;

use super::{error::OpaError, narrow};

/// An input document as the body of a query.
pub(super) struct Question<'i> {
    body: Bytes,
    request_id: Option<Cow<'i, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'i> {
    #[serde(borrow, default)]
    request_id: Option<Cow<'i, str>>,
}

impl<'i> Question<'i> {
    /// The document stays as it is: writing it again would cost more than the verdict.
    pub(super) fn new(input: &'i [u8]) -> Result<Self, OpaError> {
        let request_id = match serde_json::from_slice::<Document<'i>>(input) {
            Ok(document) => document.request_id,
            // Of another form: the module says what is wrong with it.
            Err(error) if error.is_data() => {
                serde_json::from_slice(input).map(|IgnoredAny| None).map_err(|error| no_json(&error))?
            }
            Err(error) => return Err(no_json(&error)),
        };
        let body = [br#"{"input":"#, input, b"}"].concat().into();
        Ok(Self { body, request_id })
    }

    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// The verdict document, where it is an answer to this question.
    pub(super) fn answered_by(&self, result: Value) -> Result<Value, OpaError> {
        if !result.is_object() {
            return Err(OpaError::NotAVerdict("it is no object"));
        }
        if result["apiVersion"] != API_VERSION {
            return Err(OpaError::NotAVerdict("it is of another version of the contract"));
        }
        if !result["images"].is_object() {
            return Err(OpaError::NotAVerdict("it has no images"));
        }
        let is_answer = match (&result["requestId"], &self.request_id) {
            (Value::String(answered), Some(asked)) => answered == asked,
            (Value::Null, None) => true,
            // A document that the module cannot read it refuses without the id.
            (Value::Null, Some(_)) => !narrow::has_success(&result),
            _ => false,
        };
        if is_answer { Ok(result) } else { Err(OpaError::NotAVerdict("its requestId is that of another question")) }
    }
}

/// In a query it would mean something else, or nothing.
fn no_json(error: &serde_json::Error) -> OpaError {
    OpaError::Input(error.to_string())
}
