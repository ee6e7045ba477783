//! From an image and who asks to a decision: known already, or fetched once for all who wait for it.
//!
//! A decision belongs to one scope of the configuration, one set of credentials and one image. When that scope changes while somebody waits, the question is
//! put again under the new one: nobody is answered under the older. What changes in one namespace leaves the questions of others as they are.

mod decision;
mod flights;
mod known;
mod module;
mod reach;
mod turns;

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};
use wasm_policy::{
    code::{Class, Code, Failure},
    input::{Descriptor, ImageEvidence},
    time::Instant as Time,
};

pub use decision::Decision;
pub use reach::{PodPullSecrets, ReachOptions, Reaches, Secrets};

use crate::{
    allowance::{Allowance, ByteBudget},
    cache::{Bounds, Kept, Lives},
    config::{
        Configuration,
        live::{Live, Scope, Snapshot},
    },
    deadline::{Deadline, Passed},
    engine::{Engine, Judgement, ModuleDigest},
    evidence::{self, Access, Judged, MAX_BYTES, Outcome, Question},
    reference::Reference,
    telemetry::{Metrics, Origin, Phase},
};
use decision::Lasting;
use flights::{Flights, Landed};
use known::Known;
use module::CurrentModule;
use reach::Reach;
use turns::Turns;

/// Decisions that wait for their turn, and as many mutations and questions for evidence. With eight images fetched in a second, the last of these is late
/// anyway.
const MAX_WAITING: usize = 10_000;

/// With whose rights something is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rights {
    /// Nobody's: without any credential.
    None,
    /// Those that the configuration gives.
    Configured,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Inquiry<'i> {
    /// The image.
    pub image: &'i Reference,
    /// The namespace whose configuration counts; `None` for the cluster's.
    pub namespace: Option<&'i str>,
    /// With whose rights.
    pub rights: Rights,
}

/// How decisions are made.
#[derive(Clone, Copy, Debug)]
pub struct DecisionOptions {
    /// How long the fetching for one image may take, whether or not somebody still waits for it.
    pub fetch_timeout: Duration,
    /// Images that are fetched at a time.
    pub at_once: usize,
    /// How long the word of a registry counts.
    pub told_for: Duration,
    /// How long a failure is given to whoever asks, before it is tried again.
    pub damped_for: Duration,
    /// Bytes that are kept, in all.
    pub kept_bytes: u64,
    /// Which verdicts are kept for evidence that has not changed.
    pub verdicts: KeptVerdicts,
    /// What time it is, which decides about expiry.
    pub clock: fn() -> Time,
}

/// Which verdicts outlive the answer that they were given in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeptVerdicts {
    /// Those on good images, while no fact under them lapses.
    #[default]
    UntilTheyLapse,
    /// None: they rest on a rule of the user's, which changes without the module.
    None,
}

/// Makes decisions.
#[derive(Clone)]
pub struct Decisions(Arc<Shared>);

struct Shared {
    live: Live,
    engine: Arc<dyn Engine>,
    reaches: Reaches,
    kept: Kept,
    known: Known,
    flights: Flights<Flown, Arc<Decision>>,
    /// Where fetches go on, whoever has asked for them.
    runtime: Handle,
    module: CurrentModule,
    turns: Turns,
    /// Places for what is fetched without a decision, by tasks that outlive their question.
    errands: Arc<Semaphore>,
    options: DecisionOptions,
    metrics: Arc<Metrics>,
}

/// What a decision belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flown {
    /// The number of the scope.
    scope: u64,
    /// The module that gives the verdict.
    module: Option<ModuleDigest>,
    /// The namespace whose configuration or credentials count; where they are the cluster's, there is none.
    whose: Option<String>,
    rights: Rights,
    image: Reference,
}

/// A decision, and where it came from.
pub type Decided = (Arc<Decision>, Origin);

impl Decisions {
    /// None is made yet. Whatever they ask for goes on in this runtime, so that those who ask may have one of their own.
    pub fn new(
        runtime: Handle,
        live: Live,
        engine: Arc<dyn Engine>,
        reaches: Reaches,
        options: DecisionOptions,
        metrics: Arc<Metrics>,
    ) -> Self {
        let DecisionOptions { at_once, told_for, damped_for, kept_bytes, .. } = options;
        Self(Arc::new(Shared {
            live,
            reaches,
            kept: Kept::new(Bounds { bytes: kept_bytes / 2, lives: Lives { told_for, damped_for } }),
            known: Known::new(kept_bytes / 2),
            flights: Flights::on(runtime.clone()),
            runtime,
            module: CurrentModule::new(Arc::clone(&engine)),
            turns: Turns::new(at_once),
            errands: Arc::new(Semaphore::new(MAX_WAITING)),
            options,
            metrics,
            engine,
        }))
    }

