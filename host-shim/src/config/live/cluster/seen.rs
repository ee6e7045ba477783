//! An object as the API server tells it, cut down to what matters here.

use k8s_openapi::jiff::Timestamp;
use kube::core::DynamicObject;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    super::super::object::{GROUP, Identity, Kind, VERSIONS},
    bounds::MAX_OBJECT,
    status::Status,
};

/// An object of the cluster.
#[derive(Clone, Debug)]
pub(in crate::config::live) struct Seen {
    pub(in crate::config::live) identity: Identity,
    /// Another object under the same name has another one.
    pub(in crate::config::live) uid: String,
    pub(in crate::config::live) created: Option<Timestamp>,
    pub(super) text: Text,
    pub(super) status: Status,
    /// When what people write in it changed last, as far as the API server knows.
    pub(in crate::config::live) changed: Option<Timestamp>,
}

/// What is read of an object, as JSON.
#[derive(Clone, Debug)]
pub(super) struct Text {
    /// Empty where it is too large to be read: all of a list is held at once.
    json: String,
    bytes: usize,
    digest: [u8; 32],
}

impl Text {
    fn new(json: String) -> Self {
        let (bytes, digest) = (json.len(), Sha256::digest(&json).into());
        Self { json: if bytes > MAX_OBJECT { String::new() } else { json }, bytes, digest }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.json
    }

    /// How long it is in the cluster.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        self.digest
    }
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
            text: Text::new(document.to_string()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_large_is_not_kept_and_its_size_and_digest_are() {
        let of = |bytes: usize| Text::new("x".repeat(bytes));
        assert_eq!((of(MAX_OBJECT).as_str().len(), of(MAX_OBJECT).bytes()), (MAX_OBJECT, MAX_OBJECT));
        let [large, larger] = [of(MAX_OBJECT + 1), of(MAX_OBJECT + 2)];
        assert_eq!((large.as_str(), large.bytes()), ("", MAX_OBJECT + 1));
        assert_ne!(large.digest(), larger.digest());
    }
}
