//! Who asks over the network: Gatekeeper as an external data provider, and programs of our own users.
//!
//! Every answer is one JSON document and comes before its deadline. The images of one request do not depend on each other: what is not decided in time is
//! named, the rest is answered.

mod api;
mod gatekeeper;
mod key;
mod protocol;
mod room;
#[cfg(test)]
mod tests;
mod value;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tokio::sync::Semaphore;
use wasm_policy::{
    code::{Code, Failure},
    text::shown,
};

use crate::{
    deadline::Deadline,
    decisions::{Decision, Decisions, Inquiry, Rights},
    reference::Reference,
    server::Client,
    telemetry::{Endpoint, Metrics, Origin, TraceId},
};
use room::Room;

/// Bytes of a request: a thousand keys of the longest kind, and room for a configuration.
const MAX_BODY: usize = 1 << 20;
/// Requests that are answered at a time. The keys of each are bounded, and each is over within seconds.
const MAX_REQUESTS: usize = 512;
/// When to come back, where there are too many.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// What is left of a deadline when waiting ends: enough to write the answer.
const TO_WRITE: Duration = Duration::from_millis(50);

/// How requests are answered.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// How long an answer to Gatekeeper's validation, and to our own users, may take.
    pub verify_deadline: Duration,
    /// How long an answer to Gatekeeper's mutation may take.
    pub mutate_deadline: Duration,
    /// The names in the certificates of clients that may ask for verdicts and evidence.
    pub api_clients: Vec<String>,
}

/// Answers requests.
#[derive(Clone)]
pub struct Provider(Arc<Shared>);

struct Shared {
    decisions: Decisions,
    options: ProviderOptions,
    metrics: Arc<Metrics>,
    requests: Semaphore,
}

/// A request, read as far as all have it in common.
struct Call {
    endpoint: Endpoint,
    client: Client,
    trace: TraceId,
    deadline: Deadline,
    body: Bytes,
    /// For the answer.
    room: Room,
}

/// What was asked about.
#[derive(Clone, Copy)]
enum Named<'n> {
    /// An image, in this namespace if any.
    Image(&'n Reference, Option<&'n str>),
    /// Something that names no image.
    Unreadable(&'n str),
}

/// A request that is not answered, and why.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Provider {
    /// One that answers nothing yet.
    pub fn new(decisions: Decisions, options: ProviderOptions, metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared { decisions, options, metrics, requests: Semaphore::new(MAX_REQUESTS) }))
    }

    /// Its routes.
    pub fn router(&self) -> Router {
        let (verify, mutate, api_verify, api_evidence) = (self.clone(), self.clone(), self.clone(), self.clone());
        Router::new()
            .route(
                "/ratify/gatekeeper/v1/verify",
                post(async move |request| verify.answer(Endpoint::Verify, request).await),
            )
            .route(
                "/ratify/gatekeeper/v1/mutate",
                post(async move |request| mutate.answer(Endpoint::Mutate, request).await),
            )
            .route("/v1/verify", post(async move |request| api_verify.answer(Endpoint::ApiVerify, request).await))
            .route("/v1/evidence", post(async move |request| api_evidence.answer(Endpoint::ApiEvidence, request).await))
            .fallback(async || elsewhere(StatusCode::NOT_FOUND, "there is nothing at this path"))
            .method_not_allowed_fallback(async || {
                elsewhere(StatusCode::METHOD_NOT_ALLOWED, "only POST is answered here")
            })
    }

    async fn answer(&self, endpoint: Endpoint, request: Request) -> Response {
        let started = tokio::time::Instant::now();
        let metrics = &self.0.metrics;
        metrics.in_progress.inc();
        let answered = self.attempt(endpoint, request).await;
        metrics.in_progress.dec();
        let response = answered.unwrap_or_else(|refused| refused.into_response(endpoint));
        metrics.answered(endpoint, response.status().as_u16(), started.elapsed());
        response
    }

    async fn attempt(&self, endpoint: Endpoint, request: Request) -> Result<Response, Refused> {
        let shared = &self.0;
        let ProviderOptions { verify_deadline, mutate_deadline, api_clients } = &shared.options;
        let within = if endpoint == Endpoint::Mutate { mutate_deadline } else { verify_deadline };
        let deadline = Deadline::within(within.saturating_sub(TO_WRITE));
        let Ok(_place) = shared.requests.try_acquire() else {
            return Err(Refused::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests are being answered; ask again in a second",
            ));
        };
        let (parts, body) = request.into_parts();
        let client = parts.extensions.get::<Client>().cloned().unwrap_or_default();
        if matches!(endpoint, Endpoint::ApiVerify | Endpoint::ApiEvidence) && !client.is_one_of(api_clients) {
            return Err(Refused::new(
                StatusCode::FORBIDDEN,
                "only clients whose certificate has a name given with --api-client may ask here",
            ));
        }
        let body = read(body, deadline).await?;
        let room = Room::new(if endpoint == Endpoint::ApiEvidence { room::OF_EVIDENCE } else { room::OF_VERDICTS });
        let call = Call { endpoint, client, trace: TraceId::of(&parts.headers), deadline, body, room };
        match endpoint {
            Endpoint::Verify => gatekeeper::verify(shared, call).await,
            Endpoint::Mutate => gatekeeper::mutate(shared, call).await,
            Endpoint::ApiVerify => api::verify(shared, call).await,
            Endpoint::ApiEvidence => api::evidence(shared, call).await,
        }
    }
}

