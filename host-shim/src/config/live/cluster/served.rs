//! Which kinds the cluster defines, and in which version (Kubernetes API discovery).

use std::collections::BTreeMap;

use kube::{Client, discovery::ApiResource};

use super::super::super::object::{GROUP, Kind, VERSIONS};

/// How one kind is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config::live) struct Served {
    pub(in crate::config::live) kind: Kind,
    version: &'static str,
    plural: String,
    /// Whether statuses can be written without changing the object.
    pub(in crate::config::live) has_status: bool,
}

impl Served {
    pub(in crate::config::live) fn resource(&self) -> ApiResource {
        ApiResource {
            group: GROUP.to_owned(),
            version: self.version.to_owned(),
            api_version: format!("{GROUP}/{}", self.version),
            kind: self.kind.name().to_owned(),
            plural: self.plural.clone(),
        }
    }

    /// In the newest version, with a status.
    #[cfg(test)]
    pub(in crate::config::live) fn for_tests(kind: Kind) -> Self {
        let plural = match kind.name().strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None => format!("{}s", kind.name()),
        };
        Self { kind, version: VERSIONS[0], plural: plural.to_lowercase(), has_status: true }
    }

    /// As RBAC and `kubectl` name it: `verifiers.config.ratify.deislabs.io`.
    pub(in crate::config::live) fn name(&self) -> String {
        format!("{}.{GROUP}", self.plural)
    }
}

/// The kinds of ours that are there, each in the best version that is served.
pub(in crate::config::live) async fn discover(client: &Client) -> Result<BTreeMap<Kind, Served>, kube::Error> {
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
