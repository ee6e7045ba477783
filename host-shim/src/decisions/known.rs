//! Decisions that count for a while: the answer to a question until what a registry has told must be asked again, and the verdict on evidence that has
//! not changed until a fact under it lapses.

use std::sync::Arc;

use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use wasm_policy::{input::ImageEvidence, time::Instant as Time};

use super::{Flown, decision::Decision};

/// What an entry takes beside the decision: the key, and the cache's own books.
const OVERHEAD: usize = 500;

/// What has been decided.
pub(super) struct Known {
    answers: Cache<Flown, Arc<Decision>>,
    /// Of good images alone. By what the image is and what refers to it: a list that changes makes a question a new one.
    verdicts: Cache<(Flown, [u8; 32]), Arc<Decision>>,
}

impl Known {
    pub(super) fn new(bytes: u64) -> Self {
        Self {
            answers: Cache::builder()
                .max_capacity(bytes / 2)
                .weigher(|_, decision: &Arc<Decision>| weight(decision))
                .build(),
            verdicts: Cache::builder()
                .max_capacity(bytes / 2)
                .weigher(|_, decision: &Arc<Decision>| weight(decision))
                .build(),
        }
    }

    /// The answer to a question, while it counts.
    pub(super) fn answer(&self, question: &Flown, now: Time) -> Option<Arc<Decision>> {
        let decision = self.answers.get(question)?;
        if decision.counts(now) {
            return Some(decision);
        }
        self.answers.invalidate(question);
        None
    }

    pub(super) fn keep(&self, question: Flown, decision: &Arc<Decision>) {
        self.answers.insert(question, Arc::clone(decision));
    }

    /// The verdict on evidence of which all is known but the content, while no fact under it has lapsed.
    pub(super) fn verdict(&self, question: &Flown, evidence: &ImageEvidence<'_>, now: Time) -> Option<Arc<Decision>> {
        let decision = self.verdicts.get(&(question.clone(), digest(evidence)?))?;
        decision.is_valid(now).then_some(decision)
    }

    pub(super) fn keep_verdict(&self, question: &Flown, evidence: &ImageEvidence<'_>, decision: &Arc<Decision>) {
        if let Some(digest) = digest(evidence) {
            self.verdicts.insert((question.clone(), digest), Arc::clone(decision));
        }
    }
}

fn weight(decision: &Decision) -> u32 {
    u32::try_from(decision.bytes() + OVERHEAD).unwrap_or(u32::MAX)
}

fn digest(evidence: &ImageEvidence<'_>) -> Option<[u8; 32]> {
    Some(Sha256::digest(serde_json::to_vec(evidence).ok()?).into())
}
