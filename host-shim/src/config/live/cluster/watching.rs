//! One kind of objects, watched: in whichever version the cluster serves, and from the moment at which it serves any.

use std::{mem, time::Duration};

use futures_util::{StreamExt as _, pin_mut};
use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject},
    core::GroupVersionKind,
    discovery,
    runtime::{
        WatchStreamExt as _,
        watcher::{self, watcher},
    },
};
use serde_json::json;
use tokio::{sync::mpsc, time::sleep};
use tracing::{info, warn};

use crate::config::object::{GROUP, Kind, VERSIONS};

/// How often a kind is looked for that is not installed.
const LOOK: Duration = Duration::from_secs(3);

/// Something about one kind.
pub(super) struct Event {
    pub(super) kind: Kind,
    pub(super) change: Change,
}

pub(super) enum Change {
    /// These are all.
    Listed(Vec<Found>),
    Applied(Found),
    Deleted(Name),
    Broken(String),
}

/// An object's namespace, where it has one, and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Name {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// An object as the cluster has it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) name: Name,
    /// As JSON, without what the cluster keeps beside it.
    pub(super) text: String,
    pub(super) status: serde_json::Value,
    pub(super) resource: ApiResource,
}

/// Watches until nobody listens.
pub(super) async fn watch(client: Client, kind: Kind, events: mpsc::Sender<Event>) {
    let mut is_told = false;
    loop {
        match served(&client, kind).await {
            Ok(Some(resource)) => {
                is_told = false;
                if follow(&client, kind, resource, &events).await.is_err() {
                    return;
                }
            }
            Ok(None) => {
                if !mem::replace(&mut is_told, true) {
                    info!(kind = kind.name(), "the cluster does not have this kind: there are no objects of it");
                    if tell(&events, kind, Change::Listed(Vec::new())).await.is_err() {
                        return;
                    }
                }
            }
            Err(error) => {
                warn!(kind = kind.name(), %error, "the cluster does not say whether it has this kind");
                if tell(&events, kind, Change::Broken(error.to_string())).await.is_err() {
                    return;
                }
            }
        }
        if events.is_closed() {
            return;
        }
        sleep(LOOK).await;
    }
}

/// Nobody listens any more.
struct Closed;

async fn tell(events: &mpsc::Sender<Event>, kind: Kind, change: Change) -> Result<(), Closed> {
    events.send(Event { kind, change }).await.map_err(|_| Closed)
}

/// The newest version that we read and the cluster serves.
async fn served(client: &Client, kind: Kind) -> kube::Result<Option<ApiResource>> {
    for version in VERSIONS {
        let wanted = GroupVersionKind::gvk(GROUP, version, kind.name());
        match discovery::pinned_kind(client, &wanted).await {
            Ok((resource, _)) => return Ok(Some(resource)),
            Err(kube::Error::Discovery(_)) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Watches a version until the cluster does not serve it any more.
async fn follow(
    client: &Client,
    kind: Kind,
    resource: ApiResource,
    events: &mpsc::Sender<Event>,
) -> Result<(), Closed> {
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let stream = watcher(api, watcher::Config::default()).default_backoff();
    pin_mut!(stream);
    let (mut listed, mut told) = (Vec::new(), String::new());
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            () = events.closed() => return Err(Closed),
        };
        let change = match event {
            None => return Ok(()),
            Some(Ok(watcher::Event::Init)) => {
                listed.clear();
                continue;
            }
            Some(Ok(watcher::Event::InitApply(object))) => {
                listed.extend(found(&object, &resource));
                continue;
            }
            Some(Ok(watcher::Event::InitDone)) => Change::Listed(mem::take(&mut listed)),
            Some(Ok(watcher::Event::Apply(object))) => match found(&object, &resource) {
                Some(found) => Change::Applied(found),
                None => continue,
            },
            Some(Ok(watcher::Event::Delete(object))) => match name(&object) {
                Some(name) => Change::Deleted(name),
                None => continue,
            },
            Some(Err(error)) if is_gone(&error) => return Ok(()),
            Some(Err(error)) => {
                let error = error.to_string();
                if error == told {
                    continue;
                }
                warn!(kind = kind.name(), error, "the watch is broken, and what is known stays in force");
                told.clone_from(&error);
                tell(events, kind, Change::Broken(error)).await?;
                continue;
            }
        };
        told.clear();
        tell(events, kind, change).await?;
    }
}

fn is_gone(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status)) => status.code == 404,
        _ => false,
    }
}

fn name(object: &DynamicObject) -> Option<Name> {
    Some(Name { namespace: object.metadata.namespace.clone(), name: object.metadata.name.clone()? })
}

fn found(object: &DynamicObject, resource: &ApiResource) -> Option<Found> {
    let name = name(object)?;
    let mut metadata = json!({ "name": name.name });
    if let Some(namespace) = &name.namespace {
        metadata["namespace"] = json!(namespace);
    }
    let mut document = json!({ "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata });
    // Unknown members are told as in a file; what the cluster writes itself is none.
    if let Some(members) = object.data.as_object() {
        for (member, value) in members.iter().filter(|(member, _)| *member != "status") {
            document[member] = value.clone();
        }
    }
    let status = object.data.get("status").cloned().unwrap_or_default();
    Some(Found { name, text: document.to_string(), status, resource: resource.clone() })
}