    /// The configuration of this moment.
    pub fn standing(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.live.borrow())
    }

    /// Whether a configuration still counts, for each of these namespaces; without a name it is the cluster's.
    pub fn still_stands<'n>(&self, since: &Arc<Snapshot>, mut of: impl Iterator<Item = Option<&'n str>>) -> bool {
        let now = self.0.live.borrow();
        Arc::ptr_eq(since, &now) || of.all(|whose| scope_of(since, whose).number() == scope_of(&now, whose).number())
    }

    /// The decision on an image that is known already, under the configuration of this moment.
    pub fn known(&self, inquiry: Inquiry<'_>) -> Option<Arc<Decision>> {
        let flown = Flown { module: self.0.module.now().ok()?, ..self.0.asked(inquiry, &self.0.live.borrow()) };
        self.0.known.answer(&flown, (self.0.options.clock)())
    }

    /// The decision on an image.
    ///
    /// # Errors
    /// Where none is made before the deadline; it goes on being made.
    pub async fn decide(&self, inquiry: Inquiry<'_>, deadline: Deadline) -> Result<Decided, Failure> {
        let mut live = self.0.live.clone();
        loop {
            let snapshot = Arc::clone(&live.borrow_and_update());
            let flown = match deadline.bound(self.0.flown(inquiry, &snapshot)).await {
                Ok(flown) => flown,
                Err(Passed) => return Err(Failure::new(Code::EngineUnavailable, "the engine does not answer")),
            };
            let mut deciding = pin!(deadline.bound(self.under(&snapshot, &flown)));
            let decided = loop {
                tokio::select! {
                    decided = &mut deciding => break Some(decided),
                    // Who has gone away with the sender cannot change it any more.
                    Ok(()) = live.changed() => if !self.0.is_about(&flown, inquiry, &live.borrow_and_update()) {
                        break None;
                    },
                }
            };
            // The question is put again.
            let Some(decided) = decided else { continue };
            let decided = decided.unwrap_or_else(|_| {
                Err(Failure::new(
                    Code::RegistryTimeout,
                    "it is still being fetched; the next question may find it done",
                ))
            });
            if self.0.is_about(&flown, inquiry, &live.borrow()) {
                return decided;
            }
        }
    }

    /// Under one generation of the configuration.
    async fn under(&self, snapshot: &Snapshot, flown: &Flown) -> Result<Decided, Failure> {
        if let Some(known) = self.0.known.answer(flown, (self.0.options.clock)()) {
            return Ok((known, Origin::Hit));
        }
        let scope = Arc::clone(scope_of(snapshot, flown.whose.as_deref()));
        let start = || {
            let (shared, flown) = (Arc::clone(&self.0), flown.clone());
            async move { shared.fly(flown, &scope).await }
        };
        let Some((flight, origin)) = self.0.flights.join(flown, MAX_WAITING, start) else {
            return Err(too_many());
        };
        match flight.landed().await {
            Landed::With(decision) => Ok((decision, origin)),
            Landed::Lost => Err(Failure::new(Code::EvidenceIncomplete, "the decision could not be made")),
        }
    }

    /// What an image's name means, for mutation.
    ///
    /// # Errors
    /// Where it could not be told in time.
    pub async fn resolve(&self, inquiry: Inquiry<'_>, deadline: Deadline) -> Result<Descriptor<'static>, Failure> {
        let snapshot = Arc::clone(&self.0.live.borrow());
        let flown = self.0.asked(inquiry, &snapshot);
        let (shared, place) = (Arc::clone(&self.0), self.0.place()?);
        // It goes on where nobody waits for it any more.
        let resolving = self.0.runtime.spawn(async move {
            let _place = place;
            let scope = Arc::clone(scope_of(&snapshot, flown.whose.as_deref()));
            shared.resolve(&flown, &scope).await
        });
        match deadline.bound(resolving).await {
            Ok(Ok(resolved)) => resolved,
            Ok(Err(_)) => Err(Failure::new(Code::EvidenceIncomplete, "the image could not be resolved")),
            Err(_) => Err(Failure::new(
                Code::RegistryTimeout,
                "it is still being resolved; the next question may find it done",
            )),
        }
    }

    /// The evidence for an image, under its own configuration or another one.
    ///
    /// # Errors
    /// Where it is not complete before the deadline; it goes on being fetched.
    pub async fn evidence(
        &self,
        inquiry: Inquiry<'_>,
        config: Option<Arc<wasm_policy::input::Config>>,
        deadline: Deadline,
    ) -> Result<Judged, Failure> {
        let snapshot = Arc::clone(&self.0.live.borrow());
        let flown = self.0.asked(inquiry, &snapshot);
        let (shared, place) = (Arc::clone(&self.0), self.0.place()?);
        let gathering = self.0.runtime.spawn(async move {
            let _place = place;
            let scope = Arc::clone(scope_of(&snapshot, flown.whose.as_deref()));
            shared.evidence(&flown, &scope, config.as_deref()).await
        });
        match deadline.bound(gathering).await {
            Ok(Ok(gathered)) => gathered,
            Ok(Err(_)) => Err(Failure::new(Code::EvidenceIncomplete, "the evidence could not be gathered")),
            Err(_) => Err(Failure::new(
                Code::RegistryTimeout,
                "it is still being fetched; the next question may find it done",
            )),
        }
    }
}