impl Shared {
    /// Tells what is answered about an image: in the metrics, and in a line of the log.
    fn tell(
        &self,
        call: &Call,
        named: Named<'_>,
        decided: &Result<(&Decision, Option<Origin>), &Failure>,
        took: Duration,
    ) {
        let (code, origin, digest, success) = match decided {
            Ok((decision, origin)) => (decision.code, *origin, decision.subject.as_deref(), decision.is_success),
            Err(failure) => (failure.code, None, None, false),
        };
        let unreadable;
        let (image, namespace) = match named {
            Named::Image(image, namespace) => (image.as_str(), namespace),
            // As long as a request may be.
            Named::Unreadable(text) => {
                unreadable = shown(text).to_string();
                (unreadable.as_str(), None)
            }
        };
        self.metrics.decided(call.endpoint, code, origin);
        tracing::info!(
            endpoint = call.endpoint.name(),
            image,
            digest = digest.and_then(|subject| subject.rsplit_once('@')).map(|(_, digest)| digest),
            namespace,
            verdict = if success { "verified" } else { "denied" },
            code = code.name(),
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            cache = origin.map(Origin::name),
            trace_id = call.trace.as_str(),
            "decided"
        );
    }
}

impl Call {
    /// Nobody's credentials are used for who has not shown who it is.
    fn rights(&self) -> Rights {
        if self.client.is_verified() { Rights::Configured } else { Rights::None }
    }
}

impl Refused {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    fn into_response(self, endpoint: Endpoint) -> Response {
        let Self { status, message } = self;
        // `message` would be the line's own in JSON.
        tracing::warn!(endpoint = endpoint.name(), status = status.as_u16(), reason = %message, "a request was refused");
        let mut response = match endpoint {
            Endpoint::Verify | Endpoint::Mutate => written(status, protocol::Response::refusal(message).to_json()),
            Endpoint::ApiVerify | Endpoint::ApiEvidence => json(status, &api::refusal(status, &message)),
        };
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

fn elsewhere(status: StatusCode, message: &str) -> Response {
    json(status, &api::refusal(status, message))
}

async fn read(body: Body, deadline: Deadline) -> Result<Bytes, Refused> {
    match deadline.bound(to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_long(&error) => {
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the request has more than {MAX_BODY} bytes")))
        }
        Ok(Err(error)) => Err(Refused::new(
            StatusCode::BAD_REQUEST,
            format!("the request breaks off ({})", shown(&error.to_string())),
        )),
        Err(_) => Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time")),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(text) => written(status, text),
        // Strings and maps with string keys cannot fail to be written.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An answer that is JSON already.
fn written(status: StatusCode, text: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, content_type)], text).into_response()
}

/// The clock's time as answers carry it.
fn timestamp() -> String {
    jiff::Timestamp::now().to_string()
}

fn inquiry<'i>(image: &'i Reference, namespace: Option<&'i str>, call: &Call) -> Inquiry<'i> {
    Inquiry { image, namespace, rights: call.rights() }
}

/// What is said of a name that names no image.
fn no_image(error: &crate::reference::ReferenceError) -> Failure {
    Failure::new(Code::ReferenceInvalid, error.to_string())
}
