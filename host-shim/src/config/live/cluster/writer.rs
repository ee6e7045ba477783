//! Writes statuses, one after the other and beside everything else: an API server that takes none delays no answer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{super::super::object::Identity, assembly::NewStatus, reason};

/// As whom the API server knows this writer.
const FIELD_MANAGER: &str = "image-integrity";
/// How long one may take.
const TIME: Duration = Duration::from_secs(10);
/// How long to wait after a failure, doubled after each, and at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The statuses that are to be written: the newest of each object.
#[derive(Default)]
pub(super) struct Statuses {
    waiting: Mutex<BTreeMap<Identity, NewStatus>>,
    more: Notify,
}

impl Statuses {
    pub(super) fn put(&self, statuses: Vec<NewStatus>) {
        if statuses.is_empty() {
            return;
        }
        self.waiting().extend(statuses.into_iter().map(|status| (status.identity.clone(), status)));
        self.more.notify_one();
    }

    /// Writes what is there, and what comes, for ever.
    pub(super) async fn write_for_ever(self: Arc<Self>, client: Client) {
        let mut wait = FIRST_WAIT;
        let mut told = None;
        loop {
            let mut failure = None;
            let statuses = std::mem::take(&mut *self.waiting());
            for status in statuses.into_values() {
                if let Err(reason) = write(&client, &status).await {
                    failure = Some(format!("the status of {} is not written: {reason}", status.identity));
                    // A newer one may have come meanwhile.
                    self.waiting().entry(status.identity.clone()).or_insert(status);
                }
            }
            let Some(failure) = failure else {
                (wait, told) = (FIRST_WAIT, None);
                self.more.notified().await;
                continue;
            };
            if told.as_ref() != Some(&failure) {
                warn!("{failure}; it is tried again");
                told = Some(failure);
            }
            tokio::select! {
                () = sleep(wait) => wait = LONGEST_WAIT.min(wait * 2),
                () = self.more.notified() => {}
            }
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, BTreeMap<Identity, NewStatus>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Errors
/// Why it is to be tried again.
async fn write(client: &Client, NewStatus { identity, served, patch }: &NewStatus) -> Result<(), String> {
    let resource = served.resource();
    let api: Api<DynamicObject> = match &identity.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match timeout(TIME, api.patch_status(&identity.name, &params, &Patch::Merge(patch))).await {
        Ok(Ok(_)) => Ok(()),
        // The object is gone, or has no status: nobody would read it.
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
            debug!("{identity} is gone before its status was written");
            Ok(())
        }
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
            let name = served.name();
            Err(format!("may not patch it; give the service account the verb patch on {name}/status"))
        }
        // Trying again changes nothing.
        Ok(Err(kube::Error::Api(status))) if matches!(status.code, 400 | 422) => {
            warn!("the status of {identity} is refused: {}", wasm_policy::text::shown(&status.message));
            Ok(())
        }
        Ok(Err(error)) => Err(reason(&error)),
        Err(_) => Err(format!("the API server did not answer within {} seconds", TIME.as_secs())),
    }
}
