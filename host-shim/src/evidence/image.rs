//! One image's evidence: resolve it, ask for a verdict, fetch what the verdict needs, and ask again until it needs nothing.
//!
//! Each image has a loop of its own, so that a registry that hangs holds up its own images only.

use std::{borrow::Cow, collections::BTreeMap};

use futures_util::{StreamExt, stream};
use tokio::time::Instant;
use wasm_policy::{
    code::{Code, Failure},
    input::{FetchFailure, ImageEvidence},
};

use super::{Question, artifacts::Artifacts, ask::Asker, needs::Need};
use crate::{
    allowance::Allowance,
    cache::{Content, Told},
    engine::Judgement,
    listing::{Listing, WantedTypes},
    reference::Digest,
};

/// Rounds of asking and fetching, as the contract bounds them. The listing takes one, and each wave of signatures two.
const MAX_ROUNDS: usize = 40;
/// Things that one image has fetched at a time.
const FETCHES_AT_ONCE: usize = 8;

/// What is known about one image.
#[derive(Debug)]
pub(super) struct Image<'r> {
    pub(super) key: String,
    artifacts: Artifacts<'r>,
    pub(super) allowance: Allowance,
    pub(super) evidence: ImageEvidence<'static>,
    pub(super) contents: BTreeMap<Digest, Content>,
    /// The verdict on what is known now, where it was asked for.
    pub(super) judgement: Option<Judgement>,
    /// Since when what the registry has told may have changed; `None` where nothing of the kind is in the evidence.
    pub(super) told: Option<Instant>,
}

/// What came of a need.
enum Met {
    Listing(Told<Listing>),
    Content(Digest, Content),
}

impl<'r> Image<'r> {
    pub(super) fn new(key: String, artifacts: Artifacts<'r>, allowance: Allowance) -> Self {
        let (evidence, contents) = (ImageEvidence::default(), BTreeMap::new());
        Self { key, artifacts, allowance, evidence, contents, judgement: None, told: None }
    }

    /// Gathers until the verdict needs nothing more, or a limit is reached; then what is still needed is noted as a failure.
    ///
    /// As soon as it is known what the image is and what refers to it, `recall` is asked whether the verdict on that is known already; that ends it.
    pub(super) async fn gather<T>(
        &mut self,
        question: &Question<'_>,
        asker: &Asker,
        recall: &(dyn Fn(&ImageEvidence<'_>) -> Option<T> + Sync),
    ) -> Option<T> {
        let wanted = WantedTypes::of(question.config);
        self.resolve(&wanted).await;
        for round in 1..=MAX_ROUNDS {
            if let Some(known) = self.is_listed().then(|| recall(&self.evidence)).flatten() {
                return Some(known);
            }
            let judgement = asker.verdict_on(question, self).await;
            let needs = Need::of(&judgement.verdict, &self.key);
            if needs.is_empty() {
                self.judgement = Some(judgement);
                return None;
            }
            tracing::debug!(image = %self.key, round, needs = needs.len(), "the verdict needs more");
            if self.allowance.deadline().has_passed() {
                self.give_up(&needs, Code::RegistryTimeout, "the deadline passed before it was fetched");
                break;
            }
            if round == MAX_ROUNDS {
                self.give_up(&needs, Code::FetchLimitReached, "it takes more rounds of fetching than are made");
                break;
            }
            self.fetch(needs, &wanted).await;
        }
        None
    }

    /// Whether all that a registry has to tell of the image is known, and none of its content yet.
    fn is_listed(&self) -> bool {
        let ImageEvidence { subject, referrers, failures } = &self.evidence;
        subject.is_some() && referrers.is_some() && failures.is_empty() && self.contents.is_empty()
    }

    /// Finds out what the image is. Where its digest is known already, its referrers are listed at the same time.
    async fn resolve(&mut self, wanted: &WantedTypes) {
        let subject = self.artifacts.subject(&self.allowance);
        let (subject, listing) = match self.artifacts.known_digest() {
            Some(digest) => {
                let referrers = self.artifacts.referrers(digest, wanted, &self.allowance);
                let (subject, listing) = tokio::join!(subject, referrers);
                (subject, Some(listing))
            }
            None => (subject.await, None),
        };
        match subject {
            // Of an image that is not there nothing else is told.
            Err(failure) => self.note("subject", None, failure),
            Ok(subject) => {
                self.was_told(subject.at);
                self.evidence.subject = Some(subject.value.as_ref().clone());
                match listing {
                    Some(Ok(listing)) => self.take(Met::Listing(listing)),
                    Some(Err(failure)) => self.note("referrers", None, failure),
                    None => {}
                }
            }
        }
    }

    async fn fetch(&mut self, needs: Vec<Need>, wanted: &WantedTypes) {
        let image = &*self;
        let meeting = stream::iter(needs).map(async |need| {
            let met = image.meet(&need, wanted).await;
            (need, met)
        });
        let fetched: Vec<_> = meeting.buffer_unordered(FETCHES_AT_ONCE).collect().await;
        for (need, met) in fetched {
            match met {
                Ok(met) => self.take(met),
                Err(failure) => self.note(need.kind(), need.digest(), failure),
            }
        }
    }

    async fn meet(&self, need: &Need, wanted: &WantedTypes) -> Result<Met, Failure> {
        let (artifacts, allowance) = (&self.artifacts, &self.allowance);
        match need {
            Need::Referrers => {
                let listing = artifacts.referrers(&self.digest()?, wanted, allowance).await?;
                Ok(Met::Listing(listing))
            }
            Need::Manifest { digest, size } => {
                Ok(Met::Content(digest.clone(), artifacts.manifest(digest, *size, allowance).await?))
            }
            Need::Blob { digest, size } => {
                Ok(Met::Content(digest.clone(), artifacts.blob(digest, *size, allowance).await?))
            }
        }
    }

    fn digest(&self) -> Result<Digest, Failure> {
        let digest = self.evidence.subject.as_ref().and_then(|subject| subject.digest.parse().ok());
        digest
            .ok_or_else(|| Failure::new(Code::EvidenceInvalid, "the referrers of an image without a digest are needed"))
    }

    fn take(&mut self, met: Met) {
        match met {
            Met::Content(digest, content) => {
                self.contents.insert(digest, content);
            }
            Met::Listing(Told { value: listing, at }) => {
                self.was_told(at);
                let mut referrers = listing.referrers.clone();
                // The order of a list means nothing, and registries and clients write the same one differently: the verdict should not.
                referrers.sort_by(|a, b| a.digest.cmp(&b.digest));
                self.evidence.referrers = Some(referrers);
                if let Some(failure) = &listing.incomplete {
                    self.note("referrers", None, failure.clone());
                }
            }
        }
    }

    fn was_told(&mut self, at: Instant) {
        self.told = Some(self.told.map_or(at, |told| told.min(at)));
    }

    fn give_up(&mut self, needs: &[Need], code: Code, message: &str) {
        for need in needs {
            self.note(need.kind(), need.digest(), Failure::new(code, message));
        }
    }

    fn note(&mut self, kind: &'static str, digest: Option<&Digest>, failure: Failure) {
        tracing::debug!(image = %self.key, kind, digest = digest.map(Digest::as_str), %failure, "could not be fetched");
        self.evidence.failures.push(FetchFailure {
            kind: Cow::Borrowed(kind),
            digest: digest.map(|digest| Cow::Owned(digest.to_string())),
            code: Cow::Borrowed(failure.code.name()),
            message: Cow::Owned(failure.message),
        });
    }
}
