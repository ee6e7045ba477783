//! Gatekeeper's questions: is this image verified, and what does its name mean.
//!
//! Gatekeeper keeps whatever stands under a key, denials and errors alike, for minutes. So what may be otherwise in a moment is left out of the answer and
//! named in `systemError`, which is not kept; a template denies an image that is missing.

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use futures_util::future::join_all;
use http::StatusCode;
use tokio::time::Instant;
use wasm_policy::{
    code::{Class, Code, Failure},
    text::shown,
};

use super::{
    Call, Named, Refused, Shared, inquiry,
    key::{Key, NoNamespace},
    no_image,
    protocol::{Idempotent, Item, Request, Told},
    timestamp,
    value::Value,
    written,
};
use crate::{decisions::Decision, reference::Reference, telemetry::Origin};

/// A decision, and where it came from, of a key that could be read.
type Decided = (Arc<Decision>, Option<Origin>);

const NAMESPACE_REFUSED: &str = "the key names a namespace, and only clients with a verified certificate may ask for one: the server needs --client-ca";

/// What is answered to a key.
enum Answer {
    Told(Told),
    /// Nothing yet, and why.
    Open(String),
}

/// What comes of a question without waiting.
enum First<'k> {
    Answer(Answer),
    Question(Question<'k>),
}

/// A key that asks about an image.
struct Question<'k> {
    key: &'k str,
    namespace: Option<&'k str>,
    image: Reference,
}

/// Why a key asks about none.
enum NoQuestion {
    Unreadable(Failure),
    /// This client may not ask for a namespace.
    Refused,
}

impl<'k> Question<'k> {
    fn read(key: &'k str, call: &Call) -> Result<Self, NoQuestion> {
        let Key { namespace, image } =
            Key::read(key).map_err(|NoNamespace| NoQuestion::Unreadable(no_namespace(key)))?;
        let image = image.map_err(|error| NoQuestion::Unreadable(no_image(&error)))?;
        if namespace.is_some() && !call.client.is_verified() {
            return Err(NoQuestion::Refused);
        }
        Ok(Self { key, namespace, image })
    }
}

pub(super) async fn verify(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let request = Request::read(&call.body).map_err(|why| Refused::new(StatusCode::BAD_REQUEST, why))?;
    let answering = Answering { shared, call: &call, timestamp: timestamp().into() };
    loop {
        let since = shared.decisions.standing();
        let (mut answers, mut questions) = (Vec::with_capacity(request.keys.len()), Vec::new());
        for key in &request.keys {
            match answering.at_once(key) {
                First::Answer(answer) => answers.push((key.as_str(), answer)),
                First::Question(question) => questions.push(question),
            }
        }
        // Who asks finds answers by their keys, wherever they stand.
        answers.extend(join_all(questions.into_iter().map(|question| answering.later(question))).await);
        // Otherwise some may be of the configuration before, and Gatekeeper would keep them.
        if shared.decisions.still_stands(&since, namespaces(&request)) {
            return Ok(respond(&request, Idempotent::No, answers));
        }
        call.room.refill();
    }
}

pub(super) async fn mutate(shared: &Shared, call: Call) -> Result<Response, Refused> {
    let request = Request::read(&call.body).map_err(|why| Refused::new(StatusCode::BAD_REQUEST, why))?;
    let call = &call;
    loop {
        let since = shared.decisions.standing();
        let answers =
            join_all(request.keys.iter().map(async |key| (key.as_str(), mutate_key(shared, call, key).await))).await;
        if shared.decisions.still_stands(&since, namespaces(&request)) {
            return Ok(respond(&request, Idempotent::Yes, answers));
        }
    }
}

/// Those that keys name; `None` of those that name none.
fn namespaces(request: &Request) -> impl Iterator<Item = Option<&str>> {
    request.keys.iter().map(|key| Key::read(key).ok().and_then(|key| key.namespace))
}

fn respond<'k>(request: &'k Request, idempotent: Idempotent, answers: Vec<(&'k str, Answer)>) -> Response {
    let (mut items, mut errors) = (Vec::with_capacity(answers.len()), Vec::new());
    for (key, answer) in answers {
        match answer {
            Answer::Told(told) => items.push(Item { key, told }),
            Answer::Open(error) => errors.push(error),
        }
    }
    written(StatusCode::OK, request.response(idempotent, items, &errors).to_json())
}

