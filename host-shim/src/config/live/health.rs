//! How well a cluster's objects are watched, for metrics.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use super::super::object::Kind;

/// What is known of each kind that the cluster defines.
#[derive(Debug, Default)]
pub struct LiveHealth {
    kinds: Mutex<BTreeMap<Kind, Watch>>,
}

#[derive(Debug, Default)]
struct Watch {
    state: State,
    last_contact: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Starting,
    Watching,
    Broken,
}

/// How one kind is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindHealth {
    /// As `Verifier`.
    pub kind: &'static str,
    /// Whether a watch is open. Where none is, the last good configuration is in force.
    pub watching: bool,
    /// When the API server last answered for this kind, or told of a change.
    pub last_contact: Option<SystemTime>,
}

impl LiveHealth {
    /// The kinds that the cluster defines, by name of kind.
    pub fn kinds(&self) -> Vec<KindHealth> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kinds: Vec<_> = kinds
            .iter()
            .map(|(kind, Watch { state, last_contact })| KindHealth {
                kind: kind.name(),
                watching: *state == State::Watching,
                last_contact: *last_contact,
            })
            .collect();
        kinds.sort_by_key(|health| health.kind);
        kinds
    }

    pub(super) fn is_watching(&self, kind: Kind) -> bool {
        self.change(kind, |watch| watch.state == State::Watching)
    }

    /// The API server answered.
    pub(super) fn contact(&self, kind: Kind) {
        self.change(kind, |watch| watch.last_contact = Some(SystemTime::now()));
    }

    /// A watch is open; true where one was broken before.
    pub(super) fn watches(&self, kind: Kind) -> bool {
        self.change(kind, |watch| std::mem::replace(&mut watch.state, State::Watching) == State::Broken)
    }

    /// The watch broke; true where that is news.
    pub(super) fn broke(&self, kind: Kind) -> bool {
        self.change(kind, |watch| std::mem::replace(&mut watch.state, State::Broken) != State::Broken)
    }

    /// The cluster defines the kind no longer.
    pub(super) fn forget(&self, kind: Kind) {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).remove(&kind);
    }

    fn change<T>(&self, kind: Kind, change: impl FnOnce(&mut Watch) -> T) -> T {
        change(self.kinds.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default())
    }
}
