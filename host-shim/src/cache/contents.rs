//! Manifests and blobs, by repository and digest.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::future::BoxFuture;
use moka::future::Cache;
use wasm_policy::code::Failure;

use super::{
    Repository,
    shared::{self, Fetch, Had},
};
use crate::{deadline::Deadline, reference::Digest};

/// Bytes that hash to their digest, as padded standard base64.
pub type Content = Arc<str>;

/// What an entry takes beside its content: the key, and the cache's own books.
const OVERHEAD: usize = 400;

/// What has been fetched, and what is being fetched.
#[derive(Debug)]
pub(super) struct Contents(Cache<(Repository, Digest), Content>);

impl Contents {
    pub(super) fn new(bytes: u64) -> Self {
        let weigh = |_: &(Repository, Digest), content: &Content| weight(content.len() + OVERHEAD);
        Self(Cache::builder().max_capacity(bytes).weigher(weigh).build())
    }

    pub(super) async fn get_or_fetch(
        &self,
        repository: &Repository,
        digest: &Digest,
        deadline: Deadline,
        fetch: Fetch<'_, Vec<u8>>,
    ) -> Result<Content, Failure> {
        let encoded = || -> BoxFuture<'_, Result<Content, Failure>> {
            let fetching = fetch();
            Box::pin(async { Ok(content(&fetching.await?)) })
        };
        match shared::get_or_fetch(&self.0, (repository.clone(), digest.clone()), deadline, &encoded).await? {
            Had::Fetched(content) | Had::Known(content) => Ok(content),
        }
    }
}

/// Bytes as they are kept.
pub fn content(bytes: &[u8]) -> Content {
    STANDARD.encode(bytes).into()
}

pub(super) fn weight(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
