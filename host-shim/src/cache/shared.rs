//! One fetch for all who want the same thing at a time.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::BoxFuture;
use moka::future::Cache;
use wasm_policy::code::{Code, Failure};

use crate::deadline::Deadline;

/// A value, and who fetched it.
pub(super) enum Had<V> {
    /// This call.
    Fetched(V),
    /// Another one, now or before.
    Known(V),
}

/// How something is fetched. On the heap, since the cache would carry the whole of a login and a request in its own state otherwise.
pub type Fetch<'f, V> = &'f (dyn Fn() -> BoxFuture<'f, Result<V, Failure>> + Send + Sync);

/// Gets a value, or fetches it. Who comes while it is being fetched waits for it, and fetches for itself where that failed: another's failure may come from
/// its own deadline or budget.
pub(super) async fn get_or_fetch<K, V>(
    cache: &Cache<K, V>,
    key: K,
    deadline: Deadline,
    fetch: Fetch<'_, V>,
) -> Result<Had<V>, Failure>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    loop {
        let is_mine = AtomicBool::new(false);
        let fetching = async {
            is_mine.store(true, Ordering::Relaxed);
            fetch().await
        };
        match deadline.bound(cache.try_get_with(key.clone(), fetching)).await {
            Ok(Ok(value)) if is_mine.load(Ordering::Relaxed) => return Ok(Had::Fetched(value)),
            Ok(Ok(value)) => return Ok(Had::Known(value)),
            Ok(Err(failure)) if is_mine.load(Ordering::Relaxed) => return Err(Arc::unwrap_or_clone(failure)),
            Ok(Err(_)) => {}
            Err(_) => return Err(Failure::new(Code::RegistryTimeout, "the deadline passed before it was fetched")),
        }
    }
}
