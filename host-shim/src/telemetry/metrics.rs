//! What Prometheus is told. Every label has few values: no name of an image, registry, namespace or client is one.

use std::time::Duration;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// From a warm answer to a fetch that takes all its time.
const BUCKETS: (f64, f64, u16) = (0.000_25, 2.0, 18);

/// The metrics of a server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    answers: Family<AnswerLabels, Counter>,
    answer_seconds: Family<EndpointLabels, Histogram>,
    phase_seconds: Family<PhaseLabels, Histogram>,
    cache: Family<CacheLabels, Counter>,
    fetches: Family<FetchLabels, Counter>,
    registry_requests: Counter,
    registry_bytes: Counter,
    /// Images that are being fetched.
    pub flights: Gauge,
    /// Requests that are being answered.
    pub in_progress: Gauge,
    /// The generation of the configuration.
    pub generation: Gauge,
    /// Kinds of objects whose changes do not arrive.
    pub broken_watches: Gauge,
    certificates: Family<CertificateLabels, Gauge<f64, std::sync::atomic::AtomicU64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    endpoint: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    endpoint: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PhaseLabels {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CacheLabels {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FetchLabels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    verifier: String,
    store: String,
}

/// Which door was knocked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Gatekeeper's validation.
    Verify,
    /// Gatekeeper's mutation.
    Mutate,
    /// Our own verdict.
    ApiVerify,
    /// Evidence for an OPA.
    ApiEvidence,
}

/// Where a decision came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was known.
    Hit,
    /// It was being made for somebody else.
    Joined,
    /// It was made.
    Made,
}

/// What takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for a turn to fetch.
    Turn,
    /// Logins and other preparation.
    Reach,
    /// Registries and verdicts, from the name to the end.
    Gather,
}

impl Endpoint {
    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Mutate => "mutate",
            Self::ApiVerify => "v1/verify",
            Self::ApiEvidence => "v1/evidence",
        }
    }
}

impl Origin {
    /// The name in metrics and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Joined => "joined",
            Self::Made => "miss",
        }
    }
}

impl Phase {
    const fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Reach => "reach",
            Self::Gather => "gather",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let histogram = || Histogram::new(exponential_buckets(BUCKETS.0, BUCKETS.1, BUCKETS.2));
        let mut metrics = Self {
            registry: Registry::with_prefix("image_integrity"),
            decisions: Family::default(),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(histogram),
            phase_seconds: Family::new_with_constructor(histogram),
            cache: Family::default(),
            fetches: Family::default(),
            registry_requests: Counter::default(),
            registry_bytes: Counter::default(),
            flights: Gauge::default(),
            in_progress: Gauge::default(),
            generation: Gauge::default(),
            broken_watches: Gauge::default(),
            certificates: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("decisions", "Images that were decided, by code", metrics.decisions.clone());
        registry.register("answers", "Requests that were answered, by HTTP status", metrics.answers.clone());
        let (answers, phases) = (metrics.answer_seconds.clone(), metrics.phase_seconds.clone());
        registry.register_with_unit("answer", "How long answers take", Unit::Seconds, answers);
        registry.register_with_unit("phase", "How long the parts of a decision take", Unit::Seconds, phases);
        registry.register("decision_cache", "Where decisions come from: hit, joined, miss", metrics.cache.clone());
        registry.register("fetches", "Images that were fetched, by outcome: ok, or a code", metrics.fetches.clone());
        registry.register("registry_requests", "Requests to registries", metrics.registry_requests.clone());
        registry.register_with_unit("registry", "Bytes from registries", Unit::Bytes, metrics.registry_bytes.clone());
        registry.register("flights", "Images that are being fetched", metrics.flights.clone());
        registry.register("requests_in_progress", "Requests that are being answered", metrics.in_progress.clone());
        registry.register(
            "configuration_generation",
            "Grows with each change of the configuration",
            metrics.generation.clone(),
        );
        let broken = metrics.broken_watches.clone();
        registry.register("broken_watches", "Kinds of objects of the cluster whose changes do not arrive", broken);
        registry.register(
            "trust_store_days_left",
            "Days until the first certificate of a trust store that verifiers of the cluster use expires",
            metrics.certificates.clone(),
        );
        metrics
    }

    /// An image was decided.
    pub fn decided(&self, endpoint: Endpoint, code: wasm_policy::code::Code, origin: Option<Origin>) {
        self.decisions.get_or_create(&DecisionLabels { endpoint: endpoint.name(), code: code.name() }).inc();
        if let Some(origin) = origin {
            self.cache.get_or_create(&CacheLabels { result: origin.name() }).inc();
        }
    }

    /// A request was answered.
    pub fn answered(&self, endpoint: Endpoint, status: u16, took: Duration) {
        self.answers.get_or_create(&AnswerLabels { endpoint: endpoint.name(), status }).inc();
        self.answer_seconds.get_or_create(&EndpointLabels { endpoint: endpoint.name() }).observe(took.as_secs_f64());
    }

    /// A part of a decision has taken so long.
    pub fn took(&self, phase: Phase, duration: Duration) {
        self.phase_seconds.get_or_create(&PhaseLabels { phase: phase.name() }).observe(duration.as_secs_f64());
    }

    /// An image was fetched, or could not be.
    pub fn fetched(&self, failure: Option<wasm_policy::code::Code>, spent: crate::allowance::Spent) {
        let outcome = failure.map_or("ok", wasm_policy::code::Code::name);
        self.fetches.get_or_create(&FetchLabels { outcome }).inc();
        self.registry_requests.inc_by(u64::from(spent.requests));
        self.registry_bytes.inc_by(spent.bytes);
    }

    /// How many days the certificates of the cluster's trust stores have left, in place of what was told before.
    pub fn certificates(&self, left: impl IntoIterator<Item = (String, String, f64)>) {
        self.certificates.clear();
        for (verifier, store, days) in left {
            self.certificates.get_or_create(&CertificateLabels { verifier, store }).set(days);
        }
    }

    /// As Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use wasm_policy::code::Code;

    use super::*;

    #[test]
    fn what_happened_is_counted_under_few_labels() {
        let metrics = Metrics::new();
        metrics.decided(Endpoint::Verify, Code::SignatureNotFound, Some(Origin::Hit));
        metrics.answered(Endpoint::Verify, 200, Duration::from_millis(1));
        metrics.took(Phase::Gather, Duration::from_millis(3));
        metrics.fetched(None, crate::allowance::Spent { requests: 4, bytes: 9 });
        metrics.certificates([("v".to_owned(), "ca:a".to_owned(), 12.0)]);
        let text = metrics.text();
        for line in [
            r#"image_integrity_decisions_total{endpoint="verify",code="SIGNATURE_NOT_FOUND"} 1"#,
            r#"image_integrity_answers_total{endpoint="verify",status="200"} 1"#,
            r#"image_integrity_decision_cache_total{result="hit"} 1"#,
            r#"image_integrity_fetches_total{outcome="ok"} 1"#,
            "image_integrity_registry_requests_total 4",
            "image_integrity_registry_bytes_total 9",
            r#"image_integrity_trust_store_days_left{verifier="v",store="ca:a"} 12.0"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