impl Shared {
    async fn flown(&self, inquiry: Inquiry<'_>, snapshot: &Snapshot) -> Flown {
        Flown { module: self.module.get().await, ..self.asked(inquiry, snapshot) }
    }

    /// What needs no verdict.
    fn asked(&self, inquiry: Inquiry<'_>, snapshot: &Snapshot) -> Flown {
        let Inquiry { image, namespace, rights } = inquiry;
        let is_own = |namespace: &&str| {
            snapshot.of_namespace(namespace).namespace().is_some() || self.reaches.knows_namespaces()
        };
        let whose = namespace.filter(is_own).map(str::to_owned);
        let scope = scope_of(snapshot, whose.as_deref()).number();
        Flown { scope, module: None, whose, rights, image: image.clone() }
    }

    /// Whether this is still what is asked, under the configuration of this moment.
    fn is_about(&self, flown: &Flown, inquiry: Inquiry<'_>, snapshot: &Snapshot) -> bool {
        let asked = self.asked(inquiry, snapshot);
        (asked.scope, &asked.whose) == (flown.scope, &flown.whose)
    }

    /// Room for one errand more.
    fn place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.errands).try_acquire_owned().map_err(|_| too_many())
    }

    /// Makes a decision, in its turn.
    async fn fly(&self, flown: Flown, scope: &Scope) -> Arc<Decision> {
        let started = tokio::time::Instant::now();
        let _turn = self.turns.of(flown.image.registry()).await;
        self.metrics.took(Phase::Turn, started.elapsed());
        self.metrics.flights.inc();
        let decision = self.decide(&flown, scope).await;
        self.metrics.flights.dec();
        let decision = match decision {
            Ok(decision) => decision,
            Err(failure) => Arc::new(Decision::failed(&failure).told_again(self.damped())),
        };
        // What another module has said, which has taken over meanwhile, is given to those who wait for it and to nobody else.
        if decision.module.is_none() || decision.module == flown.module {
            self.known.keep(flown, &decision);
        }
        decision
    }

    async fn decide(&self, flown: &Flown, scope: &Scope) -> Result<Arc<Decision>, Failure> {
        let (configuration, reach) = self.prepare(flown, scope).await?;
        let allowance = self.allowance();
        let clock = self.options.clock;
        let now = clock().to_string();
        let question = Question { config: configuration.config(), now: &now, request_id: None };
        let recall = |evidence: &ImageEvidence<'_>| self.known.verdict(flown, evidence, clock());
        let started = tokio::time::Instant::now();
        let engine = Arc::clone(&self.engine);
        let outcome =
            evidence::gather_one(&flown.image, question, self.access(&reach), engine, allowance.clone(), &recall).await;
        self.metrics.took(Phase::Gather, started.elapsed());
        self.metrics.spent(allowance.spent());
        let judged = match outcome {
            Outcome::Known(decision, told) => {
                self.metrics.fetched(None);
                return Ok(Arc::new(decision.told_again(self.lasting(told))));
            }
            Outcome::Judged(judged) => judged,
        };
        let Judged { judgement: Judgement { verdict, module }, evidence, told, .. } = judged;
        let first_failure = evidence.failures.first().and_then(|failure| Code::from_name(&failure.code));
        self.metrics.fetched(first_failure);
        // What a failure is part of is tried again soon.
        let lasting = if evidence.failures.is_empty() { self.lasting(told) } else { self.damped() };
        let decision = Arc::new(Decision::read(&verdict, &flown.image.to_string(), module, lasting)?);
        if decision.class == Class::Transient {
            return Ok(Arc::new(decision.told_again(self.damped())));
        }
        let is_kept = self.options.verdicts == KeptVerdicts::UntilTheyLapse && decision.module == flown.module;
        if is_kept && decision.is_success && evidence.failures.is_empty() {
            self.known.keep_verdict(flown, &evidence, &decision);
        }
        Ok(decision)
    }

    async fn resolve(&self, flown: &Flown, scope: &Scope) -> Result<Descriptor<'static>, Failure> {
        let _turn = self.turns.of(flown.image.registry()).await;
        let (_, reach) = self.prepare(flown, scope).await?;
        let allowance = self.allowance();
        let repository = reach.registries.repository(&flown.image);
        let fetch =
            || -> BoxFuture<'_, _> { Box::pin(async { Ok(repository.resolve(&flown.image, &allowance).await?) }) };
        let told = self.kept.subject(reach.as_whom, &flown.image, allowance.deadline(), &fetch).await;
        self.metrics.spent(allowance.spent());
        Ok(told?.value.as_ref().clone())
    }

    async fn evidence(
        &self,
        flown: &Flown,
        scope: &Scope,
        config: Option<&wasm_policy::input::Config>,
    ) -> Result<Judged, Failure> {
        let _turn = self.turns.of(flown.image.registry()).await;
        let (configuration, reach) = self.prepare(flown, scope).await?;
        let now = (self.options.clock)().to_string();
        let question = Question { config: config.unwrap_or(configuration.config()), now: &now, request_id: None };
        // What to fetch is the same for every engine, and whoever asks has one that gives the verdict.
        let engine = Arc::clone(&self.reaches.native);
        let nothing = |_: &ImageEvidence<'_>| None::<()>;
        let allowance = self.allowance();
        let outcome =
            evidence::gather_one(&flown.image, question, self.access(&reach), engine, allowance.clone(), &nothing)
                .await;
        self.metrics.spent(allowance.spent());
        match outcome {
            Outcome::Judged(judged) => Ok(judged),
            Outcome::Known((), _) => Err(Failure::new(Code::EvidenceIncomplete, "the evidence could not be gathered")),
        }
    }

    /// The configuration and the registries with the credentials that go with it.
    async fn prepare<'s>(&self, flown: &Flown, scope: &'s Scope) -> Result<(&'s Configuration, Arc<Reach>), Failure> {
        let configuration = scope.configuration();
        let configuration = configuration.map_err(|why| {
            Failure::new(Code::ConfigurationUnusable, format!("the configuration cannot be used: {why}"))
        })?;
        let started = tokio::time::Instant::now();
        let deadline = Deadline::within(self.options.fetch_timeout);
        let reach = deadline.bound(self.reaches.of(configuration, flown.whose.as_deref(), flown.rights)).await;
        self.metrics.took(Phase::Reach, started.elapsed());
        let reach = reach
            .map_err(|_| Failure::new(Code::CredentialUnavailable, "the credentials could not be had in time"))??;
        Ok((configuration, reach))
    }

    fn access<'a>(&'a self, reach: &'a Reach) -> Access<'a> {
        Access { registries: &reach.registries, kept: &self.kept, as_whom: reach.as_whom }
    }

    fn allowance(&self) -> Allowance {
        Allowance::new(Deadline::within(self.options.fetch_timeout), &ByteBudget::new(MAX_BYTES))
    }

    fn damped(&self) -> Lasting {
        Lasting::damped(self.options.damped_for)
    }

    fn lasting(&self, told: Option<tokio::time::Instant>) -> Lasting {
        Lasting::until(told.unwrap_or_else(tokio::time::Instant::now) + self.options.told_for)
    }
}

fn scope_of<'s>(snapshot: &'s Snapshot, whose: Option<&str>) -> &'s Arc<Scope> {
    whose.map_or_else(|| snapshot.of_cluster(), |namespace| snapshot.of_namespace(namespace))
}

fn too_many() -> Failure {
    Failure::new(Code::FetchLimitReached, "too many images wait to be fetched")
}

/// The clock's time, in whole seconds.
pub(crate) fn now() -> Time {
    // The clock's range is within that of the verdict; a time that is not would be refused as 1970's certificates are.
    Time::from_unix(jiff::Timestamp::now().as_second(), 0).unwrap_or(Time::FIRST)
}
