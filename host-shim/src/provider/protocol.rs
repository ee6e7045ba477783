//! Gatekeeper's external data protocol (`externaldata.gatekeeper.sh`): one request of keys, one answer.

use serde::{Deserialize, Serialize};
use wasm_policy::text::shown;

use super::value::Value;

/// The versions that Gatekeeper has had; they are the same but for the name.
const API_VERSIONS: [&str; 2] = ["externaldata.gatekeeper.sh/v1beta1", "externaldata.gatekeeper.sh/v1alpha1"];
const REQUEST: &str = "ProviderRequest";
const RESPONSE: &str = "ProviderResponse";
/// Keys of one request. An object has a handful of images, and the largest Pod some hundred.
pub(super) const MAX_KEYS: usize = 1_000;
/// Bytes of a `systemError`: it becomes part of a message that people read.
const MAX_ERROR_BYTES: usize = 4_096;

/// What Gatekeeper asks.
#[derive(Debug)]
pub(super) struct Request {
    api_version: &'static str,
    /// As they are written, each once.
    pub(super) keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: String,
    kind: String,
    request: Asked,
}

#[derive(Deserialize)]
struct Asked {
    keys: Vec<String>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(body)
            .map_err(|error| format!("the request is no {REQUEST} ({})", shown(&error.to_string())))?;
        let Document { api_version, kind, request: Asked { keys } } = document;
        let known = API_VERSIONS.into_iter().find(|known| *known == api_version);
        let Some(api_version) = known else {
            return Err(format!("unknown apiVersion \"{}\"; expected \"{}\"", shown(&api_version), API_VERSIONS[0]));
        };
        if kind != REQUEST {
            return Err(format!("unknown kind \"{}\"; expected \"{REQUEST}\"", shown(&kind)));
        }
        if keys.len() > MAX_KEYS {
            return Err(format!("the request has {} keys, and at most {MAX_KEYS} are answered at once", keys.len()));
        }
        let mut once = Vec::with_capacity(keys.len());
        let mut seen = std::collections::HashSet::new();
        for key in keys {
            if seen.insert(key.clone()) {
                once.push(key);
            }
        }
        Ok(Self { api_version, keys: once })
    }

    /// The answer to it.
    pub(super) fn response(&self, idempotent: Idempotent, items: Vec<Item>, errors: &[String]) -> Response {
        Response::new(self.api_version, idempotent, items, errors)
    }
}

/// Whether the same key always has the same value, which Gatekeeper demands of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idempotent {
    Yes,
    No,
}

/// What is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    api_version: &'static str,
    kind: &'static str,
    #[serde(rename = "response")]
    answer: Answer,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    idempotent: bool,
    items: Vec<Item>,
    system_error: String,
}

/// The answer to one key: a value or an error. Gatekeeper keeps both, so that only what stays true for a while belongs here.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ItemValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ItemValue {
    Verdict(Value),
    Name(String),
}

impl Item {
    pub(super) fn verdict(key: &str, value: Value) -> Self {
        Self { key: key.to_owned(), value: Some(ItemValue::Verdict(value)), error: None }
    }

    /// A mutation: another name for the image.
    pub(super) fn name(key: &str, name: String) -> Self {
        Self { key: key.to_owned(), value: Some(ItemValue::Name(name)), error: None }
    }

    pub(super) fn error(key: &str, error: String) -> Self {
        Self { key: key.to_owned(), value: None, error: Some(error) }
    }
}

impl Response {
    fn new(api_version: &'static str, idempotent: Idempotent, items: Vec<Item>, errors: &[String]) -> Self {
        let idempotent = idempotent == Idempotent::Yes;
        let answer = Answer { idempotent, items, system_error: joined(errors) };
        Self { api_version, kind: RESPONSE, answer }
    }

    /// The answer to what is no request.
    pub(super) fn refusal(error: String) -> Self {
        Self::new(API_VERSIONS[0], Idempotent::No, Vec::new(), &[error])
    }
}

/// Errors one after the other, cut where it gets too long for people.
fn joined(errors: &[String]) -> String {
    let mut text = String::new();
    for (index, error) in errors.iter().enumerate() {
        if text.len() + error.len() > MAX_ERROR_BYTES && index > 0 {
            return format!("{text}; … and {} more", errors.len() - index);
        }
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(error);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        Request::read(body.as_bytes()).unwrap_err()
    }

    fn request(keys: &[&str]) -> String {
        serde_json::json!({ "apiVersion": API_VERSIONS[0], "kind": "ProviderRequest", "request": { "keys": keys } })
            .to_string()
    }

    #[test]
    fn a_key_that_is_asked_twice_is_answered_once() {
        assert_eq!(Request::read(request(&["b", "a", "b"]).as_bytes()).unwrap().keys, ["b", "a"]);
    }

    #[test]
    fn what_is_no_request_is_refused_with_its_reason() {
        assert_eq!(refusal("{"), "the request is no ProviderRequest (EOF while parsing an object at line 1 column 1)");
        assert!(refusal("[]").starts_with("the request is no ProviderRequest (invalid length 0"));
        assert_eq!(
            refusal(r#"{"apiVersion":"v2\u0007","kind":"ProviderRequest","request":{"keys":[]}}"#),
            r#"unknown apiVersion "v2\u{7}"; expected "externaldata.gatekeeper.sh/v1beta1""#
        );
        assert_eq!(
            refusal(r#"{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"Pod","request":{"keys":[]}}"#),
            r#"unknown kind "Pod"; expected "ProviderRequest""#
        );
    }

    #[test]
    fn more_keys_than_any_object_has_are_refused() {
        let keys: Vec<_> = (0..=MAX_KEYS).map(|number| number.to_string()).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        assert_eq!(Request::read(request(&keys[1..]).as_bytes()).unwrap().keys.len(), MAX_KEYS);
        assert_eq!(refusal(&request(&keys)), "the request has 1001 keys, and at most 1000 are answered at once");
    }

    #[test]
    fn an_answer_names_the_version_of_its_question_and_its_errors_are_cut() {
        let body = request(&["a"]).replace("v1beta1", "v1alpha1");
        let request = Request::read(body.as_bytes()).unwrap();
        let errors = vec!["x".repeat(3_000); 3];
        let response = serde_json::to_value(request.response(Idempotent::Yes, Vec::new(), &errors)).unwrap();
        assert_eq!(response["apiVersion"], "externaldata.gatekeeper.sh/v1alpha1");
        assert_eq!(response["response"]["idempotent"], true);
        assert_eq!(response["response"]["systemError"], format!("{}; … and 2 more", errors[0]));
    }
}
