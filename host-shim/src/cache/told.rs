//! What a registry has told and nothing proves: it counts for a short time, from when it was told. That it told nothing counts for a moment, so that those
//! who wait do not ask one after the other what has just failed.

use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wasm_policy::code::Failure;

use super::Lives;
use super::{
    contents::weight,
    shared::{self, Fetch, Had},
};
use crate::deadline::Deadline;

/// What an entry takes beside its strings.
const OVERHEAD: usize = 500;
/// Failures that are known at a time; one takes a few hundred bytes.
const MAX_FAILURES: u64 = 1_000;

/// Something that was told, and when.
#[derive(Debug)]
pub struct Told<V> {
    /// What.
    pub value: Arc<V>,
    /// When it was asked for: from then on it may have changed.
    pub at: Instant,
}

impl<V> Told<V> {
    /// Something that has just been told.
    pub fn now(value: V) -> Self {
        Self { value: Arc::new(value), at: Instant::now() }
    }
}

impl<V> Clone for Told<V> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), at: self.at }
    }
}

/// What was told, by what was asked.
pub(super) struct Cache<K, V> {
    kept: moka::future::Cache<K, Told<V>>,
    failed: moka::sync::Cache<K, Failure>,
    counts_for: Duration,
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("counts_for", &self.counts_for).finish_non_exhaustive()
    }
}

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(bytes: u64, lives: Lives, weigh: fn(&K, &V) -> usize) -> Self {
        let Lives { told_for: counts_for, damped_for } = lives;
        let weigh = move |key: &K, told: &Told<V>| weight(weigh(key, &told.value) + OVERHEAD);
        let kept = moka::future::Cache::builder().max_capacity(bytes).weigher(weigh).time_to_live(counts_for).build();
        let failures = if damped_for.is_zero() { 0 } else { MAX_FAILURES };
        let failed = moka::sync::Cache::builder().max_capacity(failures).time_to_live(damped_for).build();
        Self { kept, failed, counts_for }
    }

    pub(super) async fn get_or_fetch(
        &self,
        key: K,
        deadline: Deadline,
        fetch: Fetch<'_, V>,
        is_kept: fn(&V) -> bool,
    ) -> Result<Told<V>, Failure> {
        let telling = || -> BoxFuture<'_, Result<Told<V>, Failure>> {
            let key = &key;
            Box::pin(async move {
                if let Some(failure) = self.failed.get(key) {
                    return Err(failure);
                }
                let at = Instant::now();
                let told = fetch().await;
                told.map(|value| Told { value: Arc::new(value), at })
                    .inspect_err(|failure| self.failed.insert(key.clone(), failure.clone()))
            })
        };
        let told = loop {
            match shared::get_or_fetch(&self.kept, key.clone(), deadline, &telling).await? {
                Had::Fetched(told) => break told,
                Had::Known(told) if told.at.elapsed() < self.counts_for => break told,
                // The cache counts from when the answer was there, and that may have taken long.
                Had::Known(_) => self.kept.invalidate(&key).await,
            }
        };
        if !is_kept(&told.value) {
            self.kept.invalidate(&key).await;
        }
        Ok(told)
    }
}
