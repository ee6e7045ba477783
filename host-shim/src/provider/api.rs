//! Our own users' questions: the verdict on images, and the evidence from which an OPA draws it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    iter,
    sync::Arc,
};

use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tokio::{task::spawn_blocking, time::Instant};
use wasm_policy::{
    code::{Code, Failure},
    input::{Config, FetchFailure, ImageEvidence},
    text::shown,
    verdict::API_VERSION,
};

use super::{
    Call, Named, Refused, Room, Shared, inquiry, json, key::is_namespace, no_image, protocol::MAX_KEYS, value::module,
};
use crate::{
    cache::Content,
    decisions::Decision,
    evidence::Judged,
    reference::{Digest, Reference},
};

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    images: Vec<String>,
    /// Whose configuration and credentials count; the cluster's where it is absent.
    namespace: Option<String>,
    /// Whom the caller trusts for what, of evidence: it says what to fetch.
    config: Option<Config>,
}

/// The verdict on each image, under the name that was asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdicts<'v> {
    api_version: &'static str,
    images: BTreeMap<&'v str, Arc<RawValue>>,
    /// The modules that gave them; more than one while a bundle is being replaced.
    module_digests: Vec<String>,
}

/// An input document without what an OPA adds of its own: configuration, time and request.
#[derive(Serialize)]
struct Evidence {
    names: BTreeMap<String, String>,
    input: Input,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    api_version: &'static str,
    images: BTreeMap<String, Box<RawValue>>,
    blobs: BTreeMap<String, Content>,
}

/// Why nothing is answered.
#[derive(Serialize)]
pub(super) struct Refusal {
    error: RefusalError,
}

#[derive(Serialize)]
struct RefusalError {
    code: &'static str,
    message: String,
    remediation: &'static str,
}

pub(super) async fn verify(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let Request { images, namespace, config } = read(&call.body)?;
    if config.is_some() {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "verdicts are drawn under the server's configuration; take `config` out",
        ));
    }
    let decided = loop {
        let since = shared.decisions.standing();
        let decided =
            join_all(images.iter().map(async |name| (name, verdict(shared, &call, name, namespace.as_deref()).await)))
                .await;
        if shared.decisions.still_stands(&since, iter::once(namespace.as_deref())) {
            break decided;
        }
        call.room.refill();
    };
    let mut modules: Vec<_> = decided.iter().filter_map(|(_, decision)| module(decision)).map(str::to_owned).collect();
    modules.sort();
    modules.dedup();
    let images = decided.into_iter().map(|(name, decision)| (name.as_str(), Arc::clone(&decision.verdict))).collect();
    Ok(json(StatusCode::OK, &Verdicts { api_version: API_VERSION, images, module_digests: modules }))
}

/// The decision on one image, where there is room for it.
async fn verdict(shared: &Shared, call: &Call, name: &str, namespace: Option<&str>) -> Arc<Decision> {
    let started = Instant::now();
    let image = name.parse::<Reference>();
    let (named, decided) = match &image {
        Err(error) => (Named::Unreadable(name), Err(no_image(error))),
        Ok(image) => (
            Named::Image(image, namespace),
            shared.decisions.decide(inquiry(image, namespace, call), call.deadline).await,
        ),
    };
    let decided = decided.and_then(|(decision, origin)| {
        call.room.take(decision.verdict.get().len())?;
        Ok((decision, origin))
    });
    match decided {
        Ok((decision, origin)) => {
            shared.tell(call, named, &Ok((&decision, Some(origin))), started.elapsed());
            decision
        }
        Err(failure) => {
            shared.tell(call, named, &Err(&failure), started.elapsed());
            Arc::new(Decision::failed(&failure))
        }
    }
}

