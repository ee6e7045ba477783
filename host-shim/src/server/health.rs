//! What the cluster asks a server: whether it lives, whether it can answer, and its metrics.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header::CONTENT_TYPE};
use tokio::{
    runtime::Handle,
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{
    config::live::{Live, LiveHealth, Snapshot},
    engine::Engine,
    telemetry::{Metrics, TrustStoreHealth},
};

/// How long the engine may take for the query that tells whether it works.
const CHECK: Duration = Duration::from_secs(2);
/// How long its answer counts: probes come every few seconds, from the kubelet and from load balancers.
const CHECK_COUNTS: Duration = Duration::from_secs(2);
/// The text format of Prometheus, as prometheus-client writes it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether the server can answer.
pub struct Readiness {
    live: Live,
    engine: Arc<dyn Engine>,
    stopping: AtomicBool,
    checked: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Readiness {
    /// It can where the configuration is usable and the engine answers a real query.
    pub fn new(live: Live, engine: Arc<dyn Engine>) -> Self {
        Self { live, engine, stopping: AtomicBool::new(false), checked: Mutex::new(None) }
    }

    pub(super) fn is_stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Everything that is in the way.
    async fn obstacles(&self) -> Vec<String> {
        if self.stopping.load(Ordering::Relaxed) {
            return vec!["the server stops".to_owned()];
        }
        let mut obstacles = self.live.borrow().unready().to_vec();
        if let Err(obstacle) = self.check().await {
            obstacles.push(obstacle);
        }
        obstacles
    }

    async fn check(&self) -> Result<(), String> {
        let mut checked = self.checked.lock().await;
        if let Some((at, outcome)) = &*checked
            && at.elapsed() < CHECK_COUNTS
        {
            return outcome.clone();
        }
        let outcome = match timeout(CHECK, self.engine.check()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("the engine gives no verdict: {error}")),
            Err(_) => Err(format!("the engine gives no verdict within {} s", CHECK.as_secs())),
        };
        *checked = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

/// What metrics are told of.
#[derive(Clone)]
struct Told {
    live: Live,
    watches: Arc<LiveHealth>,
    metrics: Arc<Metrics>,
    /// Where everything is done but the serving of connections.
    runtime: Handle,
}

/// `/healthz`, `/readyz` and `/metrics`, of a process whose work is done in a runtime.
pub fn health(
    readiness: Arc<Readiness>,
    live: Live,
    watches: Arc<LiveHealth>,
    metrics: Arc<Metrics>,
    runtime: Handle,
) -> Router {
    let alive = get(async || "ok\n");
    Router::new()
        .route("/healthz", alive)
        .route("/readyz", get(ready).with_state(readiness))
        .route("/metrics", get(tell).with_state(Told { live, watches, metrics, runtime }))
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    let obstacles = readiness.obstacles().await;
    if obstacles.is_empty() {
        return "ok\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, obstacles.join("\n") + "\n").into_response()
}

async fn tell(State(told): State<Told>) -> Response {
    let Told { live, watches, metrics, runtime } = told;
    let broken = watches.kinds().iter().filter(|kind| !kind.watching).count();
    let snapshot = Arc::clone(&live.borrow());
    metrics.generation.set(i64::try_from(snapshot.generation()).unwrap_or(i64::MAX));
    let tasks = runtime.metrics().num_alive_tasks() + Handle::current().metrics().num_alive_tasks();
    metrics.tasks.set(i64::try_from(tasks).unwrap_or(i64::MAX));
    metrics.broken_watches.set(i64::try_from(broken).unwrap_or(i64::MAX));
    metrics.trust_stores(trust_stores(&snapshot));
    ([(CONTENT_TYPE, OPENMETRICS)], metrics.text(crate::decisions::now())).into_response()
}

/// The trust stores of the cluster's verifiers.
fn trust_stores(snapshot: &Snapshot) -> Vec<TrustStoreHealth> {
    let scope = snapshot.of_cluster();
    let Ok(configuration) = scope.configuration() else { return Vec::new() };
    let explanation = configuration.explain(crate::decisions::now());
    let mut stores = Vec::new();
    for verifier in explanation.verifiers {
        for store in verifier.trust_stores {
            let first = store.certificates.iter().map(|certificate| certificate.days_left).min();
            // Days are few: they fit.
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            stores.extend(first.map(|days| TrustStoreHealth {
                verifier: verifier.name.clone(),
                store: store.name,
                days_left: days as f64,
                age: scope.read().elapsed(),
            }));
        }
    }
    stores
}
