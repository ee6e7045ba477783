//! Registry logins in secrets of the cluster, read when they are needed and kept for a short time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::BoxFuture;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::{Api, Client};
use moka::future::Cache;

use crate::{
    config::{Logins, SecretName, ServiceAccountName},
    decisions::Secrets,
    registry::credentials::{Keychain, PullSecret},
};

/// How long what was read counts.
const COUNTS_FOR: Duration = Duration::from_secs(30);
/// Sets of secrets that are kept.
const MAX_KEPT: u64 = 1_000;
/// Secrets of one set.
const MAX_SECRETS: usize = 100;
/// The account that Pods have that name none.
const DEFAULT_ACCOUNT: &str = "default";

/// The secrets of a cluster.
pub struct ClusterSecrets {
    client: Client,
    kept: Cache<Wanted, Arc<Keychain>>,
    /// What was read last. While the content is the same, its keychain is the same one.
    last: Mutex<HashMap<Wanted, Arc<Keychain>>>,
}

/// Which secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wanted {
    named: Vec<SecretName>,
    account: Option<ServiceAccountName>,
}

impl ClusterSecrets {
    /// Nothing is read yet.
    pub fn new(client: Client) -> Self {
        let kept = Cache::builder().max_capacity(MAX_KEPT).time_to_live(COUNTS_FOR).build();
        Self { client, kept, last: Mutex::default() }
    }

    async fn keychain(&self, wanted: Wanted) -> Result<Arc<Keychain>, String> {
        let reading = self.kept.try_get_with(wanted.clone(), self.read(&wanted));
        reading.await.map_err(Arc::unwrap_or_clone)
    }

    async fn read(&self, wanted: &Wanted) -> Result<Arc<Keychain>, String> {
        let mut names = wanted.named.clone();
        if let Some(account) = &wanted.account {
            names.extend(self.pull_secrets(account).await?);
        }
        if names.len() > MAX_SECRETS {
            return Err(format!("more than {MAX_SECRETS} pull secrets are named"));
        }
        let mut keychains = Vec::new();
        for name in &names {
            keychains.push(self.secret(name).await?);
        }
        let keychain = Keychain::joined(keychains);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() as u64 > MAX_KEPT {
            last.clear();
        }
        match last.get(wanted) {
            Some(before) if before.is_same_as(&keychain) => Ok(Arc::clone(before)),
            _ => {
                let keychain = Arc::new(keychain);
                last.insert(wanted.clone(), Arc::clone(&keychain));
                Ok(keychain)
            }
        }
    }

    /// The names of an account's pull secrets; an account that is not there has none.
    async fn pull_secrets(&self, account: &ServiceAccountName) -> Result<Vec<SecretName>, String> {
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &account.namespace);
        let found = api.get_opt(&account.name).await.map_err(|error| format!("{account} cannot be read: {error}"))?;
        let secrets = found.and_then(|account| account.image_pull_secrets).unwrap_or_default();
        let names = secrets.into_iter().filter(|secret| !secret.name.is_empty());
        Ok(names.map(|secret| SecretName { namespace: account.namespace.clone(), name: secret.name }).collect())
    }

    /// The logins in a secret. One that is named and cannot be had is an error: it never turns into a quiet try without it.
    async fn secret(&self, name: &SecretName) -> Result<Keychain, String> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &name.namespace);
        let secret = api.get(&name.name).await.map_err(|error| format!("{name} cannot be read: {error}"))?;
        let of_type = secret.type_.unwrap_or_default();
        let (member, form) = match of_type.as_str() {
            "kubernetes.io/dockerconfigjson" => (".dockerconfigjson", PullSecret::DockerConfigJson),
            "kubernetes.io/dockercfg" => (".dockercfg", PullSecret::DockerCfg),
            _ => return Err(format!("{name} is of the type \"{of_type}\"; write kubernetes.io/dockerconfigjson")),
        };
        let data = secret.data.unwrap_or_default();
        let Some(text) = data.get(member) else { return Err(format!("{name} has no {member}")) };
        Keychain::of_secret(&text.0, form, &name.to_string()).map_err(|error| error.to_string())
    }
}

impl Secrets for ClusterSecrets {
    fn named<'s>(&'s self, logins: &'s Logins, _: Option<&'s str>) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        Box::pin(async move {
            match logins {
                Logins::Secrets { service_account, secrets } => {
                    let account = Some(service_account.clone());
                    self.keychain(Wanted { named: secrets.clone(), account }).await
                }
                Logins::None | Logins::DockerConfig(_) => Err("these logins are not in secrets".to_owned()),
            }
        })
    }

    fn of_namespace<'s>(&'s self, namespace: &'s str) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        let account = ServiceAccountName { namespace: namespace.to_owned(), name: DEFAULT_ACCOUNT.to_owned() };
        Box::pin(self.keychain(Wanted { named: Vec::new(), account: Some(account) }))
    }
}
