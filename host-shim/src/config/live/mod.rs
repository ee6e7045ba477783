//! The configuration as it lives: read again whenever its files or a cluster's objects change, and handed out as snapshots in which nothing changes.
//!
//! What cannot be used never admits: a [`Scope`] without a configuration says why, and every image that is asked about in it is refused.

mod cluster;
mod files;
mod health;
mod objects;
mod secrets;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::watch;

pub use cluster::{ClusterError, ClusterOptions, watch_cluster};
pub use files::watch_files;
pub use health::{KindHealth, LiveHealth};
pub use secrets::{ClusterSecrets, SECRETS_LIFE, SecretsError};

use super::Configuration;

const NO_VERIFIER: &str = "there is no Verifier for the cluster, so every image is denied; add one";

/// The newest snapshot, and word of the next one.
pub type Live = watch::Receiver<Arc<Snapshot>>;

/// What is configured at one moment, for the cluster and for each namespace; nothing in it changes.
#[derive(Debug)]
pub struct Snapshot {
    generation: u64,
    cluster: Arc<Scope>,
    /// Only of namespaces in which objects of their own apply.
    namespaces: BTreeMap<String, Arc<Scope>>,
    unready: Vec<String>,
}

impl Snapshot {
    /// Grows with each change.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What applies to images that are asked about without a namespace.
    pub fn of_cluster(&self) -> &Arc<Scope> {
        &self.cluster
    }

    /// What applies in a namespace: its own scope where objects of it apply, else the cluster's very same one.
    pub fn of_namespace(&self, namespace: &str) -> &Arc<Scope> {
        self.namespaces.get(namespace).unwrap_or(&self.cluster)
    }

    /// The same, after a change in one namespace.
    #[cfg(test)]
    pub(crate) fn with_namespace_of(&self, other: &Self, namespace: &str) -> Self {
        let mut namespaces = self.namespaces.clone();
        namespaces.insert(namespace.to_owned(), Arc::clone(other.of_namespace(namespace)));
        Self {
            generation: self.generation + 1,
            cluster: Arc::clone(&self.cluster),
            namespaces,
            unready: self.unready.clone(),
        }
    }

    /// Why the server is not ready: objects of the cluster only, each named with its reason. What is wrong in a namespace never appears here.
    pub fn unready(&self) -> &[String] {
        &self.unready
    }
}

/// One configuration as it applies somewhere.
#[derive(Debug)]
pub struct Scope {
    number: u64,
    namespace: Option<String>,
    configuration: Result<Configuration, String>,
    read: Instant,
}

impl Scope {
    fn new(namespace: Option<&str>, configuration: Result<Configuration, String>) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self { number, namespace: namespace.map(str::to_owned), configuration, read: Instant::now() }
    }

    /// Which of all scopes it is. Snapshots share those that a change has left as they were.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The usable configuration.
    ///
    /// # Errors
    /// Why there is none, for people. Every image of the scope is then to be refused.
    pub fn configuration(&self) -> Result<&Configuration, &str> {
        self.configuration.as_ref().map_err(String::as_str)
    }

    /// Whose it is; none for the cluster's.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// When its objects were read.
    pub fn read(&self) -> Instant {
        self.read
    }
}

/// What the verifiers of a namespace do to those of the cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamespacedObjects {
    /// They add to what the cluster demands.
    #[default]
    Add,
    /// A namespace that has verifiers uses these alone, with its own Policy where there is one, as Ratify does.
    Replace,
}
