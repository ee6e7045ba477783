//! Gatekeeper's questions: is this image verified, and what does its name mean.
//!
//! Gatekeeper keeps whatever stands under a key, denials and errors alike, for minutes. So what may be otherwise in a moment is left out of the answer and
//! named in `systemError`, which is not kept; a template denies an image that is missing.

use axum::response::Response;
use futures_util::future::join_all;
use http::StatusCode;
use serde_json::value::{RawValue, to_raw_value};
use wasm_policy::{
    code::{Class, Code, Failure},
    text::shown,
};

use super::{
    Call, Refused, Shared, json,
    key::{Key, NoNamespace},
    no_image,
    protocol::{Idempotent, Item, Request},
    timestamp,
    value::value,
};
use crate::{
    decisions::{Decision, Inquiry},
    reference::Reference,
};

const NAMESPACE_REFUSED: &str = "the key names a namespace, and only clients with a verified certificate may ask for one: the server needs --client-ca";

/// What is answered to a key.
enum Answer {
    Item(Item),
    /// Nothing yet, and why.
    Open(String),
}

pub(super) async fn verify(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let request = Request::read(&call.body).map_err(|why| Refused::new(StatusCode::BAD_REQUEST, why))?;
    let timestamp = timestamp();
    let answers = join_all(request.keys.iter().map(|key| verify_key(shared, &call, key, &timestamp))).await;
    Ok(respond(&request, Idempotent::No, answers))
}

pub(super) async fn mutate(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let request = Request::read(&call.body).map_err(|why| Refused::new(StatusCode::BAD_REQUEST, why))?;
    let answers = join_all(request.keys.iter().map(|key| mutate_key(shared, &call, key))).await;
    Ok(respond(&request, Idempotent::Yes, answers))
}

fn respond(request: &Request, idempotent: Idempotent, answers: Vec<Answer>) -> Response {
    let (mut items, mut errors) = (Vec::with_capacity(answers.len()), Vec::new());
    for answer in answers {
        match answer {
            Answer::Item(item) => items.push(item),
            Answer::Open(error) => errors.push(error),
        }
    }
    json(StatusCode::OK, &request.response(idempotent, items, &errors))
}

async fn verify_key(shared: &Shared, call: &Call, key: &str, timestamp: &str) -> Answer {
    let told = |decision: &Decision| {
        let value = value(decision, call.trace, timestamp);
        match call.room.take(value.get().len()) {
            Ok(()) => Answer::Item(Item::value(key.to_owned(), value)),
            Err(failure) => Answer::Open(open(key, failure.code, &failure.message)),
        }
    };
    let refused = |failure: &Failure| {
        shared.metrics.decided(call.endpoint, failure.code, None);
        told(&Decision::failed(failure))
    };
    let Key { namespace, image } = match Key::read(key) {
        Ok(key) => key,
        Err(NoNamespace) => return refused(&no_namespace(key)),
    };
    let image = match image {
        Ok(image) => image,
        Err(error) => return refused(&no_image(&error)),
    };
    if namespace.is_some() && !call.client.is_verified() {
        return Answer::Item(Item::error(key.to_owned(), NAMESPACE_REFUSED.to_owned()));
    }
    match shared.decide(call, &image, namespace).await {
        Ok((decision, _)) if decision.class != Class::Transient => told(&decision),
        Ok((decision, _)) => Answer::Open(open(key, decision.code, &decision.message)),
        Err(failure) => Answer::Open(open(key, failure.code, &failure.message)),
    }
}

async fn mutate_key(shared: &Shared, call: &Call, key: &str) -> Answer {
    let failed = |failure: &Failure| {
        let error = format!("{}: {}", failure.code, failure.message);
        shared.metrics.decided(call.endpoint, failure.code, None);
        Answer::Item(Item::error(key.to_owned(), error))
    };
    let Key { namespace, image } = match Key::read(key) {
        Ok(key) => key,
        Err(NoNamespace) => return failed(&no_namespace(key)),
    };
    let image = match image {
        Ok(image) => image,
        Err(error) => return failed(&no_image(&error)),
    };
    if namespace.is_some() && !call.client.is_verified() {
        return Answer::Item(Item::error(key.to_owned(), NAMESPACE_REFUSED.to_owned()));
    }
    // What has a digest cannot be moved any more.
    if image.digest().is_some() {
        return Answer::Item(Item::value(key.to_owned(), string(&image.to_string())));
    }
    let inquiry = Inquiry { image: &image, namespace, rights: call.rights() };
    match shared.decisions.resolve(inquiry, call.deadline).await {
        Ok(subject) => {
            shared.metrics.decided(call.endpoint, Code::Verified, None);
            Answer::Item(Item::value(key.to_owned(), string(&by_digest(&image, &subject.digest))))
        }
        Err(failure) if failure.code.class() == Class::Transient => {
            shared.metrics.decided(call.endpoint, failure.code, None);
            Answer::Open(open(key, failure.code, &failure.message))
        }
        Err(failure) => failed(&failure),
    }
}

fn by_digest(image: &Reference, digest: &str) -> String {
    format!("{}/{}@{digest}", image.registry(), image.repository())
}

fn string(text: &str) -> Box<RawValue> {
    // A string can always be written.
    to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn no_namespace(key: &str) -> Failure {
    Failure::new(Code::ReferenceInvalid, format!("\"{}\" begins with brackets that hold no namespace", shown(key)))
}

fn open(key: &str, code: Code, message: &str) -> String {
    format!("{}: {code}: {message}", shown(key))
}
