//! From the objects in force to a snapshot, and to what the status of each object is to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{
    super::{
        super::{
            Configuration,
            object::{Identity, Kind, Objects},
        },
        NO_VERIFIER, NamespacedObjects, Scope, Snapshot, objects,
    },
    inventory::Inventory,
    seen::Seen,
    served::Served,
    status::Status,
};
use crate::sources::finding::{Finding, Findings};

const NO_VERIFIER_IN_NAMESPACE: &str =
    "there is no Verifier, neither of the cluster nor of this namespace, so every image is denied; add one";

/// A change of the cluster's objects.
#[derive(Debug)]
pub(in crate::config::live) enum Change {
    /// Every object of a kind.
    Listed {
        served: Arc<Served>,
        objects: Vec<Seen>,
    },
    /// One that is new, or another version of it.
    Applied(Box<Seen>),
    Deleted(Identity),
    /// The cluster does not define the kind any more.
    Undefined(Kind),
    /// The watch of a kind failed; for whoever waits for its first list.
    Failed {
        kind: Kind,
        denied: Option<String>,
        reason: String,
    },
}

/// What is known of the cluster, and what was made of it last.
#[derive(Debug)]
pub(in crate::config::live) struct Assembly {
    inventory: Inventory,
    mode: NamespacedObjects,
    served: BTreeMap<Kind, Arc<Served>>,
    generation: u64,
    cluster: Option<Built>,
    namespaces: BTreeMap<String, Built>,
}

/// A scope, and what was said on the way.
#[derive(Debug)]
struct Built {
    scope: Arc<Scope>,
    /// Why there is no configuration.
    reasons: Vec<String>,
    /// By the name of the object, what is wrong between it and others.
    said: BTreeMap<String, Vec<String>>,
}

/// What is to be done after a change.
#[derive(Debug, Default)]
pub(in crate::config::live) struct Outcome {
    /// Where anything changed.
    pub(in crate::config::live) snapshot: Option<Arc<Snapshot>>,
    pub(in crate::config::live) statuses: Vec<NewStatus>,
    /// Kinds to list again.
    pub(in crate::config::live) relist: BTreeSet<Kind>,
}

/// A status to be written.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config::live) struct NewStatus {
    pub(in crate::config::live) identity: Identity,
    pub(in crate::config::live) served: Arc<Served>,
    pub(in crate::config::live) patch: Value,
}

impl Assembly {
    pub(in crate::config::live) fn new(release_namespace: &str, mode: NamespacedObjects) -> Self {
        Self {
            inventory: Inventory::new(release_namespace),
            mode,
            served: BTreeMap::new(),
            generation: 0,
            cluster: None,
            namespaces: BTreeMap::new(),
        }
    }

    /// Takes in what changed, and puts together again what it changes. The first time there is always a snapshot.
    pub(in crate::config::live) fn step(&mut self, changes: Vec<Change>, now: Timestamp) -> Outcome {
        for change in changes {
            self.take_in(change);
        }
        let snapshot = self.snapshot();
        Outcome { snapshot, statuses: self.statuses(now), relist: self.inventory.take_hopeful() }
    }

    fn take_in(&mut self, change: Change) {
        match change {
            Change::Listed { served, objects } => {
                let kind = served.kind;
                let before = self.served.insert(kind, Arc::clone(&served));
                self.inventory.replace(kind, objects);
                // Perhaps statuses can be written now.
                if before.is_some_and(|before| before != served) {
                    for (_, entry) in self.inventory.entries_mut().filter(|(identity, _)| identity.kind == kind) {
                        entry.said = None;
                    }
                }
            }
            Change::Applied(seen) => self.inventory.insert(*seen),
            Change::Deleted(identity) => self.inventory.remove(&identity),
            Change::Undefined(kind) => {
                self.served.remove(&kind);
                self.inventory.replace(kind, Vec::new());
            }
            Change::Failed { .. } => {}
        }
    }