/// What all keys of a request have in common.
struct Answering<'c> {
    shared: &'c Shared,
    call: &'c Call,
    timestamp: Arc<str>,
}

impl Answering<'_> {
    /// What needs no waiting, as most questions do.
    fn at_once<'k>(&self, key: &'k str) -> First<'k> {
        let Self { shared, call, .. } = self;
        let question = match Question::read(key, call) {
            Ok(question) => question,
            Err(NoQuestion::Refused) => return First::Answer(namespace_refused()),
            Err(NoQuestion::Unreadable(failure)) => {
                let decided = Ok((Arc::new(Decision::failed(&failure)), None));
                return First::Answer(self.answer(Named::Unreadable(key), key, decided, Duration::ZERO));
            }
        };
        match shared.decisions.known(inquiry(&question.image, question.namespace, call)) {
            Some(decision) => {
                let named = Named::Image(&question.image, question.namespace);
                First::Answer(self.answer(named, key, Ok((decision, Some(Origin::Hit))), Duration::ZERO))
            }
            None => First::Question(question),
        }
    }

    async fn later<'k>(&self, question: Question<'k>) -> (&'k str, Answer) {
        let Self { shared, call, .. } = self;
        let Question { key, namespace, image } = question;
        let started = Instant::now();
        let decided = shared.decisions.decide(inquiry(&image, namespace, call), call.deadline).await;
        let decided = decided.map(|(decision, origin)| (decision, Some(origin)));
        (key, self.answer(Named::Image(&image, namespace), key, decided, started.elapsed()))
    }

    /// What stands under a key, where there is room for it.
    fn answer(&self, named: Named<'_>, key: &str, decided: Result<Decided, Failure>, took: Duration) -> Answer {
        let Self { shared, call, timestamp } = self;
        let decided = decided.and_then(|(decision, origin)| {
            if decision.class == Class::Transient {
                return Ok((decision, origin, None));
            }
            let value = Value::new(Arc::clone(&decision), call.trace, Arc::clone(timestamp));
            call.room.take(value.bytes())?;
            Ok((decision, origin, Some(value)))
        });
        match decided {
            Ok((decision, origin, value)) => {
                shared.tell(call, named, &Ok((&decision, origin)), took);
                match value {
                    Some(value) => Answer::Told(Told::Verdict(value)),
                    None => Answer::Open(open(key, decision.code, &decision.message)),
                }
            }
            Err(failure) => {
                shared.tell(call, named, &Err(&failure), took);
                Answer::Open(open(key, failure.code, &failure.message))
            }
        }
    }
}

async fn mutate_key(shared: &Shared, call: &Call, key: &str) -> Answer {
    let failed = |failure: &Failure| {
        let error = format!("{}: {}", failure.code, failure.message);
        shared.metrics.decided(call.endpoint, failure.code, None);
        Answer::Told(Told::Error(error))
    };
    let Question { namespace, image, .. } = match Question::read(key, call) {
        Ok(question) => question,
        Err(NoQuestion::Refused) => return namespace_refused(),
        Err(NoQuestion::Unreadable(failure)) => return failed(&failure),
    };
    // What has a digest cannot be moved any more.
    if image.digest().is_some() {
        return Answer::Told(Told::Name(image.to_string()));
    }
    match shared.decisions.resolve(inquiry(&image, namespace, call), call.deadline).await {
        Ok(subject) => {
            shared.metrics.decided(call.endpoint, Code::Verified, None);
            Answer::Told(Told::Name(by_digest(&image, &subject.digest)))
        }
        Err(failure) if failure.code.class() == Class::Transient => {
            shared.metrics.decided(call.endpoint, failure.code, None);
            Answer::Open(open(key, failure.code, &failure.message))
        }
        Err(failure) => failed(&failure),
    }
}

fn namespace_refused() -> Answer {
    Answer::Told(Told::Error(NAMESPACE_REFUSED.to_owned()))
}

fn by_digest(image: &Reference, digest: &str) -> String {
    format!("{}/{}@{digest}", image.registry(), image.repository())
}

fn no_namespace(key: &str) -> Failure {
    Failure::new(Code::ReferenceInvalid, format!("\"{}\" begins with brackets that hold no namespace", shown(key)))
}

fn open(key: &str, code: Code, message: &str) -> String {
    format!("{}: {code}: {message}", shown(key))
}
