//! The watches of a cluster's kinds: one for each that is defined, found by discovery again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures_util::StreamExt as _;
use http::Request;
use kube::{
    Api, Client,
    client::Body,
    core::DynamicObject,
    runtime::{WatchStreamExt as _, watcher, watcher::Event},
};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tokio_util::task::AbortOnDropHandle;
use tower::service_fn;
use tracing::{info, warn};
use wasm_policy::text::shown;

use super::{
    super::{super::object::Kind, LiveHealth},
    assembly::Change,
    reason,
    seen::{self, Seen},
    served::{Served, discover},
};

/// How often it is asked which kinds the cluster defines.
const DISCOVER_EVERY: Duration = Duration::from_secs(5);
/// How often in a row a kind must be missing, with its watch broken, before its objects are: one answer alone can be a server's that is starting.
const MISSES: u8 = 2;

/// The watches that run; they end with this value.
pub(super) struct Watches {
    client: Client,
    health: Arc<LiveHealth>,
    changes: mpsc::Sender<Change>,
    relists: Arc<Relists>,
    running: BTreeMap<Kind, Running>,
    told_missing: BTreeSet<Kind>,
}

/// By kind, the word that it is to be listed again.
pub(super) struct Relists(BTreeMap<Kind, Notify>);

struct Running {
    served: Arc<Served>,
    misses: u8,
    _task: AbortOnDropHandle<()>,
}

impl Relists {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Kind::ALL.into_iter().map(|kind| (kind, Notify::new())).collect()))
    }

    pub(super) fn ask(&self, kind: Kind) {
        if let Some(notify) = self.0.get(&kind) {
            notify.notify_one();
        }
    }

    async fn asked(&self, kind: Kind) {
        match self.0.get(&kind) {
            Some(notify) => notify.notified().await,
            None => std::future::pending().await,
        }
    }
}

impl Watches {
    pub(super) fn new(
        client: Client,
        health: Arc<LiveHealth>,
        changes: mpsc::Sender<Change>,
        relists: Arc<Relists>,
    ) -> Self {
        Self { client, health, changes, relists, running: BTreeMap::new(), told_missing: BTreeSet::new() }
    }

    pub(super) fn kinds(&self) -> BTreeSet<Kind> {
        self.running.keys().copied().collect()
    }

    /// Follows what the cluster defines, for ever.
    pub(super) async fn follow_for_ever(mut self) {
        loop {
            sleep(DISCOVER_EVERY).await;
            // Where it fails the watches fail as well, and tell it.
            if let Ok(found) = discover(&self.client).await {
                self.follow(found).await;
            }
        }
    }

    /// Watches what is defined now.
    pub(super) async fn follow(&mut self, mut found: BTreeMap<Kind, Served>) {
        for kind in Kind::ALL {
            match (found.remove(&kind), self.running.get_mut(&kind)) {
                (Some(served), Some(running)) if *running.served == served => running.misses = 0,
                (Some(served), _) => self.start(served),
                (None, Some(running)) => {
                    running.misses = running.misses.saturating_add(1);
                    // What is deleted with its definition is told by the watch; this is for a watch that was broken then.
                    if running.misses >= MISSES && !self.health.is_watching(kind) {
                        self.running.remove(&kind);
                        self.health.forget(kind);
                        let _ = self.changes.send(Change::Undefined(kind)).await;
                    }
                }
                (None, None) => {
                    if self.told_missing.insert(kind) {
                        info!("the cluster does not define the kind {}, and so has no objects of it", kind.name());
                    }
                }
            }
        }
    }

