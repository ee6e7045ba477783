//! A provider with a configuration, an engine and registries that do as they are told.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::Notify};
use tower::ServiceExt as _;
use wasm_policy::time::Instant as Time;

use super::super::{Provider, ProviderOptions};
use crate::{
    config::live::{Live, NamespacedObjects, watch_files},
    decisions::{self, DecisionOptions, Decisions, KeptVerdicts, PodPullSecrets, ReachOptions, Reaches, Secrets},
    engine::{Engine, EngineError, Judgement, ModuleDigest, Native},
    registry::{Proxies, credentials::Helpers, hosts::RegistryHosts},
    server::Client,
    telemetry::Metrics,
    testing::fixture,
};

pub(super) const VERIFY: &str = "/ratify/gatekeeper/v1/verify";
pub(super) const MUTATE: &str = "/ratify/gatekeeper/v1/mutate";

/// Images that are fetched at a time.
pub(super) const AT_ONCE: usize = 8;

/// How a test's provider differs from the usual one.
pub(super) struct World {
    pub(super) told_for: Duration,
    pub(super) damped_for: Duration,
    pub(super) verify_deadline: Duration,
    pub(super) secrets: Option<Arc<dyn Secrets>>,
    pub(super) config: String,
    pub(super) verdicts: KeptVerdicts,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) clock: fn() -> Time,
    /// A docker config.json, for what is fetched with the cluster's rights.
    pub(super) registry_config: Option<PathBuf>,
    pub(super) hosts: RegistryHosts,
    /// In place of the configuration.
    pub(super) live: Option<Live>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            told_for: Duration::from_mins(1),
            damped_for: Duration::from_mins(1),
            verify_deadline: Duration::from_secs(20),
            secrets: None,
            verdicts: KeptVerdicts::default(),
            engine: Arc::new(Native::default()),
            clock: decisions::now,
            registry_config: None,
            hosts: RegistryHosts::default(),
            live: None,
            config: std::fs::read_to_string(fixture("demo/verify-config.yaml")).unwrap(),
        }
    }
}

/// A provider that can be asked.
pub(super) struct Asked {
    router: Router,
    pub(super) judged: Arc<AtomicUsize>,
    pub(super) live: Live,
    pub(super) metrics: Arc<Metrics>,
    config: PathBuf,
    reload: Arc<Notify>,
    _folder: tempfile::TempDir,
}

/// An engine, with a count of the questions that it was asked.
struct Counting(Arc<dyn Engine>, Arc<AtomicUsize>);

impl Engine for Counting {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.verify(input)
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        self.0.check()
    }
}

impl World {
    pub(super) async fn start(self) -> Asked {
        let Self {
            told_for,
            verdicts,
            damped_for,
            verify_deadline,
            secrets,
            config,
            engine,
            clock,
            registry_config,
            hosts,
            live,
        } = self;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, config).unwrap();
        let reload = Arc::new(Notify::new());
        let read = watch_files(vec![path.clone()], NamespacedObjects::Add, Arc::clone(&reload)).await.unwrap();
        let live = live.unwrap_or(read);
        let judged = Arc::new(AtomicUsize::new(0));
        let pod_pull_secrets = if secrets.is_some() { PodPullSecrets::Used } else { PodPullSecrets::Unused };
        let reaches = Reaches::new(ReachOptions {
            ca_files: Vec::new(),
            plain_http: true,
            registry_config,
            helpers: Helpers::Refuse,
            trusted_realms: Vec::new(),
            hosts,
            proxies: Proxies::default(),
            secrets,
            pod_pull_secrets,
        });
        let options = DecisionOptions {
            fetch_timeout: Duration::from_secs(20),
            at_once: AT_ONCE,
            told_for,
            damped_for,
            kept_bytes: 8 << 20,
            verdicts,
            clock,
        };
        let metrics = Arc::new(Metrics::new());
        let engine = Arc::new(Counting(engine, Arc::clone(&judged)));
        let decisions = Decisions::new(Handle::current(), live.clone(), engine, reaches, options, Arc::clone(&metrics));
        let options =
            ProviderOptions { verify_deadline, mutate_deadline: verify_deadline, api_clients: vec!["opa".to_owned()] };
        let router = Provider::new(decisions, options, Arc::clone(&metrics)).router();
        Asked { router, judged, live, metrics, config: path, reload, _folder: folder }
    }
}

impl Asked {
    /// Asks as a client whose certificate was verified.
    pub(super) async fn ask(&self, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        self.ask_as(client("gatekeeper"), path, body).await
    }

    pub(super) async fn ask_as(&self, client: Client, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let mut request = Request::post(path).body(body.into()).unwrap();
        request.extensions_mut().insert(client);
        self.send(request).await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{body:?}")))
    }

    /// What Gatekeeper is answered about these keys.
    pub(super) async fn keys(&self, path: &str, keys: &[&str]) -> Value {
        let (status, answer) = self.ask(path, question(keys)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["response"].clone()
    }

    /// The code under one key.
    pub(super) async fn code(&self, key: &str) -> String {
        let response = self.keys(VERIFY, &[key]).await;
        item(&response, key)["value"]["code"].as_str().unwrap_or_else(|| panic!("{response}")).to_owned()
    }

    /// Has another configuration, from the next answer on.
    pub(super) async fn configure(&self, config: &str) {
        let mut live = self.live.clone();
        live.borrow_and_update();
        std::fs::write(&self.config, config).unwrap();
        self.reload.notify_one();
        live.changed().await.unwrap();
    }
}

pub(super) fn client(name: &str) -> Client {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    Client::of(certificate.der())
}

pub(super) fn question(keys: &[&str]) -> String {
    json!({
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": { "keys": keys }
    })
    .to_string()
}

/// What stands under a key.
pub(super) fn item<'r>(response: &'r Value, key: &str) -> &'r Value {
    let items = response["items"].as_array().unwrap();
    items.iter().find(|item| item["key"] == key).unwrap_or(&Value::Null)
}

pub(super) fn error(response: &Value) -> &str {
    response["systemError"].as_str().unwrap()
}
