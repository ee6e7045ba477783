//! The objects of the cluster as they are in force: the last version of each that has no mistakes in it.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::jiff::Timestamp;

use super::{
    super::super::object::{Identity, Kind, Objects, Origin},
    bounds::Usage,
    seen::Seen,
    status::Status,
};
use crate::sources::{
    SourceText,
    finding::{Findings, Mistakes},
};

/// Every object of the cluster that is known.
#[derive(Debug)]
pub(super) struct Inventory {
    origin: Origin,
    entries: BTreeMap<Identity, Entry>,
    usage: Usage,
    changed: Changed,
    room_was_given_back: bool,
}

/// One object, and what became of it.
#[derive(Debug)]
pub(super) struct Entry {
    uid: String,
    digest: [u8; 32],
    /// The newest version without mistakes.
    good: Option<Objects>,
    /// The room that is taken for it; none where it was refused at once.
    bytes: Option<usize>,
    /// What is wrong with the newest version.
    pub(super) problem: Option<String>,
    /// Whether the newest version was not read for want of room.
    refused: bool,
    pub(super) status: Status,
    pub(super) changed: Option<Timestamp>,
    /// What was said in the status of this version.
    pub(super) said: Option<Said>,
}

/// What a status was to say about a version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    digest: [u8; 32],
    error: Option<String>,
}

impl Said {
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

/// What must be put together again.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Objects of the cluster, so that it is all of them.
    pub(super) cluster: bool,
    /// Objects of these namespaces.
    pub(super) namespaces: BTreeSet<String>,
}

impl Changed {
    pub(super) fn anything(&self) -> bool {
        self.cluster || !self.namespaces.is_empty()
    }

    fn add(&mut self, identity: &Identity) {
        match &identity.namespace {
            Some(namespace) => {
                self.namespaces.insert(namespace.clone());
            }
            None => self.cluster = true,
        }
    }
}

impl Inventory {
    pub(super) fn new(release_namespace: &str) -> Self {
        Self {
            origin: Origin::Cluster { release_namespace: release_namespace.to_owned() },
            entries: BTreeMap::new(),
            usage: Usage::new(release_namespace),
            changed: Changed::default(),
            room_was_given_back: false,
        }
    }

    /// Takes in every object of a kind: what is not among them is there no longer.
    pub(super) fn replace(&mut self, kind: Kind, mut objects: Vec<Seen>) {
        let there: BTreeSet<_> = objects.iter().map(|seen| seen.identity.clone()).collect();
        let of_kind = self.entries.keys().filter(|identity| identity.kind == kind);
        for gone in of_kind.filter(|identity| !there.contains(*identity)).cloned().collect::<Vec<_>>() {
            self.remove(&gone);
        }
        // Where there is not room for all, it is the older ones that are read, after a restart too.
        objects.sort_by(|a, b| (a.created, &a.identity).cmp(&(b.created, &b.identity)));
        for seen in objects {
            self.insert(seen);
        }
    }

    /// Takes in a new version of an object. One with mistakes leaves the last good one of the same object in force.
    pub(super) fn insert(&mut self, seen: Seen) {
        let Seen { identity, uid, created: _, text, status, changed } = seen;
        let (digest, bytes) = (text.digest(), text.bytes());
        let mut before = self.entries.remove(&identity);
        if let Some(same) = before.as_mut().filter(|entry| entry.uid == uid && entry.digest == digest && !entry.refused)
        {
            same.status = status;
            same.changed = changed;
            self.entries.extend(before.map(|entry| (identity, entry)));
            return;
        }
        self.changed.add(&identity);
        if let Some(bytes) = before.as_ref().and_then(|entry| entry.bytes) {
            self.usage.give_back(&identity, bytes);
        }
        // An object that was deleted and made again is another one: nothing of the first is in force.
        let before = before.filter(|entry| entry.uid == uid);
        let (mut good, said) = before.map(|entry| ((entry.good, entry.bytes), entry.said)).unzip();
        let (kept, kept_bytes) = good.take().unwrap_or_default();
        let entry = match self.usage.take(&identity, bytes) {
            Ok(()) => {
                let (good, problem) = match self.read(&identity, text.as_str()) {
                    Ok(objects) => (Some(objects), None),
                    Err(problem) => (kept, Some(problem)),
                };
                Entry {
                    uid,
                    digest,
                    good,
                    bytes: Some(bytes),
                    problem,
                    refused: false,
                    status,
                    changed,
                    said: said.flatten(),
                }
            }
            Err(problem) => {
                // What was in force had room, and has it again.
                let bytes = kept_bytes.filter(|bytes| self.usage.take(&identity, *bytes).is_ok());
                let good = kept.filter(|_| bytes.is_some());
                Entry {
                    uid,
                    digest,
                    good,
                    bytes,
                    problem: Some(problem),
                    refused: true,
                    status,
                    changed,
                    said: said.flatten(),
                }
            }
        };
        self.entries.insert(identity, entry);
    }

    /// An object that is deleted is in force no longer.
    pub(super) fn remove(&mut self, identity: &Identity) {
        let Some(entry) = self.entries.remove(identity) else { return };
        self.changed.add(identity);
        if let Some(bytes) = entry.bytes {
            self.usage.give_back(identity, bytes);
            self.room_was_given_back = true;
        }
    }

    fn read(&self, identity: &Identity, text: &str) -> Result<Objects, String> {
        let source = SourceText { name: identity.to_string().into(), text: text.to_owned() };
        let findings = Findings::default();
        let objects = Objects::of_texts(std::slice::from_ref(&source), self.origin.clone(), &findings);
        findings.into_result().map(|_| objects).map_err(|mistakes| told(&mistakes))
    }

    /// What changed since this was asked for last.
    pub(super) fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// The kinds of which objects were refused that may have room now: these are to be listed again.
    pub(super) fn take_hopeful(&mut self) -> BTreeSet<Kind> {
        if !std::mem::take(&mut self.room_was_given_back) {
            return BTreeSet::new();
        }
        self.entries.iter().filter(|(_, entry)| entry.refused).map(|(identity, _)| identity.kind).collect()
    }

    /// All objects, those without a good version as broken ones.
    pub(super) fn in_force(&self) -> Objects {
        let mut all = Objects::default();
        all.origin = self.origin.clone();
        for (identity, entry) in &self.entries {
            match &entry.good {
                Some(objects) => all.extend(objects),
                None => all.push_broken(identity),
            }
        }
        all
    }

    /// What is wrong with an object.
    pub(super) fn problem(&self, identity: &Identity) -> &str {
        self.entries.get(identity).and_then(|entry| entry.problem.as_deref()).unwrap_or("cannot be read")
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = (&Identity, &mut Entry)> {
        self.entries.iter_mut()
    }
}

impl Entry {
    /// What a status is to say about this version.
    pub(super) fn saying(&self, error: Option<String>) -> Said {
        Said { digest: self.digest, error }
    }
}

/// Mistakes in one object, by field: it has no lines.
fn told(mistakes: &Mistakes) -> String {
    let mut told: Vec<_> = mistakes
        .mistakes
        .iter()
        .map(|finding| match finding.place.field.as_str() {
            "" => finding.message.clone(),
            field => format!("{field}: {}", finding.message),
        })
        .collect();
    if mistakes.more > 0 {
        told.push(format!("and {} more", mistakes.more));
    }
    told.join("; ")
}