    fn snapshot(&mut self) -> Option<Arc<Snapshot>> {
        let changed = self.inventory.take_changed();
        if !changed.anything() && self.cluster.is_some() {
            return None;
        }
        let all = self.inventory.in_force();
        let mut cluster = self.build(&all, None);
        // Objects of a namespace can change the cluster's scope, where a verifier of the cluster names them.
        let mut cluster_changed = changed.cluster;
        match &self.cluster {
            Some(before) if before.means_the_same(&cluster) => cluster.scope = Arc::clone(&before.scope),
            _ => cluster_changed = true,
        }
        let mut before = std::mem::take(&mut self.namespaces);
        for namespace in objects::namespaces(&all) {
            let kept =
                before.remove(&namespace).filter(|_| !cluster_changed && !changed.namespaces.contains(&namespace));
            let built = kept.unwrap_or_else(|| self.build(&all, Some(&namespace)));
            self.namespaces.insert(namespace, built);
        }
        self.generation += 1;
        let snapshot = Snapshot {
            generation: self.generation,
            cluster: Arc::clone(&cluster.scope),
            namespaces: self.namespaces.iter().map(|(name, built)| (name.clone(), Arc::clone(&built.scope))).collect(),
            // Before the first Verifier there is nothing to wait for: whoever asks is told that there is none.
            unready: cluster.reasons.iter().filter(|reason| *reason != NO_VERIFIER).cloned().collect(),
        };
        self.cluster = Some(cluster);
        Some(Arc::new(snapshot))
    }

    fn build(&self, all: &Objects, namespace: Option<&str>) -> Built {
        let findings = Findings::default();
        let assembled = objects::assembled(all, namespace, self.mode, &findings);
        let (mistakes, notes) = findings.into_parts();
        let broken =
            assembled.broken.iter().map(|identity| format!("{identity}: {}", self.inventory.problem(identity)));
        let mut reasons: Vec<_> = broken.collect();
        reasons.extend(assembled.weakening.iter().map(|finding| finding.message.clone()));
        if reasons.is_empty() && assembled.config.verifiers.is_empty() {
            reasons.push(if namespace.is_some() { NO_VERIFIER_IN_NAMESPACE } else { NO_VERIFIER }.to_owned());
        }
        let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for finding in mistakes.iter().chain(&assembled.weakening) {
            said.entry(finding.place.file.to_string()).or_default().push(in_object(finding));
        }
        let configuration =
            if reasons.is_empty() { Ok(Configuration::new(assembled, notes)) } else { Err(reasons.join("; ")) };
        let scope = Scope::new(namespace, configuration);
        Built { scope: Arc::new(scope), reasons, said }
    }

    /// The statuses that are not said yet.
    fn statuses(&mut self, now: Timestamp) -> Vec<NewStatus> {
        let Self { inventory, served, cluster, namespaces, .. } = self;
        let mut statuses = Vec::new();
        for (identity, entry) in inventory.entries_mut() {
            let Some(served) = served.get(&identity.kind).filter(|served| served.has_status) else { continue };
            let built = match &identity.namespace {
                Some(namespace) => namespaces.get(namespace),
                None => cluster.as_ref(),
            };
            let between = built.and_then(|built| built.said.get(&identity.to_string())).map(|said| said.join("; "));
            let error = entry.problem.clone().or(between);
            let saying = entry.saying(error);
            if entry.said.as_ref() == Some(&saying) {
                continue;
            }
            let status = Status::of(identity.kind, saying.error(), now);
            // Where this process said something about the object before, it is the object that changed, or what is around it.
            let known = entry.said.is_none() && entry.status.says(&status, entry.changed);
            entry.said = Some(saying);
            if !known {
                let patch = status.patch();
                statuses.push(NewStatus { identity: identity.clone(), served: Arc::clone(served), patch });
            }
        }
        statuses
    }
}

impl Built {
    fn means_the_same(&self, other: &Self) -> bool {
        match (self.scope.configuration(), other.scope.configuration()) {
            (Ok(a), Ok(b)) => a.means_the_same(b),
            // What a scope without a configuration was made of is not known, and a namespace's may be made of the same and have one.
            _ => false,
        }
    }
}

/// What is wrong between an object and others, with its field where that says more than that it is the object.
fn in_object(Finding { place, message }: &Finding) -> String {
    match place.field.as_str() {
        "" | "metadata.name" => message.clone(),
        field => format!("{field}: {message}"),
    }
}
