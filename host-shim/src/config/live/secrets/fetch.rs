//! Fetches secrets and service accounts within bounds. kube-rs's own typed requests would read answers of any size, and log one that is not as it should
//! be, with the secrets in it.

use std::{fmt, time::Duration};

use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::{Client, client::Body};
use secrecy::SecretSlice;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use wasm_policy::text::shown;

use super::{
    error::{Fault, SecretsError},
    is_name,
};
use crate::{
    config::{SecretName, ServiceAccountName},
    registry::credentials::PullSecret,
};

/// Bytes of an answer: a secret has at most 1 MiB, in base64, and its metadata.
const MAX_BYTES: usize = 3 << 20;
/// How long one may take.
const TIME: Duration = Duration::from_secs(5);
const DOCKER_CONFIG_JSON: (&str, &str) = ("kubernetes.io/dockerconfigjson", ".dockerconfigjson");
const DOCKER_CFG: (&str, &str) = ("kubernetes.io/dockercfg", ".dockercfg");

/// The API server, as far as it is asked for secrets.
pub(super) struct Fetch {
    client: Client,
}

/// What a service account names.
pub(super) struct Account {
    pub(super) image_pull_secrets: Vec<String>,
    /// For all purposes.
    pub(super) secrets: Vec<String>,
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetch")
    }
}

impl Fetch {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
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
        // A name is a segment of the path: `../../kube-system/secrets/x` must not become another one.
        if let Some(bad) = [namespace, name].into_iter().find(|name| !is_name(name)) {
            return Err(Fault::BadName(shown(bad).to_string()));
        }
        let request = Request::get(format!("/api/v1/namespaces/{namespace}/{resource}/{name}"))
            .body(Body::empty())
            .map_err(|error| Fault::Unreachable(error.to_string()))?;
        let bytes = match timeout(TIME, self.answer(request, resource)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Fault::Unreachable(format!("nothing within {} seconds", TIME.as_secs()))),
        };
        // What serde says of a text at the wrong place shows it.
        serde_json::from_slice(&bytes).map_err(|_| Fault::Rubbish)
    }

    async fn answer(&self, request: Request<Body>, resource: &'static str) -> Result<bytes::Bytes, Fault> {
        let unreachable = |error: &dyn fmt::Display| Fault::Unreachable(shown(&error.to_string()).to_string());
        let response = self.client.send(request).await.map_err(|error| unreachable(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(Fault::Missing),
            StatusCode::FORBIDDEN => return Err(Fault::Denied(resource)),
            status => return Err(unreachable(&format_args!("it says {status}"))),
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let too_large = Fault::TooLarge { most: MAX_BYTES };
        let collected =
            body.map_err(|error| if error.is::<LengthLimitError>() { too_large } else { unreachable(&error) })?;
        Ok(collected.to_bytes())
    }
}
