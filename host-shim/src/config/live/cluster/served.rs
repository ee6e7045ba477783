//! Which kinds the cluster defines, and in which version (Kubernetes API discovery).

use std::collections::BTreeMap;

use kube::{Client, discovery::ApiResource};

use super::super::super::object::{GROUP, Kind, VERSIONS};

/// How one kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) kind: Kind,
    version: &'static str,
    plural: String,
    /// Whether statuses can be written without changing the object.
    pub(super) has_status: bool,
}

impl Served {
    pub(super) fn resource(&self) -> ApiResource {
        ApiResource {
            group: GROUP.to_owned(),
            version: self.version.to_owned(),
            api_version: format!("{GROUP}/{}", self.version),
            kind: self.kind.name().to_owned(),
            plural: self.plural.clone(),
        }
    }

    /// As RBAC and `kubectl` name it: `verifiers.config.ratify.deislabs.io`.
    pub(super) fn name(&self) -> String {
        format!("{}.{GROUP}", self.plural)
    }
}

/// The kinds of ours that are there, each in the best version that is served.
pub(super) async fn discover(client: &Client) -> Result<BTreeMap<Kind, Served>, kube::Error> {
    let mut found = BTreeMap::new();
    for version in VERSIONS {
        let resources = match client.list_api_group_resources(&format!("{GROUP}/{version}")).await {
            Ok(list) => list.resources,
            Err(kube::Error::Api(status)) if status.code == 404 => continue,
            Err(error) => return Err(error),
        };
        for resource in &resources {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == resource.kind) else { continue };
            // Subresources are of the same kind.
            if resource.name.contains('/') || !resource.verbs.iter().any(|verb| verb == "watch") {
                continue;
            }
            let status = format!("{}/status", resource.name);
            found.entry(kind).or_insert_with(|| Served {
                kind,
                version,
                plural: resource.name.clone(),
                has_status: resources.iter().any(|other| other.name == status),
            });
        }
    }
    Ok(found)
}
