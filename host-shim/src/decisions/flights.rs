//! Work that several wait for and that is done once; it goes on where nobody waits any more.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::watch};

use crate::telemetry::Origin;

/// What is being worked on.
pub(super) struct Flights<K, V> {
    running: Running<K, V>,
    runtime: Handle,
}

type Running<K, V> = Arc<Mutex<HashMap<K, watch::Receiver<Option<V>>>>>;

/// One piece of work, for one who waits.
pub(super) struct Flight<V>(watch::Receiver<Option<V>>);

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Landed<V> {
    With(V),
    /// It broke.
    Lost,
}

impl<K, V> Flights<K, V>
where
    K: Hash + Eq + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Works on a runtime, whichever is the one of those who wait.
    pub(super) fn on(runtime: Handle) -> Self {
        Self { running: Arc::default(), runtime }
    }

    /// The work that is going on, or else that is started; none where there is too much of it.
    pub(super) fn join<F: Future<Output = V> + Send + 'static>(
        &self,
        key: &K,
        at_most: usize,
        start: impl FnOnce() -> F,
    ) -> Option<(Flight<V>, Origin)> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = running.get(key) {
            return Some((Flight(flight.clone()), Origin::Joined));
        }
        if running.len() >= at_most {
            return None;
        }
        let (sender, receiver) = watch::channel(None);
        running.insert(key.clone(), receiver.clone());
        drop(running);
        let (entry, work) = (Entry { running: Arc::clone(&self.running), key: key.clone() }, start());
        // A runtime that is shutting down drops the entry at once.
        self.runtime.spawn(async move {
            let value = work.await;
            // First nobody joins it any more, then it lands: who comes in between starts anew.
            drop(entry);
            let _ = sender.send(Some(value));
        });
        Some((Flight(receiver), Origin::Made))
    }
}

/// An entry that goes away with its work, also where that panics.
struct Entry<K: Hash + Eq, V> {
    running: Running<K, V>,
    key: K,
}

impl<K: Hash + Eq, V> Drop for Entry<K, V> {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<V: Clone> Flight<V> {
    pub(super) async fn landed(mut self) -> Landed<V> {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(value)) => Landed::With(value.clone()),
            Ok(None) | Err(_) => Landed::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_comes_while_it_is_done_waits_for_it_and_who_comes_later_starts_anew() {
        let flights = Flights::on(Handle::current());
        let (go, wait) = oneshot::channel::<()>();
        let first = || async {
            let _ = wait.await;
            1
        };
        let (one, how) = flights.join(&"a", 10, first).unwrap();
        assert_eq!(how, Origin::Made);
        let (other, how) = flights.join(&"a", 10, || async { 2 }).unwrap();
        assert_eq!(how, Origin::Joined);
        go.send(()).unwrap();
        assert_eq!((one.landed().await, other.landed().await), (Landed::With(1), Landed::With(1)));
        let (again, how) = flights.join(&"a", 10, || async { 3 }).unwrap();
        assert_eq!((how, again.landed().await), (Origin::Made, Landed::With(3)));
    }

    #[tokio::test]
    async fn it_goes_on_when_nobody_waits() {
        let flights = Flights::on(Handle::current());
        let (done, told) = oneshot::channel();
        let work = || async {
            done.send(()).unwrap();
            1
        };
        drop(flights.join(&"a", 10, work));
        told.await.unwrap();
    }

    #[tokio::test]
    async fn what_breaks_is_lost_and_can_be_started_again() {
        let flights: Flights<_, i32> = Flights::on(Handle::current());
        let (broken, _) = flights.join(&"a", 10, || async { panic!("as a test wants it") }).unwrap();
        assert_eq!(broken.landed().await, Landed::Lost);
        let (again, how) = flights.join(&"a", 10, || async { 1 }).unwrap();
        assert_eq!((how, again.landed().await), (Origin::Made, Landed::With(1)));
    }

    #[test]
    fn where_the_runtime_has_ended_it_is_lost_and_nobody_waits_for_ever() {
        let build = || tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ended = build();
        let flights = Flights::on(ended.handle().clone());
        drop(ended);
        let (flight, _) = flights.join(&"a", 10, || async { 1 }).unwrap();
        assert_eq!(build().block_on(flight.landed()), Landed::Lost);
    }

    #[tokio::test]
    async fn only_so_much_is_begun() {
        let flights = Flights::on(Handle::current());
        let endless = || std::future::pending::<i32>();
        assert!(flights.join(&1, 1, endless).is_some());
        assert!(flights.join(&2, 1, endless).is_none());
        assert!(flights.join(&1, 1, endless).is_some());
    }
}