pub(super) async fn evidence(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let Request { images, namespace, config } = read(&call.body)?;
    let config = config.map(Arc::new);
    let gathered = loop {
        let since = shared.decisions.standing();
        let gathered = join_all(images.iter().map(async |name| {
            let image = name.parse::<Reference>().map_err(|error| no_image(&error));
            let gathered = match &image {
                Err(failure) => Err(failure.clone()),
                Ok(image) => {
                    let inquiry = inquiry(image, namespace.as_deref(), &call);
                    let gathered = shared.decisions.evidence(inquiry, config.clone(), call.deadline).await;
                    gathered.and_then(|judged| fitted(judged, &call.room))
                }
            };
            // Where the name is none, it is its own key, and the verdict says so.
            (name.as_str(), image.map_or_else(|_| name.clone(), |image| image.to_string()), gathered)
        }))
        .await;
        if shared.decisions.still_stands(&since, iter::once(namespace.as_deref())) {
            break gathered;
        }
        call.room.refill();
    };
    let mut names = BTreeMap::new();
    let mut input = Input { api_version: API_VERSION, images: BTreeMap::new(), blobs: BTreeMap::new() };
    for (name, key, gathered) in gathered {
        let code = gathered.as_ref().err().map_or(Code::Verified, |failure| failure.code);
        shared.metrics.decided(call.endpoint, code, None);
        names.insert(name.to_owned(), key.clone());
        match gathered {
            Ok((evidence, contents)) => {
                input.images.insert(key, evidence);
                input.blobs.extend(contents.into_iter().map(|(digest, content)| (digest.to_string(), content)));
            }
            Err(failure) => _ = input.images.insert(key, written(&without(&failure))),
        }
    }
    // Megabytes of it, while others wait for what is known.
    let writing = spawn_blocking(move || json(StatusCode::OK, &Evidence { names, input }));
    Ok(writing.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

fn read(body: &[u8]) -> Result<Request, Refused> {
    let bad = |why: String| Refused::new(StatusCode::BAD_REQUEST, why);
    let mut request: Request = serde_json::from_slice(body).map_err(|error| {
        bad(format!(
            "the request is not {{\"images\": […], \"namespace\": …, \"config\": …}} ({})",
            shown(&error.to_string())
        ))
    })?;
    if request.images.len() > MAX_KEYS {
        return Err(bad(format!(
            "the request has {} images, and at most {MAX_KEYS} are answered at once",
            request.images.len()
        )));
    }
    if let Some(namespace) = request.namespace.as_deref().filter(|namespace| !is_namespace(namespace)) {
        return Err(bad(format!("\"{}\" is no name of a namespace", shown(namespace))));
    }
    let mut seen = HashSet::new();
    request.images.retain(|image| seen.insert(image.clone()));
    Ok(request)
}

/// What was gathered for an image, as it is written, where the answer has room for it.
fn fitted(judged: Judged, room: &Room) -> Result<(Box<RawValue>, BTreeMap<Digest, Content>), Failure> {
    let Judged { evidence, contents, .. } = judged;
    let evidence = written(&evidence);
    room.take(evidence.get().len() + contents.values().map(|content| content.len()).sum::<usize>())?;
    Ok((evidence, contents))
}

fn written(evidence: &ImageEvidence<'_>) -> Box<RawValue> {
    // Strings and maps with string keys cannot fail to be written; null is no evidence.
    to_raw_value(evidence).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The evidence of an image of which nothing is known, and why.
fn without(failure: &Failure) -> ImageEvidence<'static> {
    let failure = FetchFailure {
        kind: Cow::Borrowed("subject"),
        digest: None,
        code: Cow::Borrowed(failure.code.name()),
        message: Cow::Owned(failure.message.clone()),
    };
    ImageEvidence { subject: None, referrers: None, failures: vec![failure] }
}

/// The document for a request that is not answered.
pub(super) fn refusal(status: StatusCode, message: &str) -> Refusal {
    let (code, remediation) = match status {
        StatusCode::TOO_MANY_REQUESTS => ("TOO_MANY_REQUESTS", "Ask again after the time of the header Retry-After."),
        StatusCode::FORBIDDEN => ("FORBIDDEN", "Give the name in the client's certificate with --api-client."),
        StatusCode::NOT_FOUND => ("NOT_FOUND", "Ask at /v1/verify, /v1/evidence or below /ratify/gatekeeper/v1."),
        _ => ("BAD_REQUEST", "Correct the request; the documents show its form."),
    };
    Refusal { error: RefusalError { code, message: message.to_owned(), remediation } }
}
