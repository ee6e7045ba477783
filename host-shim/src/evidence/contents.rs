//! The manifests and blobs of one call, each fetched once.
//!
//! They are shared among the images of one host by their digest. Another host's fetch is not waited for, since it may hang on what this one has; and a
//! failure is not shared: another image may have the same blob in a repository that has not lost it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::sync::OnceCell;
use wasm_policy::code::Failure;

use crate::reference::Digest;

/// Bytes that hash to their digest, as padded standard base64.
pub(super) type Content = Arc<str>;

/// What has been fetched, and what is being fetched.
#[derive(Debug, Default)]
pub(super) struct Contents(Mutex<HashMap<(String, Digest), Fetched>>);

/// A content, once it is there.
type Fetched = Arc<OnceCell<Content>>;

impl Contents {
    /// The content of that digest at a host, fetched unless it is known; who asks while it is being fetched waits for it.
    pub(super) async fn get_or_fetch(
        &self,
        host: &str,
        digest: &Digest,
        fetch: impl Future<Output = Result<Vec<u8>, Failure>>,
    ) -> Result<Content, Failure> {
        let cell = {
            let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry((host.to_owned(), digest.clone())).or_default())
        };
        cell.get_or_try_init(async || Ok(STANDARD.encode(fetch.await?).into())).await.cloned()
    }
}
