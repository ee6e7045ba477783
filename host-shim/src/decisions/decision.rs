//! What was decided about an image, read once from the verdict document, and how long it counts.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::Instant;
use wasm_policy::{
    code::{Class, Code, Failure},
    time::Instant as Time,
    verdict::ImageVerdict,
};

use crate::{
    engine::ModuleDigest,
    presenter::{Image, Outcome, Reason},
};

/// A decision on an image. Only one that counts may be given.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether the image may run.
    pub is_success: bool,
    /// What the code says.
    pub class: Class,
    /// An outcome of the closed list.
    pub code: Code,
    /// One sentence for people.
    pub message: Arc<str>,
    /// `registry/repository@digest` of what was judged.
    pub subject: Option<Arc<str>>,
    /// The media type of what was judged.
    pub media_type: Option<Arc<str>>,
    /// The image's verdict, as the engine wrote it.
    pub verdict: Arc<RawValue>,
    /// The decision in the form of an answer, which whoever gives it so writes once.
    pub written: Arc<OnceLock<Box<str>>>,
    /// The module that gave it.
    pub module: Option<ModuleDigest>,
    /// The first moment at which a fact under it lapses.
    pub valid_until: Option<Time>,
    lasting: Lasting,
}

/// Bytes of what an answer says beside reports and message: code, remediation, digests.
const REST: usize = 512;

/// How long something that rests on a registry's word, or on none, counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lasting(Instant);

impl Lasting {
    pub(super) fn until(instant: Instant) -> Self {
        Self(instant)
    }

    /// A failure, which is given to those who ask at the same time, and soon tried again.
    pub(super) fn damped(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }
}

#[derive(Deserialize)]
struct Document<'v> {
    error: Option<Reason>,
    #[serde(borrow)]
    images: HashMap<String, &'v RawValue>,
}

impl Decision {
    /// Reads the decision on an image from a verdict document.
    ///
    /// # Errors
    /// Where the document holds none; nothing in it may be believed then.
    pub(super) fn read(
        verdict: &[u8],
        key: &str,
        module: Option<ModuleDigest>,
        lasting: Lasting,
    ) -> Result<Self, Failure> {
        let broken = |why: &str| Failure::new(Code::EngineUnavailable, format!("the engine gave {why}"));
        let document: Document<'_> = serde_json::from_slice(verdict).map_err(|_| broken("no verdict document"))?;
        let Some(text) = document.images.get(key) else {
            return Err(match document.error {
                Some(Reason { code, message, .. }) => {
                    let code = Code::from_name(&code).filter(|code| code.class() != Class::Verified);
                    Failure::new(code.unwrap_or(Code::EngineUnavailable), message)
                }
                None => broken("a verdict without the image"),
            });
        };
        let image: Image = serde_json::from_str(text.get()).map_err(|_| broken("a verdict that cannot be read"))?;
        let code = Code::from_name(&image.code).ok_or_else(|| broken("a code that is not known"))?;
        let is_success = image.outcome() == Outcome::Verified && code == Code::Verified;
        // A success whose end cannot be read could be given after it.
        let valid_until = match &image.valid_until {
            Some(text) => Some(Time::parse_rfc3339(text).ok_or_else(|| broken("a time that cannot be read"))?),
            None => None,
        };
        if !is_success && (image.is_success || code == Code::Verified) {
            return Err(broken("a verdict that contradicts itself"));
        }
        Ok(Self {
            is_success,
            class: code.class(),
            code,
            message: image.message.as_str().into(),
            subject: image.subject.as_deref().map(Arc::from),
            media_type: image.media_type.as_deref().map(Arc::from),
            verdict: Arc::from((*text).to_owned()),
            written: Arc::default(),
            module,
            valid_until,
            lasting,
        })
    }

    /// That the image could not be judged.
    pub fn failed(failure: &Failure) -> Self {
        let refused = ImageVerdict::refused(failure);
        let verdict = to_raw_value(&refused).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            is_success: false,
            class: failure.code.class(),
            code: failure.code,
            message: failure.message.as_str().into(),
            subject: None,
            media_type: None,
            verdict: Arc::from(verdict),
            written: Arc::default(),
            module: None,
            valid_until: None,
            lasting: Lasting::until(Instant::now()),
        }
    }

    /// The same decision, on what a registry has told again.
    pub(super) fn told_again(&self, lasting: Lasting) -> Self {
        Self { lasting, ..self.clone() }
    }

    /// Whether it may still be given.
    pub(super) fn counts(&self, now: Time) -> bool {
        Instant::now() < self.lasting.0 && self.is_valid(now)
    }

    /// Whether every fact under it holds.
    pub(super) fn is_valid(&self, now: Time) -> bool {
        self.valid_until.is_none_or(|until| now < until)
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        // Its reports are most of the verdict, and in the form of an answer somewhat longer.
        self.verdict.get().len() * 5 / 2 + self.message.len() * 2 + REST
    }
}
