//! The custom resources of a cluster, watched: every change makes a snapshot, and each object's status says what became of it.
//!
//! An object that becomes wrong leaves its last good version in force; one that goes away takes effect at once. A watch that breaks leaves what is known.

mod catalog;
mod secrets;
mod status;
mod watching;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use kube::Client;
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout_at},
};
use tracing::info;

pub use secrets::ClusterSecrets;

use super::{super::object::Kind, Live, NamespacedObjects, Snapshot};
use catalog::Catalog;
use status::Writer;
use watching::{Change, Event};

/// How long changes are gathered before a snapshot is made: `kubectl apply -f` sends several objects, one after the other.
const GATHER: Duration = Duration::from_millis(30);
/// How long objects may take to be listed for the first time.
const START: Duration = Duration::from_secs(30);
/// Changes that wait to be read. A watch stands still while there are more.
const MAX_CHANGES: usize = 1_000;

/// How the objects of a cluster are read.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Where this is installed: a name without a namespace is looked for here, too.
    pub release_namespace: String,
    /// What the verifiers of a namespace do to those of the cluster.
    pub namespaced: NamespacedObjects,
}

/// Why the objects of a cluster cannot be watched.
#[derive(Debug, Error)]
#[error("the objects of the cluster could not be listed within {} s: {}", START.as_secs(), kinds.join("; "))]
pub struct ClusterError {
    kinds: Vec<String>,
}

/// Watches the objects of a cluster, until the last receiver is gone.
///
/// # Errors
/// Where they cannot all be listed; kinds that are not installed count as none.
pub async fn watch_cluster(client: Client, options: ClusterOptions) -> Result<Live, ClusterError> {
    let (sender, mut events) = mpsc::channel(MAX_CHANGES);
    for kind in Kind::ALL {
        tokio::spawn(watching::watch(client.clone(), kind, sender.clone()));
    }
    let mut cluster = Cluster {
        catalog: Catalog::new(options),
        listed: BTreeSet::new(),
        broken: BTreeMap::new(),
        writer: Writer::start(client),
        generation: 0,
    };
    let deadline = Instant::now() + START;
    while cluster.listed.len() < Kind::ALL.len() {
        match timeout_at(deadline, events.recv()).await {
            Ok(Some(event)) => cluster.take(event),
            Ok(None) | Err(_) => return Err(cluster.unlisted()),
        }
    }
    let (publish, live) = watch::channel(Arc::new(cluster.snapshot()));
    tokio::spawn(cluster.follow(events, publish));
    Ok(live)
}

struct Cluster {
    catalog: Catalog,
    /// The kinds of which every object is known.
    listed: BTreeSet<Kind>,
    /// Watches that do not work, and why.
    broken: BTreeMap<Kind, String>,
    writer: Writer,
    generation: u64,
}

impl Cluster {
    async fn follow(mut self, mut events: mpsc::Receiver<Event>, publish: watch::Sender<Arc<Snapshot>>) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = publish.closed() => return,
            };
            let Some(event) = event else { return };
            self.take(event);
            let until = Instant::now() + GATHER;
            while let Ok(Some(event)) = timeout_at(until, events.recv()).await {
                self.take(event);
            }
            // While a kind is listed again, what is known of it stays in force.
            let snapshot = self.snapshot();
            info!(generation = snapshot.generation, "the objects of the cluster have changed");
            publish.send_replace(Arc::new(snapshot));
        }
    }

    fn take(&mut self, Event { kind, change }: Event) {
        match change {
            Change::Listed(objects) => {
                self.catalog.replace(kind, objects);
                self.listed.insert(kind);
                self.broken.remove(&kind);
            }
            Change::Applied(object) => {
                self.catalog.apply(kind, object);
                self.broken.remove(&kind);
            }
            Change::Deleted(name) => self.catalog.delete(kind, &name),
            Change::Broken(why) => _ = self.broken.insert(kind, why),
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        self.generation += 1;
        let (snapshot, statuses) = self.catalog.snapshot(self.generation, self.broken.len());
        self.writer.write(statuses);
        snapshot
    }

    fn unlisted(&self) -> ClusterError {
        let missing = Kind::ALL.into_iter().filter(|kind| !self.listed.contains(kind));
        let kinds = missing.map(|kind| match self.broken.get(&kind) {
            Some(why) => format!("{}: {why}", kind.name()),
            None => format!("{}: no answer", kind.name()),
        });
        ClusterError { kinds: kinds.collect() }
    }
}
