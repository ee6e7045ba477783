//! Gatekeeper's external data protocol (`externaldata.gatekeeper.sh`): one request of keys, one answer.

use std::{borrow::Cow, collections::HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use wasm_policy::text::shown;

use super::value::Value;
use crate::json::push_string;

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
struct Document<'b> {
    #[serde(borrow)]
    api_version: Cow<'b, str>,
    #[serde(borrow)]
    kind: Cow<'b, str>,
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
        let document: Document<'_> = serde_json::from_slice(body)
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
        Ok(Self { api_version, keys: once(keys) })
    }

    /// The answer to it.
    pub(super) fn response<'k>(&self, idempotent: Idempotent, items: Vec<Item<'k>>, errors: &[String]) -> Response<'k> {
        Response::new(self.api_version, idempotent, items, errors)
    }
}

fn once(mut keys: Vec<String>) -> Vec<String> {
    // Gatekeeper sends none twice, and mostly only one.
    if keys.len() > 1 && keys.iter().collect::<HashSet<_>>().len() < keys.len() {
        let mut seen = HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
    }
    keys
}

/// Whether the same key always has the same value, which Gatekeeper demands of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idempotent {
    Yes,
    No,
}

/// What is answered.
#[derive(Debug)]
pub(super) struct Response<'k> {
    api_version: &'static str,
    idempotent: Idempotent,
    items: Vec<Item<'k>>,
    system_error: String,
}

/// The answer to one key.
#[derive(Debug)]
pub(super) struct Item<'k> {
    pub(super) key: &'k str,
    pub(super) told: Told,
}

/// What is told of a key. Gatekeeper keeps values and errors alike, so that only what stays true for a while belongs here.
#[derive(Debug)]
pub(super) enum Told {
    Verdict(Value),
    /// A mutation: another name for the image.
    Name(String),
    Error(String),
}

impl Item<'_> {
    /// About how long it is when it is written.
    fn bytes(&self) -> usize {
        let told = match &self.told {
            Told::Verdict(value) => value.bytes(),
            Told::Name(text) | Told::Error(text) => text.len(),
        };
        self.key.len() + told + 32
    }

    fn write(&self, text: &mut Vec<u8>) {
        match &self.told {
            Told::Verdict(value) => {
                text.extend_from_slice(br#"{"key":"#);
                push_string(text, self.key);
                text.extend_from_slice(br#","value":"#);
                value.write(text);
                text.push(b'}');
            }
            Told::Name(name) => write(text, &json!({ "key": self.key, "value": name })),
            Told::Error(error) => write(text, &json!({ "key": self.key, "error": error })),
        }
    }
}

impl<'k> Response<'k> {
    fn new(api_version: &'static str, idempotent: Idempotent, items: Vec<Item<'k>>, errors: &[String]) -> Self {
        Self { api_version, idempotent, items, system_error: joined(errors) }
    }

    /// The answer to what is no request.
    pub(super) fn refusal(error: String) -> Self {
        Self::new(API_VERSIONS[0], Idempotent::No, Vec::new(), &[error])
    }

    /// As JSON. Not by serde: most of it is text that was written when a decision was made.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let Self { api_version, idempotent, items, system_error } = self;
        let bytes = items.iter().map(Item::bytes).sum::<usize>() + system_error.len() + 256;
        let mut text = Vec::with_capacity(bytes);
        text.extend_from_slice(br#"{"apiVersion":"#);
        push_string(&mut text, api_version);
        text.extend_from_slice(br#","kind":"#);
        push_string(&mut text, RESPONSE);
        text.extend_from_slice(br#","response":{"idempotent":"#);
        text.extend_from_slice(if *idempotent == Idempotent::Yes { b"true" } else { b"false" });
        text.extend_from_slice(br#","items":["#);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            item.write(&mut text);
        }
        text.extend_from_slice(br#"],"systemError":"#);
        push_string(&mut text, system_error);
        text.extend_from_slice(b"}}");
        text
    }
}

fn write(text: &mut Vec<u8>, document: &(impl Serialize + ?Sized)) {
    // Strings cannot fail to be written, nor can a vector to take them.
    let _ = serde_json::to_writer(text, document);
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
    use std::sync::Arc;

    use wasm_policy::code::{Code, Failure};

    use super::*;
    use crate::{decisions::Decision, telemetry::TraceId};

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
    fn each_key_has_its_own_item_and_the_second_answer_differs_from_the_first_by_its_trace_alone() {
        let body = request(&["a\"b", "c", "d"]);
        let request = Request::read(body.as_bytes()).unwrap();
        let failure = Failure::new(Code::ReferenceInvalid, "it is \"no\" image");
        let decision = Arc::new(Decision::failed(&failure));
        let answer = |trace| {
            let value = Value::new(Arc::clone(&decision), trace, "2026-11-24T12:00:00Z".into());
            let told = [Told::Verdict(value), Told::Name("c@x".to_owned()), Told::Error("\"d\"".to_owned())];
            let items = request.keys.iter().zip(told).map(|(key, told)| Item { key, told }).collect();
            let text = request.response(Idempotent::No, items, &["e".to_owned()]).to_json();
            serde_json::from_slice::<serde_json::Value>(&text).unwrap()
        };
        for _ in 0..2 {
            let trace = TraceId::of(&http::HeaderMap::new());
            assert_eq!(
                answer(trace),
                json!({
                    "apiVersion": API_VERSIONS[0],
                    "kind": "ProviderResponse",
                    "response": {
                        "idempotent": false,
                        "items": [
                            {
                                "key": "a\"b",
                                "value": {
                                    "version": "0.2.0",
                                    "isSuccess": false,
                                    "traceID": trace.to_string(),
                                    "timestamp": "2026-11-24T12:00:00Z",
                                    "code": "REFERENCE_INVALID",
                                    "class": "denied",
                                    "message": "it is \"no\" image",
                                    "remediation": Code::ReferenceInvalid.remediation(),
                                    "verifierReports": [],
                                },
                            },
                            { "key": "c", "value": "c@x" },
                            { "key": "d", "error": "\"d\"" },
                        ],
                        "systemError": "e",
                    },
                })
            );
        }
    }

    #[test]
    fn an_answer_names_the_version_of_its_question_and_its_errors_are_cut() {
        let body = request(&["a"]).replace("v1beta1", "v1alpha1");
        let request = Request::read(body.as_bytes()).unwrap();
        let errors = vec!["x".repeat(3_000); 3];
        let text = request.response(Idempotent::Yes, Vec::new(), &errors).to_json();
        let response: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(response["apiVersion"], "externaldata.gatekeeper.sh/v1alpha1");
        assert_eq!(response["response"]["idempotent"], true);
        assert_eq!(response["response"]["systemError"], format!("{}; … and 2 more", errors[0]));
    }
}
