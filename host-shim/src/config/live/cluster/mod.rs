//! The objects of a cluster, watched by kube-rs.
//!
//! Each kind has a watch ([`watch`]) that tells of changes; the objects are kept in their last good versions ([`inventory`]), put together again at once
//! ([`assembly`]), and told what was made of them ([`status`], [`writer`]).

pub(super) mod assembly;
mod bounds;
mod inventory;
pub(super) mod seen;
pub(super) mod served;
mod status;
mod watch;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use thiserror::Error;
use tokio::{
    sync::{mpsc, watch as channel},
    task::{JoinError, spawn_blocking},
    time::{Instant, sleep, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info};
use wasm_policy::text::shown;

use self::{
    assembly::{Assembly, Change, Outcome},
    served::{Served, discover},
    watch::{Relists, Watches},
    writer::Statuses,
};
use super::{super::object::Kind, Live, LiveHealth, NamespacedObjects, Scope, Snapshot};

/// Changes that wait to be taken in; beyond, the watches wait.
const MAX_WAITING: usize = 1_000;
/// How long after a change others are waited for: `kubectl apply` of a file makes several.
const TOGETHER: Duration = Duration::from_millis(20);
/// How long to wait before the API server is asked again at the start.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// How a cluster's objects are read.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Where the server lives: there it looks for the CertificateStores and secrets that are named without a namespace.
    pub release_namespace: String,
    /// What the verifiers of a namespace do to those of the cluster.
    pub namespaced_objects: NamespacedObjects,
    /// How long the first list of all kinds may take.
    pub start_within: Duration,
}

/// Why no configuration came from a cluster.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// Not even which kinds there are could be learnt.
    #[error("the API server did not say within {} seconds which kinds there are: {reason}", within.as_secs())]
    Unreachable {
        /// How long it was tried.
        within: Duration,
        /// What came of it last.
        reason: String,
    },
    /// The server's account lacks rights.
    #[error("the service account may not {}: give it the verbs list and watch on them", .denied.join(", "))]
    Denied {
        /// As `list verifiers.config.ratify.deislabs.io`.
        denied: Vec<String>,
    },
    /// Some kinds could not be listed in time.
    #[error("the objects were not listed within {} seconds: {}", within.as_secs(), .kinds.join("; "))]
    Slow {
        /// How long it was tried.
        within: Duration,
        /// Each with what came of it last.
        kinds: Vec<String>,
    },
    /// A fault of this program.
    #[error("the objects could not be read: {0}")]
    Failed(String),
}

/// Watches the objects of a cluster. There is a first snapshot once all kinds that are defined have been listed; the watch ends with the last receiver.
///
/// # Errors
/// Where that does not come to pass in time, or the account has not the rights for it.
pub async fn watch_cluster(
    client: Client,
    options: ClusterOptions,
    health: Arc<LiveHealth>,
) -> Result<Live, ClusterError> {
    let start = Start { within: options.start_within, deadline: Instant::now() + options.start_within };
    let (sender, mut changes) = mpsc::channel(MAX_WAITING);
    let relists = Relists::new();
    let mut watches = Watches::new(client.clone(), health, sender, Arc::clone(&relists));
    watches.follow(start.kinds(&client).await?).await;
    let first = start.lists(watches.kinds(), &mut changes).await?;
    let assembly = Assembly::new(&options.release_namespace, options.namespaced_objects);
    let (assembly, outcome) =
        step(assembly, first).await.map_err(|failure| ClusterError::Failed(failure.to_string()))?;
    let Some(snapshot) = outcome.snapshot.clone() else {
        return Err(ClusterError::Failed("there is no snapshot".to_owned()));
    };
    let (publish, live) = channel::channel(snapshot);
    let statuses = Arc::new(Statuses::default());
    let follower = Follower {
        changes,
        relists,
        publish,
        _tasks: [
            AbortOnDropHandle::new(tokio::spawn(watches.follow_for_ever())),
            AbortOnDropHandle::new(tokio::spawn(Arc::clone(&statuses).write_for_ever(client))),
        ],
        statuses,
    };
    tokio::spawn(follower.run(assembly, outcome));
    Ok(live)
}

/// The time in which there must be a first snapshot.
struct Start {
    within: Duration,
    deadline: Instant,
}

