//! A stock OPA with our bundle, asked over its REST API (`POST /v1/data/…`).
//!
//! OPA says 200 also where it has no answer, and its /health is 200 also where it has no bundle. So only a complete verdict document counts, of a
//! module that is known by its digest: the bundle's revision, which OPA tells where it is asked for the provenance.

mod access;
mod answer;
mod error;
mod narrow;
mod options;
mod path;
mod question;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};
use tracing::debug;

use super::{Engine, EngineError, Judgement, ModuleDigest, probe};
use access::Access;
use answer::Answer;
use question::Question;

pub use error::{OpaError, OpaSetupError};
pub use options::{ClientFiles, OpaOptions, OpaUrl, OpaUrlError};
pub use path::{DecisionPath, DecisionPathError};

/// An OPA that gives the verdicts.
#[derive(Debug)]
pub struct OpaEngine {
    access: Access,
    url: OpaUrl,
    decision: Option<DecisionPath>,
    timeout: Duration,
    turns: Semaphore,
}

impl OpaEngine {
    /// Reads the files that the options name. Nothing is asked yet.
    ///
    /// # Errors
    /// A file cannot be used.
    pub fn new(options: OpaOptions) -> Result<Self, OpaSetupError> {
        let OpaOptions { url, ca_files, client, token_file, decision, timeout, at_once } = options;
        let access = Access::read(ca_files, client, token_file, at_once)?;
        Ok(Self { access, url, decision, timeout, turns: Semaphore::new(at_once.get()) })
    }

    /// The module's own verdict, narrowed by the user's rule where there is one.
    async fn judge(&self, input: &[u8]) -> Result<Judgement, OpaError> {
        let question = Question::new(input)?;
        let Answer { result, module } = self.ask(&DecisionPath::module(), &question).await?;
        let mut verdict = question.answered_by(result.ok_or(OpaError::NoResult)?)?;
        // A rule that can only narrow has nothing to say where there is no success.
        if let Some(path) = self.decision.as_ref().filter(|_| narrow::has_success(&verdict)) {
            let decision = self.ask(path, &question).await?;
            if decision.module != module {
                return Err(OpaError::ModuleChanged { verdict: module, decision: decision.module });
            }
            verdict = narrow::narrowed(verdict, decision.result.as_ref(), path);
        }
        // Sorted members and no space: what serde_json writes of a map that keeps them in order.
        Ok(Judgement { verdict: verdict.to_string().into_bytes(), module: Some(module) })
    }

    async fn check_all(&self) -> Result<ModuleDigest, EngineError> {
        let input = probe::question();
        let question = Question::new(&input)?;
        let Answer { result, module } = self.ask(&DecisionPath::module(), &question).await?;
        let verdict = question.answered_by(result.ok_or(OpaError::NoResult)?)?;
        if !probe::is_answered_by(verdict.to_string().as_bytes()) {
            return Err(EngineError::Wrong);
        }
        if let Some(path) = &self.decision {
            let answer = self.ask(path, &question).await?;
            answer.result.ok_or_else(|| OpaError::NoDecision(path.clone()))?;
        }
        Ok(module)
    }

    /// One query. More at once than OPA has instances of the module would wait there, with their inputs in its memory.
    async fn ask(&self, path: &DecisionPath, question: &Question<'_>) -> Result<Answer, OpaError> {
        // The semaphore is never closed; without a turn the question would only be less polite.
        let _turn = self.turns.acquire().await.ok();
        let started = Instant::now();
        let exchange = timeout(self.timeout, self.access.post(self.url.of(path), question.body())).await;
        let (status, body) = exchange.unwrap_or(Err(OpaError::Timeout(self.timeout)))?;
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        debug!(%path, status = status.as_u16(), bytes = body.len(), ms, "asked OPA");
        Answer::read(status, &body)
    }
}

impl Engine for OpaEngine {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        Box::pin(async move { Ok(self.judge(&input).await?) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        Box::pin(async move { self.check_all().await.map(Some) })
    }
}
