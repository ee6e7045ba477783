//! Fetches secrets that hold logins, and the service accounts that name them.

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Client;
use secrecy::SecretSlice;
use serde::de::DeserializeOwned;
use wasm_policy::text::shown;

use super::error::{Fault, SecretsError};
use crate::{
    config::{SecretName, ServiceAccountName},
    kubernetes::{ApiFault, ApiServer, MAX_BYTES, ObjectPath},
    registry::credentials::PullSecret,
};

const DOCKER_CONFIG_JSON: (&str, &str) = ("kubernetes.io/dockerconfigjson", ".dockerconfigjson");
const DOCKER_CFG: (&str, &str) = ("kubernetes.io/dockercfg", ".dockercfg");

/// The API server, as far as it is asked for logins.
#[derive(Debug)]
pub(super) struct Fetch {
    server: ApiServer,
}

/// What a service account names.
pub(super) struct Account {
    pub(super) image_pull_secrets: Vec<String>,
    /// For all purposes.
    pub(super) secrets: Vec<String>,
}

impl Fetch {
    pub(super) fn new(client: Client) -> Self {
        Self { server: ApiServer::new(client) }
    }

    pub(super) async fn service_account(&self, name: &ServiceAccountName) -> Result<Account, SecretsError> {
        let ServiceAccountName { namespace, name: account } = name;
        let found: ServiceAccount =
            self.get("serviceaccounts", namespace, account).await.map_err(|fault| SecretsError::new(name, fault))?;
        let image_pull_secrets = found.image_pull_secrets.unwrap_or_default().into_iter().map(|secret| secret.name);
        let secrets = found.secrets.unwrap_or_default().into_iter().filter_map(|secret| secret.name);
        Ok(Account { image_pull_secrets: image_pull_secrets.collect(), secrets: secrets.collect() })
    }

    /// The logins in a secret, and their form.
    pub(super) async fn pull_secret(&self, name: &SecretName) -> Result<(PullSecret, SecretSlice<u8>), SecretsError> {
        self.logins(name).await.map_err(|fault| SecretsError::new(name, fault))
    }

    /// As [`Fetch::pull_secret`]; none where the secret is not there, or for another purpose.
    pub(super) async fn pull_secret_among_others(
        &self,
        name: &SecretName,
    ) -> Result<Option<(PullSecret, SecretSlice<u8>)>, SecretsError> {
        match self.logins(name).await {
            Ok(found) => Ok(Some(found)),
            Err(Fault::Missing | Fault::WrongType(_)) => Ok(None),
            Err(fault) => Err(SecretsError::new(name, fault)),
        }
    }

    async fn logins(
        &self,
        SecretName { namespace, name }: &SecretName,
    ) -> Result<(PullSecret, SecretSlice<u8>), Fault> {
        let secret: Secret = self.get("secrets", namespace, name).await?;
        let (form, key) = match secret.type_.as_deref() {
            Some(of) if of == DOCKER_CONFIG_JSON.0 => (PullSecret::DockerConfigJson, DOCKER_CONFIG_JSON.1),
            Some(of) if of == DOCKER_CFG.0 => (PullSecret::DockerCfg, DOCKER_CFG.1),
            other => return Err(Fault::WrongType(shown(other.unwrap_or("Opaque")).to_string())),
        };
        let text = secret.data.and_then(|mut data| data.remove(key)).ok_or(Fault::NoData(key))?;
        Ok((form, text.0.into()))
    }

    async fn get<T: DeserializeOwned>(&self, resource: &'static str, namespace: &str, name: &str) -> Result<T, Fault> {
        let found = self.server.get(ObjectPath { namespace, resource, name }).await;
        found.map_err(|fault| match fault {
            ApiFault::Missing => Fault::Missing,
            ApiFault::Denied => Fault::Denied(resource),
            ApiFault::TooLarge => Fault::TooLarge { most: MAX_BYTES },
            // Nothing was to be changed.
            ApiFault::Rubbish | ApiFault::Changed => Fault::Rubbish,
            ApiFault::BadName(name) => Fault::BadName(name),
            ApiFault::Unreachable(reason) => Fault::Unreachable(reason),
        })
    }
}
