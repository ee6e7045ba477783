//! What `kubectl get` shows of an object: whether it is in force, and why not. The members are Ratify's.

use std::time::Duration;

use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::sleep};
use tracing::{debug, warn};

use super::watching::Found;

/// Under which name we write.
const FIELD_MANAGER: &str = "image-integrity";
/// Characters of `brieferror`, which is a column.
const BRIEF: usize = 100;
/// Characters of `error`.
const LONG: usize = 4_000;
/// Statuses that wait to be written; further ones are written with the next change.
const MAX_WAITING: usize = 10_000;
/// How often one is tried.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// What became of an object.
pub(super) struct Outcome {
    pub(super) found: Found,
    /// Whether it holds certificates, whose time of reading is told.
    pub(super) is_fetched: bool,
    /// Whether its content has changed.
    pub(super) is_new: bool,
    pub(super) mistake: Option<String>,
}

/// Writes statuses, one after the other.
pub(super) struct Writer(mpsc::Sender<(Found, Value)>);

impl Writer {
    /// It ends with the last sender.
    pub(super) fn start(client: Client) -> Self {
        let (sender, mut waiting) = mpsc::channel::<(Found, Value)>(MAX_WAITING);
        tokio::spawn(async move {
            while let Some((found, status)) = waiting.recv().await {
                write(&client, &found, &status).await;
            }
        });
        Self(sender)
    }

    /// Writes what is not in the cluster already.
    pub(super) fn write(&self, outcomes: Vec<Outcome>) {
        for outcome in outcomes {
            if let Some(status) = outcome.change() {
                // A full queue is no reason to hold up answers.
                if self.0.try_send((outcome.found, status)).is_err() {
                    warn!("a status is not written: too many wait");
                }
            }
        }
    }
}

impl Outcome {
    /// The status to write, where it says something new.
    pub(super) fn change(&self) -> Option<Value> {
        let mut status = match &self.mistake {
            None => json!({ "issuccess": true, "error": null, "brieferror": null }),
            Some(mistake) => {
                json!({ "issuccess": false, "error": cut(mistake, LONG), "brieferror": cut(mistake, BRIEF) })
            }
        };
        let same = |member: &str| {
            let (is, was) = (&status[member], self.found.status.get(member).unwrap_or(&Value::Null));
            is == was || (is.is_null() && *was == "")
        };
        let is_told = ["issuccess", "error", "brieferror"].into_iter().all(same);
        // After a start everything is new to us, and may be old to the cluster.
        let is_timed = !self.is_fetched || self.found.status.get("lastfetchedtime").is_some();
        if is_told && is_timed {
            return None;
        }
        if self.is_fetched && (self.is_new || !is_timed) {
            status["lastfetchedtime"] = json!(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
        Some(status)
    }
}

async fn write(client: &Client, found: &Found, status: &Value) {
    let api: Api<DynamicObject> = match &found.name.namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &found.resource),
        None => Api::all_with(client.clone(), &found.resource),
    };
    let (params, patch) = (
        PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..Default::default() },
        json!({ "status": status }),
    );
    for tried in 0..TRIES {
        let error = match api.patch_status(&found.name.name, &params, &Patch::Merge(&patch)).await {
            Ok(_) => return,
            // It is gone, and its status with it.
            Err(kube::Error::Api(status)) if status.code == 404 => {
                debug!(name = found.name.name, "there is no such object, or it has no status");
                return;
            }
            Err(error) => error,
        };
        warn!(kind = found.resource.kind, name = found.name.name, %error, "a status could not be written");
        sleep(PAUSE * 2_u32.pow(tried)).await;
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
