//! Puts what is known before the engine.

use std::{borrow::Cow, collections::BTreeMap, num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use tokio::sync::Semaphore;
use wasm_policy::{
    code::{Code, Failure},
    input::Input,
    verdict::{API_VERSION, Verdict},
};

use super::{Question, image::Image};
use crate::{
    deadline::{Deadline, Passed},
    engine::{Engine, EngineError, Judgement},
};

/// What was fetched by the deadline is still judged: it takes milliseconds, and an engine that takes longer than this hangs.
const LAST_VERDICT: Duration = Duration::from_secs(5);

/// Asks an engine, about as many images at a time as there are processors.
pub(super) struct Asker {
    engine: Arc<dyn Engine>,
    turns: Semaphore,
    deadline: Deadline,
}

impl Asker {
    /// Of a call whose fetching ends at the deadline.
    pub(super) fn new(engine: Arc<dyn Engine>, deadline: Deadline) -> Self {
        let turns = Semaphore::new(available_parallelism().map_or(1, NonZero::get));
        Self { engine, turns, deadline: deadline.later_by(LAST_VERDICT) }
    }

    /// The verdict on an image as it is known now.
    pub(super) async fn verdict_on<'i>(&self, question: &Question<'i>, image: &'i Image<'i>) -> Judgement {
        let asking = async {
            // Written only when it is its turn: images that wait hold no document. The semaphore is never closed; without a turn the question would
            // only be less polite.
            let _turn = self.turns.acquire().await.ok();
            self.engine.verify(to_json(&input_of(question, [image]))).await
        };
        self.answered(asking, question, [image.key.as_str()]).await
    }

    /// The verdict on the input document of these images.
    pub(super) async fn verdict_of<'k>(
        &self,
        input: Vec<u8>,
        question: &Question<'_>,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Judgement {
        self.answered(self.engine.verify(input), question, keys).await
    }

    /// Waits for an answer. Where there is none nothing is verified, and that is the verdict.
    async fn answered<'k>(
        &self,
        asking: impl Future<Output = Result<Judgement, EngineError>>,
        question: &Question<'_>,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Judgement {
        let why = match self.deadline.bound(asking).await {
            Ok(Ok(judgement)) => return judgement,
            Ok(Err(error)) => error.to_string(),
            Err(Passed) => "the engine gave no verdict before the deadline".to_owned(),
        };
        tracing::warn!(error = %why, "there is no verdict");
        let failure = Failure::new(Code::EngineUnavailable, why);
        let verdict = Verdict::unavailable(question.request_id, keys, &failure);
        Judgement { verdict: verdict.to_bytes(), module: None }
    }
}

/// The input document of images as they are known now.
pub(super) fn input_of<'i>(question: &Question<'i>, images: impl IntoIterator<Item = &'i Image<'i>>) -> Input<'i> {
    let mut input = Input {
        api_version: Cow::Borrowed(API_VERSION),
        request_id: question.request_id.map(Cow::Borrowed),
        now: Cow::Borrowed(question.now),
        config: Cow::Borrowed(question.config),
        images: BTreeMap::new(),
        blobs: BTreeMap::new(),
    };
    for image in images {
        input.images.insert(Cow::Borrowed(&image.key), image.evidence.clone());
        for (digest, content) in &image.contents {
            input.blobs.insert(Cow::Borrowed(digest.as_str()), Cow::Borrowed(&**content));
        }
    }
    input
}

/// A document as JSON.
pub(super) fn to_json(input: &Input<'_>) -> Vec<u8> {
    // Strings, numbers and maps with string keys cannot fail to be written; were it ever otherwise, an empty text is refused by every engine.
    serde_json::to_vec(input).unwrap_or_default()
}