impl Start {
    async fn kinds(&self, client: &Client) -> Result<BTreeMap<Kind, Served>, ClusterError> {
        let mut reason = "it gave no answer".to_owned();
        loop {
            match timeout_at(self.deadline, discover(client)).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => reason = self::reason(&error),
                Err(_) => {}
            }
            if Instant::now() + BETWEEN_TRIES >= self.deadline {
                return Err(ClusterError::Unreachable { within: self.within, reason });
            }
            sleep(BETWEEN_TRIES).await;
        }
    }

    /// What the watches tell until each has told all its objects.
    async fn lists(
        &self,
        mut missing: BTreeSet<Kind>,
        changes: &mut mpsc::Receiver<Change>,
    ) -> Result<Vec<Change>, ClusterError> {
        let mut told = Vec::new();
        let mut failed: BTreeMap<Kind, (Option<String>, String)> = BTreeMap::new();
        while !missing.is_empty() {
            let denied: Vec<_> = missing.iter().filter_map(|kind| failed.get(kind)?.0.clone()).collect();
            if denied.len() == missing.len() {
                return Err(ClusterError::Denied { denied });
            }
            let Ok(Some(change)) = timeout_at(self.deadline, changes.recv()).await else {
                let kinds = missing.iter().map(|kind| match failed.get(kind) {
                    Some((_, reason)) => format!("{}: {reason}", kind.name()),
                    None => format!("{}: no answer", kind.name()),
                });
                return Err(ClusterError::Slow { within: self.within, kinds: kinds.collect() });
            };
            match &change {
                Change::Listed { served, .. } => {
                    missing.remove(&served.kind);
                }
                Change::Failed { kind, denied, reason } => {
                    failed.insert(*kind, (denied.clone(), reason.clone()));
                }
                Change::Applied(_) | Change::Deleted(_) | Change::Undefined(_) => {}
            }
            told.push(change);
        }
        Ok(told)
    }
}

/// What runs from the first snapshot on.
struct Follower {
    changes: mpsc::Receiver<Change>,
    relists: Arc<Relists>,
    publish: channel::Sender<Arc<Snapshot>>,
    statuses: Arc<Statuses>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Follower {
    async fn run(mut self, mut assembly: Assembly, mut outcome: Outcome) {
        loop {
            self.carry_out(outcome);
            let Some(changes) = self.next().await else { return };
            match step(assembly, changes).await {
                Ok(next) => (assembly, outcome) = next,
                Err(failure) => return self.give_up(&failure).await,
            }
        }
    }

    fn carry_out(&self, Outcome { snapshot, statuses, relist }: Outcome) {
        if let Some(snapshot) = snapshot {
            info!(
                generation = snapshot.generation,
                unready = snapshot.unready.len(),
                "the objects of the cluster were read"
            );
            self.publish.send_replace(snapshot);
        }
        self.statuses.put(statuses);
        for kind in relist {
            self.relists.ask(kind);
        }
    }

    /// The next changes; none where nobody listens any more.
    async fn next(&mut self) -> Option<Vec<Change>> {
        let first = tokio::select! {
            change = self.changes.recv() => change?,
            () = self.publish.closed() => return None,
        };
        let mut changes = vec![first];
        let end = Instant::now() + TOGETHER;
        while changes.len() < MAX_WAITING
            && let Ok(Some(change)) = timeout_at(end, self.changes.recv()).await
        {
            changes.push(change);
        }
        Some(changes)
    }

    /// What is configured is not known any more, so nothing is admitted.
    async fn give_up(self, failure: &JoinError) {
        let reason = format!("the objects of the cluster could not be read ({failure}); restart the server");
        error!("{reason}");
        let generation = self.publish.borrow().generation + 1;
        let scope = Scope::new(None, Err(reason.clone()));
        self.publish.send_replace(Arc::new(Snapshot {
            generation,
            cluster: Arc::new(scope),
            namespaces: BTreeMap::new(),
            unready: vec![reason],
        }));
        self.publish.closed().await;
    }
}

/// Reading certificates and checking signatures among them takes milliseconds.
async fn step(mut assembly: Assembly, changes: Vec<Change>) -> Result<(Assembly, Outcome), JoinError> {
    spawn_blocking(move || {
        let outcome = assembly.step(changes, Timestamp::now());
        (assembly, outcome)
    })
    .await
}

/// What an error of the client says, for people.
fn reason(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => shown(&status.message).to_string(),
        other => shown(&other.to_string()).to_string(),
    }
}
