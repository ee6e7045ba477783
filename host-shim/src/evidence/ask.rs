//! Puts what is known before the engine.

use std::{borrow::Cow, collections::BTreeMap, num::NonZero, sync::Arc, thread::available_parallelism};

use tokio::{sync::Semaphore, task::spawn_blocking};
use wasm_policy::{
    code::{Code, Failure},
    input::Input,
    verdict::{API_VERSION, Verdict},
};

use super::{Question, image::Image};
use crate::engine::Engine;

/// Asks an engine, about as many images at a time as there are processors.
pub(super) struct Asker {
    engine: Arc<dyn Engine>,
    turns: Semaphore,
}

impl Asker {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self { engine, turns: Semaphore::new(available_parallelism().map_or(1, NonZero::get)) }
    }

    /// The verdict on images as they are known now.
    pub(super) async fn verdict_on<'i>(
        &self,
        question: &Question<'i>,
        images: impl IntoIterator<Item = &'i Image<'i>>,
    ) -> Vec<u8> {
        // Written only when it is its turn: images that wait hold no document.
        let _turn = self.turns.acquire().await.ok();
        self.evaluate(to_json(&input_of(question, images))).await
    }

    /// The verdict on an input document in JSON.
    pub(super) async fn verdict_of(&self, input: Vec<u8>) -> Vec<u8> {
        // The semaphore is never closed; without a turn the question would only be less polite.
        let _turn = self.turns.acquire().await.ok();
        self.evaluate(input).await
    }

    async fn evaluate(&self, input: Vec<u8>) -> Vec<u8> {
        let engine = Arc::clone(&self.engine);
        match spawn_blocking(move || engine.verify(&input)).await {
            Ok(verdict) => verdict,
            // An engine that breaks has verified nothing: a document without images is a success for no reader.
            Err(error) => {
                tracing::error!(%error, "the engine broke");
                let failure = Failure::new(Code::EvidenceIncomplete, "the engine broke and gave no verdict");
                Verdict::refusal(&failure).to_bytes()
            }
        }
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
