//! The verdict's own code, linked into this program.

use std::{fmt, num::NonZero, sync::Arc, thread::available_parallelism};

use futures_util::future::BoxFuture;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{Engine, EngineError, Judgement, ModuleDigest, probe};

/// The verdict's own code, linked into this program. It gives the same bytes as the module in OPA.
///
/// It works on as many documents at a time as there are processors.
#[derive(Clone)]
pub struct Native {
    judge: fn(&[u8]) -> Vec<u8>,
    turns: Arc<Semaphore>,
}

impl Native {
    fn of(judge: fn(&[u8]) -> Vec<u8>) -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self { judge, turns: Arc::new(Semaphore::new(processors)) }
    }

    async fn judge(&self, input: Vec<u8>) -> Result<Vec<u8>, EngineError> {
        // The semaphore is never closed; without a turn the question would only be less polite.
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok();
        let judge = self.judge;
        let judging = spawn_blocking(move || {
            // Arithmetic goes on where nobody waits for it any more, and takes a processor for as long.
            let _turn = turn;
            judge(&input)
        });
        judging.await.map_err(|error| {
            tracing::error!(%error, "the engine broke");
            EngineError::Broken
        })
    }
}

impl Default for Native {
    fn default() -> Self {
        Self::of(wasm_policy::verify)
    }
}

impl Engine for Native {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        Box::pin(async move { Ok(Judgement { verdict: self.judge(input).await?, module: None }) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        Box::pin(async move {
            let verdict = self.judge(probe::question()).await?;
            if probe::is_answered_by(&verdict) { Ok(None) } else { Err(EngineError::Wrong) }
        })
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_answers_a_question_whose_answer_is_known() {
        assert_eq!(Native::default().check().await, Ok(None));
    }

    #[tokio::test]
    async fn one_that_answers_it_otherwise_is_found_out() {
        let all_good =
            |_: &[u8]| br#"{"images":{"check.invalid/image:check":{"isSuccess":true,"code":"VERIFIED"}}}"#.into();
        assert_eq!(Native::of(all_good).check().await, Err(EngineError::Wrong));
        assert_eq!(Native::of(|_| Vec::new()).check().await, Err(EngineError::Wrong));
    }

    #[tokio::test]
    async fn one_that_panics_is_an_error_and_its_turn_is_given_back() {
        let broken = Native::of(|_| panic!("as a defect would"));
        for _ in 0..=broken.turns.available_permits() {
            assert_eq!(broken.verify(Vec::new()).await, Err(EngineError::Broken));
        }
    }
}
