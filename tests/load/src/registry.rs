//! A registry in memory (OCI distribution 1.1), which waits and breaks as it is told.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{Response, StatusCode},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime, time::sleep};

use crate::images::{Image, MANIFEST, Signature};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What is wrong with a registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// It takes so much longer than it should.
    Slow(Duration),
    /// It has had too many requests.
    Throttling,
    /// It answers that it is broken.
    Failing,
    /// It hangs up in the middle of what it sends.
    Cutting,
}

/// A registry on loopback, without TLS or logins, until this is dropped.
pub struct Registry {
    address: SocketAddr,
    shelves: Arc<Shelves>,
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Shelves {
    latency: Duration,
    requests: AtomicU64,
    fault: RwLock<Fault>,
    held: RwLock<Held>,
}

#[derive(Default)]
struct Held {
    /// By `repository:tag`.
    tags: HashMap<String, String>,
    /// By digest.
    manifests: HashMap<String, Bytes>,
    blobs: HashMap<String, Bytes>,
    referrers: HashMap<String, Vec<Value>>,
}

impl Registry {
    /// An empty one that takes so long for every answer.
    pub fn start(latency: Duration) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let shelves = Arc::new(Shelves { latency, ..Shelves::default() });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/v2/{*path}", axum::routing::get(answer)).with_state(Arc::clone(&shelves));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, shelves, runtime: Some(runtime) }
    }

    /// The name of an image in it.
    pub fn name(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.address)
    }

    /// Takes an image under this tag, in place of what had it before.
    pub fn put(&self, repository: &str, tag: &str, image: &Image) {
        let mut held = self.shelves.held.write().unwrap_or_else(PoisonError::into_inner);
        let Image { manifest, signatures } = image;
        held.tags.insert(format!("{repository}:{tag}"), manifest.digest.clone());
        held.manifests.insert(manifest.digest.clone(), manifest.bytes.clone());
        let listed = signatures.iter().map(Signature::descriptor).collect();
        held.referrers.insert(manifest.digest.clone(), listed);
        for signature in signatures {
            held.manifests.insert(signature.manifest.digest.clone(), signature.manifest.bytes.clone());
            held.blobs.insert(signature.envelope.digest.clone(), signature.envelope.bytes.clone());
        }
    }

    /// Forgets an image and its tag.
    pub fn remove(&self, repository: &str, tag: &str, image: &Image) {
        let mut held = self.shelves.held.write().unwrap_or_else(PoisonError::into_inner);
        held.tags.remove(&format!("{repository}:{tag}"));
        held.manifests.remove(&image.manifest.digest);
        held.referrers.remove(&image.manifest.digest);
        for signature in &image.signatures {
            held.manifests.remove(&signature.manifest.digest);
            held.blobs.remove(&signature.envelope.digest);
        }
    }

    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.shelves.requests.load(Ordering::Relaxed)
    }

    /// Breaks, or mends.
    pub fn become_faulty(&self, fault: Fault) {
        *self.shelves.fault.write().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(State(shelves): State<Arc<Shelves>>, Path(path): Path<String>) -> Response<Body> {
    shelves.requests.fetch_add(1, Ordering::Relaxed);
    sleep(shelves.latency).await;
    let fault = *shelves.fault.read().unwrap_or_else(PoisonError::into_inner);
    match fault {
        Fault::Slow(longer) => sleep(longer).await,
        Fault::Throttling => return empty(StatusCode::TOO_MANY_REQUESTS),
        Fault::Failing => return empty(StatusCode::INTERNAL_SERVER_ERROR),
        Fault::None | Fault::Cutting => {}
    }
    let Some((media_type, bytes)) = found(&shelves, &path) else { return empty(StatusCode::NOT_FOUND) };
    let length = bytes.len();
    let body = if fault == Fault::Cutting {
        let half = bytes.slice(..length / 2);
        Body::from_stream(stream::iter([Ok(half), Err(io::Error::other("hung up"))]))
    } else {
        Body::from(bytes)
    };
    Response::builder().header("content-type", media_type).header("content-length", length).body(body).unwrap()
}

fn found(shelves: &Shelves, path: &str) -> Option<(&'static str, Bytes)> {
    let held = shelves.held.read().unwrap_or_else(PoisonError::into_inner);
    let (rest, name) = path.rsplit_once('/')?;
    let (repository, kind) = rest.rsplit_once('/')?;
    match kind {
        "manifests" => {
            let digest = held.tags.get(&format!("{repository}:{name}")).map_or(name, String::as_str);
            Some((MANIFEST, held.manifests.get(digest)?.clone()))
        }
        "blobs" => Some(("application/octet-stream", held.blobs.get(name)?.clone())),
        "referrers" => {
            let manifests = held.referrers.get(name).cloned().unwrap_or_default();
            let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
            Some((INDEX, list.to_string().into()))
        }
        _ => None,
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}
