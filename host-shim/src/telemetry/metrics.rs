//! What Prometheus is told. Every label has few values: no name of an image, registry, namespace or client is one.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

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
use wasm_policy::time::Instant as Time;

const SECONDS_OF_A_DAY: f64 = 86_400.0;
/// The server has no certificate that was read.
const NEVER: i64 = i64::MIN;

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
    trust_store_days: Family<TrustStoreLabels, Gauge<f64, AtomicU64>>,
    trust_store_ages: Family<TrustStoreLabels, Gauge<f64, AtomicU64>>,
    /// None before the first one was read; it has no label.
    server_certificate_days: Family<[(&'static str, &'static str); 0], Gauge<f64, AtomicU64>>,
    server_certificate_ends: AtomicI64,
}

/// How a trust store of the cluster fares.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustStoreHealth {
    /// Which verifier uses it.
    pub verifier: String,
    /// As `ca:certs`.
    pub store: String,
    /// Whole days until the first of its certificates expires.
    pub days_left: f64,
    /// How long ago it was read.
    pub age: Duration,
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
struct TrustStoreLabels {
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
            trust_store_days: Family::default(),
            trust_store_ages: Family::default(),
            server_certificate_days: Family::default(),
            server_certificate_ends: AtomicI64::new(NEVER),
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
            metrics.trust_store_days.clone(),
        );
        registry.register_with_unit(
            "trust_store_age",
            "How long ago a trust store that verifiers of the cluster use was read",
            Unit::Seconds,
            metrics.trust_store_ages.clone(),
        );
        registry.register(
            "server_certificate_days_left",
            "Days until the certificate that the server shows expires",
            metrics.server_certificate_days.clone(),
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

    /// An image was fetched for a verdict, or could not be.
    pub fn fetched(&self, failure: Option<wasm_policy::code::Code>) {
        let outcome = failure.map_or("ok", wasm_policy::code::Code::name);
        self.fetches.get_or_create(&FetchLabels { outcome }).inc();
    }

    /// Registries were asked.
    pub fn spent(&self, spent: crate::allowance::Spent) {
        self.registry_requests.inc_by(u64::from(spent.requests));
        self.registry_bytes.inc_by(spent.bytes);
    }

    /// How the cluster's trust stores fare, in place of what was told before.
    pub fn trust_stores(&self, stores: impl IntoIterator<Item = TrustStoreHealth>) {
        self.trust_store_days.clear();
        self.trust_store_ages.clear();
        for TrustStoreHealth { verifier, store, days_left, age } in stores {
            let labels = TrustStoreLabels { verifier, store };
            self.trust_store_days.get_or_create(&labels).set(days_left);
            self.trust_store_ages.get_or_create(&labels).set(age.as_secs_f64());
        }
    }

    /// The server shows a certificate that is valid until then.
    pub fn serves_until(&self, not_after: Time) {
        self.server_certificate_ends.store(not_after.unix_seconds(), Ordering::Relaxed);
    }

    /// As Prometheus reads it at that time.
    pub fn text(&self, now: Time) -> String {
        let ends = self.server_certificate_ends.load(Ordering::Relaxed);
        if ends != NEVER {
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let left = ends.saturating_sub(now.unix_seconds()) as f64;
            self.server_certificate_days.get_or_create(&[]).set((left / SECONDS_OF_A_DAY).floor());
        }
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

    /// One of each.
    fn told() -> String {
        let metrics = Metrics::new();
        metrics.decided(Endpoint::Verify, Code::SignatureNotFound, Some(Origin::Hit));
        metrics.answered(Endpoint::Verify, 200, Duration::from_millis(1));
        metrics.took(Phase::Gather, Duration::from_millis(3));
        metrics.fetched(None);
        metrics.spent(crate::allowance::Spent { requests: 4, bytes: 9 });
        metrics.trust_stores([TrustStoreHealth {
            verifier: "v".to_owned(),
            store: "ca:a".to_owned(),
            days_left: 12.0,
            age: Duration::from_secs(90),
        }]);
        let now = Time::from_unix(1_000_000_000, 0).unwrap();
        metrics.serves_until(now.plus_seconds(3 * 86_400 + 5));
        metrics.text(now)
    }

    #[test]
    fn what_happened_is_counted_under_few_labels() {
        let text = told();
        for line in [
            r#"image_integrity_decisions_total{endpoint="verify",code="SIGNATURE_NOT_FOUND"} 1"#,
            r#"image_integrity_answers_total{endpoint="verify",status="200"} 1"#,
            r#"image_integrity_decision_cache_total{result="hit"} 1"#,
            r#"image_integrity_fetches_total{outcome="ok"} 1"#,
            "image_integrity_registry_requests_total 4",
            "image_integrity_registry_bytes_total 9",
            r#"image_integrity_trust_store_days_left{verifier="v",store="ca:a"} 12.0"#,
            r#"image_integrity_trust_store_age_seconds{verifier="v",store="ca:a"} 90.0"#,
            "image_integrity_server_certificate_days_left 3.0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_certificate_that_was_never_read_is_not_said_to_have_expired() {
        let text = Metrics::new().text(Time::FIRST);
        assert!(!text.lines().any(|line| line.starts_with("image_integrity_server_certificate_days_left")), "{text}");
    }

    #[test]
    fn every_metric_is_in_the_manual() {
        let manual = include_str!("../../../docs/operate.md");
        let text = told();
        let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let named: Vec<_> = kinds
            .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
            .collect();
        assert_eq!(named.len(), 15, "{text}");
        let missing: Vec<_> = named.iter().filter(|name| !manual.contains(&format!("| `{name}` |"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
