//! Whose image is fetched next: bounded in all, and shared among registries.
//!
//! A registry that hangs keeps its turns for as long as a fetch may take, and must not cost the images of others theirs. So none has more turns than it
//! leaves free: the first that hangs takes half of them, the next a quarter, and so on. Registries with images that wait are served in rotation, so that a
//! thousand of one registry are one turn of waiting for an image of another.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

/// The turns of all.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Books>>);

/// One, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    registry: Arc<str>,
}

struct Books {
    free: usize,
    /// Those with an image that is being fetched or waits.
    registries: HashMap<Arc<str>, Registry>,
    /// Those with an image that waits, each once; the first is served next.
    rotation: VecDeque<Arc<str>>,
}

#[derive(Default)]
struct Registry {
    taken: usize,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

impl Turns {
    /// So many, at least one.
    pub(super) fn new(at_once: usize) -> Self {
        let books = Books { free: at_once.max(1), registries: HashMap::new(), rotation: VecDeque::new() };
        Self(Arc::new(Mutex::new(books)))
    }

    /// Waits for a turn. It is not given where nobody waits any more.
    pub(super) async fn of(&self, registry: &str) -> Option<Turn> {
        let (sender, receiver) = oneshot::channel();
        self.books().enqueue(registry, sender);
        self.serve();
        // The books keep the sender until they give a turn.
        receiver.await.ok()
    }

    /// Gives all turns that can be given.
    fn serve(&self) {
        let mut given = Vec::new();
        let mut books = self.books();
        while let Some((registry, sender)) = books.next() {
            given.push((sender, Turn { turns: self.clone(), registry }));
        }
        // A turn for somebody who has gone comes back here, and needs the books.
        drop(books);
        for (sender, turn) in given {
            let _ = sender.send(turn);
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.books().take_back(&self.registry);
        self.turns.serve();
    }
}

impl Books {
    fn enqueue(&mut self, registry: &str, sender: oneshot::Sender<Turn>) {
        let name =
            self.registries.get_key_value(registry).map_or_else(|| registry.into(), |(name, _)| Arc::clone(name));
        let entry = self.registries.entry(Arc::clone(&name)).or_default();
        if entry.waiting.is_empty() {
            self.rotation.push_back(name);
        }
        entry.waiting.push_back(sender);
    }

    /// Takes a turn for the registry that is served next and may have one more.
    fn next(&mut self) -> Option<(Arc<str>, oneshot::Sender<Turn>)> {
        for _ in 0..self.rotation.len() {
            let name = self.rotation.pop_front()?;
            let Some(registry) = self.registries.get_mut(&name) else { continue };
            // So that one who has gone takes no turn from those who wait, nor keeps an entry.
            while registry.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                registry.waiting.pop_front();
            }
            let sender = if registry.taken < self.free { registry.waiting.pop_front() } else { None };
            if sender.is_some() {
                registry.taken += 1;
                self.free -= 1;
            }
            if !registry.waiting.is_empty() {
                self.rotation.push_back(Arc::clone(&name));
            } else if registry.taken == 0 {
                self.registries.remove(&name);
            }
            if let Some(sender) = sender {
                return Some((name, sender));
            }
        }
        None
    }

    fn take_back(&mut self, name: &Arc<str>) {
        self.free += 1;
        let Some(registry) = self.registries.get_mut(name) else { return };
        registry.taken -= 1;
        if registry.taken == 0 && registry.waiting.is_empty() {
            self.registries.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Turns that are given at once, as many as there are.
    fn all(turns: &Turns, registry: &str) -> Vec<Turn> {
        std::iter::from_fn(|| turns.of(registry).now_or_never().flatten()).collect()
    }

    #[test]
    fn a_registry_that_hangs_leaves_half_of_the_turns_and_the_next_half_of_those() {
        let turns = Turns::new(16);
        let held: Vec<_> = ["a", "b", "c", "d", "e"].map(|registry| all(&turns, registry)).into();
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [8, 4, 2, 1, 1]);
        drop(held);
        assert_eq!(all(&turns, "a").len(), 8);
    }

    #[test]
    fn one_turn_is_had_by_one_at_a_time() {
        let turns = Turns::new(0);
        let one = all(&turns, "a");
        assert_eq!((one.len(), all(&turns, "b").len()), (1, 0));
        drop(one);
        assert_eq!(all(&turns, "b").len(), 1);
    }

    #[test]
    fn an_image_waits_one_turn_however_many_of_another_registry_came_before() {
        let turns = Turns::new(1);
        let first = all(&turns, "busy");
        let mut busy: Vec<_> = (0..1000).map(|_| Box::pin(turns.of("busy"))).collect();
        assert!(busy.iter_mut().all(|waiting| waiting.now_or_never().is_none()));
        let mut other = Box::pin(turns.of("other"));
        assert!((&mut other).now_or_never().is_none());
        drop(first);
        let second = (&mut busy[0]).now_or_never().flatten();
        assert!(second.is_some() && (&mut other).now_or_never().is_none());
        drop(second);
        assert!((&mut other).now_or_never().flatten().is_some());
    }

    #[test]
    fn who_has_gone_takes_no_turn_and_nothing_is_remembered_of_a_registry_that_nobody_asks() {
        let turns = Turns::new(1);
        let held = all(&turns, "a");
        for registry in ["a", "b", "c"] {
            assert!(turns.of(registry).now_or_never().is_none());
        }
        drop(held);
        let books = turns.books();
        assert_eq!((books.free, books.registries.len(), books.rotation.len()), (1, 0, 0));
    }
}