    fn start(&mut self, served: Served) {
        let kind = served.kind;
        if self.told_missing.remove(&kind) {
            info!("the cluster defines the kind {} now", kind.name());
        }
        if !served.has_status {
            warn!(
                "{} has no subresource \"status\", so that no status is written; apply a newer definition",
                served.name()
            );
        }
        let served = Arc::new(served);
        let watch = Watch {
            api: Api::all_with(observed(self.client.clone(), kind, Arc::clone(&self.health)), &served.resource()),
            served: Arc::clone(&served),
            health: Arc::clone(&self.health),
            changes: self.changes.clone(),
        };
        let relists = Arc::clone(&self.relists);
        let task = tokio::spawn(async move { watch.run(&relists).await });
        self.running.insert(kind, Running { served, misses: 0, _task: AbortOnDropHandle::new(task) });
    }
}

/// Objects of one page of a list: a page is held whole, and each may have the 1.5 MiB that a cluster takes.
const PAGE: u32 = 50;

/// One kind as it is watched.
struct Watch {
    api: Api<DynamicObject>,
    served: Arc<Served>,
    health: Arc<LiveHealth>,
    changes: mpsc::Sender<Change>,
}

impl Watch {
    /// Until nobody listens.
    async fn run(self, relists: &Relists) {
        let kind = self.served.kind;
        while !self.changes.is_closed() {
            let config = watcher::Config::default().page_size(PAGE);
            let mut events = pin!(watcher(self.api.clone(), config).default_backoff());
            let mut listed = Vec::new();
            loop {
                let event = tokio::select! {
                    event = events.next() => event,
                    () = relists.asked(kind) => break,
                };
                let Some(change) = event.and_then(|event| self.change(event, &mut listed)) else { continue };
                if self.changes.send(change).await.is_err() {
                    return;
                }
            }
        }
    }

    fn change(&self, event: Result<Event<DynamicObject>, watcher::Error>, listed: &mut Vec<Seen>) -> Option<Change> {
        let kind = self.served.kind;
        let event = match event {
            Ok(event) => event,
            Err(error) => return Some(self.failed(&error)),
        };
        self.health.contact(kind);
        match event {
            Event::Init => {
                listed.clear();
                None
            }
            Event::InitApply(object) => {
                listed.extend(Seen::new(kind, &object));
                None
            }
            Event::InitDone => {
                Some(Change::Listed { served: Arc::clone(&self.served), objects: std::mem::take(listed) })
            }
            Event::Apply(object) => Seen::new(kind, &object).map(|seen| Change::Applied(Box::new(seen))),
            Event::Delete(object) => seen::identity(kind, &object).map(Change::Deleted),
        }
    }

    /// Tells it once, until it is well again.
    fn failed(&self, error: &watcher::Error) -> Change {
        let (kind, name) = (self.served.kind, self.served.name());
        let (verb, code, reason) = match error {
            watcher::Error::InitialListFailed(error) => ("list", code(error), reason(error)),
            watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
                ("watch", code(error), reason(error))
            }
            watcher::Error::WatchError(status) => ("watch", Some(status.code), shown(&status.message).to_string()),
            watcher::Error::NoResourceVersion => ("watch", None, error.to_string()),
        };
        let denied = (code == Some(403)).then(|| format!("{verb} {name}"));
        if self.health.broke(kind) {
            if let Some(denied) = &denied {
                warn!("may not {denied}: give the service account the verbs list and watch on it ({reason})");
            } else {
                warn!("cannot {verb} {name}; the last good configuration stays in force ({reason})");
            }
        }
        Change::Failed { kind, denied, reason }
    }
}

fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// The client, which tells of the answers: the watcher itself is silent where a watch could be opened again and nothing has changed.
fn observed(client: Client, kind: Kind, health: Arc<LiveHealth>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = service_fn(move |request: Request<Body>| {
        let (client, health) = (client.clone(), Arc::clone(&health));
        async move {
            let is_watch = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
            let response = client.send(request).await?;
            if response.status().is_success() {
                health.contact(kind);
                if is_watch && health.watches(kind) {
                    info!("the kind {} is watched again", kind.name());
                }
            }
            Ok::<_, kube::Error>(response)
        }
    });
    Client::new(service, namespace)
}
