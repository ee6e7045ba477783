//! An object as the API server tells it, cut down to what matters here.

use k8s_openapi::jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::{Value, json};

use super::{
    super::super::object::{GROUP, Identity, Kind, VERSIONS},
    status::Status,
};

/// An object of the cluster.
#[derive(Clone, Debug)]
pub(in crate::config::live) struct Seen {
    pub(in crate::config::live) identity: Identity,
    /// Another object under the same name has another one.
    pub(in crate::config::live) uid: String,
    pub(in crate::config::live) created: Option<Timestamp>,
    /// What is read of it, as JSON.
    pub(in crate::config::live) text: String,
    pub(super) status: Status,
    /// When what people write in it changed last, as far as the API server knows.
    pub(in crate::config::live) changed: Option<Timestamp>,
}

impl Seen {
    /// An object without a name is none.
    pub(in crate::config::live) fn new(kind: Kind, object: &DynamicObject) -> Option<Self> {
        let metadata = &object.metadata;
        let identity = identity(kind, object)?;
        let mut document = json!({
            "apiVersion": format!("{GROUP}/{}", VERSIONS[0]),
            "kind": kind.name(),
            "metadata": { "name": identity.name },
        });
        if let Some(namespace) = &identity.namespace {
            document["metadata"]["namespace"] = json!(namespace);
        }
        if let Some(spec) = object.data.get("spec") {
            document["spec"] = spec.clone();
        }
        let by_people = metadata.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
        Some(Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            created: metadata.creation_timestamp.as_ref().map(|time| time.0),
            text: document.to_string(),
            status: Status::read(object.data.get("status").unwrap_or(&Value::Null)),
            changed: by_people.filter_map(|entry| entry.time.as_ref()).map(|time| time.0).max(),
            identity,
        })
    }
}

/// Which object it is.
pub(in crate::config::live) fn identity(kind: Kind, object: &DynamicObject) -> Option<Identity> {
    let namespace = if kind.is_namespaced() { Some(object.metadata.namespace.clone()?) } else { None };
    Some(Identity { kind, namespace, name: object.metadata.name.clone()? })
}
