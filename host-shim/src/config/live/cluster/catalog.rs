//! The objects that are known, what each says, and what they come to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    super::{
        super::{
            Configuration, Notes,
            object::{Identity, Kind, Objects, Origin},
        },
        NO_VERIFIER, Scope, Snapshot, objects,
    },
    ClusterOptions,
    status::Outcome,
    watching::{Found, Name},
};
use crate::sources::{
    SourceText,
    finding::{Finding, Findings, Mistakes},
};

/// Objects of one kind that are read. Each takes part in every snapshot.
const MAX_OBJECTS: usize = 1_000;

/// The objects of a cluster.
pub(super) struct Catalog {
    options: ClusterOptions,
    entries: BTreeMap<(Kind, Name), Entry>,
}

struct Entry {
    found: Found,
    /// The last version without mistakes.
    good: Option<Objects>,
    /// Why this version is not in force.
    mistake: Option<String>,
    /// Whether the content has changed since its status was written.
    is_new: bool,
}

impl Catalog {
    pub(super) fn new(options: ClusterOptions) -> Self {
        Self { options, entries: BTreeMap::new() }
    }

    /// These are all objects of a kind.
    pub(super) fn replace(&mut self, kind: Kind, objects: Vec<Found>) {
        let names: BTreeSet<_> = objects.iter().map(|object| object.name.clone()).collect();
        self.entries.retain(|(of, name), _| *of != kind || names.contains(name));
        for object in objects {
            self.apply(kind, object);
        }
    }

    pub(super) fn apply(&mut self, kind: Kind, found: Found) {
        let count = self.entries.keys().filter(|(of, _)| *of == kind).count();
        let key = (kind, found.name.clone());
        let before = self.entries.remove(&key);
        let entry = match before {
            // Its status has changed, which we have written.
            Some(before) if before.found.text == found.text => Entry { found, ..before },
            None if count >= MAX_OBJECTS => Entry {
                found,
                good: None,
                mistake: Some(format!("not read: there are more than {MAX_OBJECTS} objects of this kind")),
                is_new: true,
            },
            before => {
                let good = before.and_then(|before| before.good);
                match self.read(kind, &found) {
                    Ok(objects) => Entry { found, good: Some(objects), mistake: None, is_new: true },
                    Err(mistake) => Entry { found, good, mistake: Some(mistake), is_new: true },
                }
            }
        };
        self.entries.insert(key, entry);
    }

    pub(super) fn delete(&mut self, kind: Kind, name: &Name) {
        self.entries.remove(&(kind, name.clone()));
    }

    fn read(&self, kind: Kind, found: &Found) -> Result<Objects, String> {
        let findings = Findings::default();
        let name = identity(kind, &found.name).to_string();
        let source = SourceText { name: name.into(), text: found.text.clone() };
        let origin = Origin::Cluster { release_namespace: self.options.release_namespace.clone() };
        let objects = Objects::of_texts(&[source], origin, &findings);
        findings.into_result().map(|_| objects).map_err(|mistakes| told(&mistakes))
    }

    /// What the objects come to, and what is to be said of each.
    pub(super) fn snapshot(&mut self, generation: u64, broken_watches: usize) -> (Snapshot, Vec<Outcome>) {
        let mut all = Objects::default();
        all.origin = Origin::Cluster { release_namespace: self.options.release_namespace.clone() };
        for ((kind, name), entry) in &self.entries {
            match &entry.good {
                Some(good) => all.extend(good.clone()),
                None => all.extend_broken(identity(*kind, name)),
            }
        }
        let mut told = BTreeMap::new();
        let cluster = self.scope(&all, None, &mut told);
        let namespaces = objects::namespaces(&all);
        let namespaces = namespaces.into_iter().map(|name| (name.clone(), self.scope(&all, Some(&name), &mut told)));
        let namespaces = namespaces.collect();
        let unready = self.entries.iter().filter(|((kind, _), entry)| !kind.is_namespaced() && entry.good.is_none());
        let unready = unready.map(|((kind, name), entry)| {
            format!("{}: {}", identity(*kind, name), entry.mistake.as_deref().unwrap_or_default())
        });
        let snapshot = Snapshot { generation, cluster, namespaces, unready: unready.collect(), broken_watches };
        (snapshot, self.outcomes(&told))
    }

    /// The configuration for a namespace or for the cluster. Mistakes between objects are told under the names of the objects.
    fn scope(&self, all: &Objects, namespace: Option<&str>, told: &mut BTreeMap<String, String>) -> Arc<Scope> {
        let findings = Findings::default();
        let assembled = objects::assembled(all, namespace, self.options.namespaced, &findings);
        let mistakes = findings.into_result().err().map(|mistakes| mistakes.mistakes).unwrap_or_default();
        for Finding { place, message } in mistakes.iter().chain(&assembled.weakening) {
            let entry = told.entry(place.file.to_string()).or_default();
            let text = if place.field.is_empty() { message.clone() } else { format!("{}: {message}", place.field) };
            if !entry.contains(&text) {
                entry.push_str(if entry.is_empty() { "" } else { "; " });
                entry.push_str(&text);
            }
        }
        let why_not = if !assembled.broken.is_empty() {
            let broken = assembled.broken.iter().map(|identity| self.why_broken(identity)).collect::<Vec<_>>();
            Some(broken.join("; "))
        } else if !assembled.weakening.is_empty() {
            Some(assembled.weakening.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>().join("; "))
        } else if assembled.config.verifiers.is_empty() {
            Some(NO_VERIFIER.to_owned())
        } else {
            None
        };
        let configuration = match why_not {
            Some(why) => Err(why),
            None => Ok(Configuration::new(assembled, Notes::default())),
        };
        Arc::new(Scope { namespace: namespace.map(str::to_owned), configuration })
    }

    fn why_broken(&self, identity: &Identity) -> String {
        let name = Name { namespace: identity.namespace.clone(), name: identity.name.clone() };
        let entry = self.entries.get(&(identity.kind, name));
        let why = entry.and_then(|entry| entry.mistake.as_deref()).unwrap_or("it cannot be read");
        format!("{identity}: {why}")
    }

    fn outcomes(&mut self, told: &BTreeMap<String, String>) -> Vec<Outcome> {
        let entries = self.entries.iter_mut();
        entries
            .map(|((kind, name), entry)| {
                let between = told.get(&identity(*kind, name).to_string());
                let mistake = match (&entry.mistake, &entry.good) {
                    (Some(mistake), Some(_)) => Some(format!("{mistake} (the last good version stays in force)")),
                    (Some(mistake), None) => Some(mistake.clone()),
                    (None, _) => between.cloned(),
                };
                Outcome {
                    found: entry.found.clone(),
                    is_fetched: kind.holds_anchors(),
                    is_new: std::mem::take(&mut entry.is_new),
                    mistake,
                }
            })
            .collect()
    }
}

fn identity(kind: Kind, name: &Name) -> Identity {
    Identity { kind, namespace: name.namespace.clone(), name: name.name.clone() }
}

/// Mistakes by their fields: there is no file whose lines could be named.
fn told(Mistakes { mistakes, more }: &Mistakes) -> String {
    let mut lines: Vec<_> = mistakes
        .iter()
        .map(|Finding { place, message }| match place.field.as_str() {
            "" => message.clone(),
            field => format!("{field}: {message}"),
        })
        .collect();
    if *more > 0 {
        lines.push(format!("… and {more} more"));
    }
    lines.join("; ")
}
