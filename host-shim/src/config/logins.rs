//! What a Store says about logging in to registries (Ratify, "ORAS Authentication Provider").

use std::{fmt, path::PathBuf};

/// Where the logins of a Store's registries are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Logins {
    /// The Store says nothing.
    #[default]
    None,
    /// In a docker config: the file that is named, or else the one of `docker login`.
    DockerConfig(Option<PathBuf>),
    /// In secrets of the cluster.
    Secrets {
        /// The account whose imagePullSecrets count too, after the secrets that are named.
        service_account: ServiceAccountName,
        /// In their order.
        secrets: Vec<SecretName>,
    },
}

/// A Secret of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName {
    /// Where it is.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
}

/// A ServiceAccount of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceAccountName {
    /// Where it is.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
}

/// As people name it: `secret team/pull`.
impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret {}/{}", self.namespace, self.name)
    }
}

/// As people name it: `service account team/default`.
impl fmt::Display for ServiceAccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service account {}/{}", self.namespace, self.name)
    }
}
