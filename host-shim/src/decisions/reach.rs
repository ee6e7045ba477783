//! Which registries are reached with which credentials: one client for each set of them, which lives on while the credentials are the same.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use moka::future::Cache;
use wasm_policy::code::{Code, Failure};

use super::Rights;
use crate::{
    cache::AsWhom,
    config::{Configuration, Logins, live::ClusterSecrets},
    engine::{Engine, Native},
    registry::{
        ConnectionError, PlainHttp, Proxies, Registries, RegistryOptions, TrustedRealm, Turns,
        credentials::{DockerConfigs, Helpers, Keychain},
        hosts::RegistryHosts,
    },
};

/// Clients that are kept. Each namespace with credentials of its own has one.
const MAX_CLIENTS: u64 = 1_000;
/// How long a client is kept that nobody uses.
const IDLE: Duration = Duration::from_mins(30);

/// How registries are reached, whoever asks.
pub struct ReachOptions {
    /// PEM files of CAs that are trusted beside those of the system.
    pub ca_files: Vec<PathBuf>,
    /// Whether registries have no TLS, beside those of which the configuration says so.
    pub plain_http: bool,
    /// A docker config.json in place of what the configuration names.
    pub registry_config: Option<PathBuf>,
    /// Whether the helpers that a docker config.json names are run.
    pub helpers: Helpers,
    /// Token services that are right for a registry, although their names do not show it.
    pub trusted_realms: Vec<TrustedRealm>,
    /// Mirrors, and what else is to be known of single hosts.
    pub hosts: RegistryHosts,
    /// The proxies that requests go through.
    pub proxies: Proxies,
    /// Where secrets of the cluster are read.
    pub secrets: Option<Arc<dyn Secrets>>,
    /// Whether the pull secrets of a namespace are used for its images.
    pub pod_pull_secrets: PodPullSecrets,
}

impl ReachOptions {
    /// Whether clients can be made of them.
    ///
    /// # Errors
    /// Where a CA file or a proxy cannot be used.
    pub fn check(&self) -> Result<(), ConnectionError> {
        self.client(false, Rights::Configured, Keychain::none(), Turns::default()).map(drop)
    }

    fn client(
        &self,
        plain_http: bool,
        rights: Rights,
        keychain: Keychain,
        turns: Turns,
    ) -> Result<Registries, ConnectionError> {
        let Self { ca_files, trusted_realms, hosts, proxies, .. } = self;
        let hosts = match rights {
            Rights::None => hosts.without_credentials(),
            Rights::Configured => hosts.clone(),
        };
        Registries::new(RegistryOptions {
            ca_files: ca_files.clone(),
            plain_http: if plain_http { PlainHttp::Always } else { PlainHttp::Never },
            keychain,
            trusted_realms: trusted_realms.clone(),
            hosts,
            proxies: proxies.clone(),
            turns,
        })
    }
}

/// Logins in the secrets of a cluster. While a secret's content is the same, its keychain is the same one.
pub trait Secrets: Send + Sync {
    /// Those that a Store names.
    ///
    /// # Errors
    /// Where one of them cannot be had, for people.
    fn named<'s>(&'s self, logins: &'s Logins) -> BoxFuture<'s, Result<Arc<Keychain>, String>>;

    /// Those that the Pods of a namespace pull with.
    ///
    /// # Errors
    /// As above.
    fn of_namespace<'s>(&'s self, namespace: &'s str) -> BoxFuture<'s, Result<Arc<Keychain>, String>>;
}

impl Secrets for ClusterSecrets {
    fn named<'s>(&'s self, logins: &'s Logins) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        Box::pin(async { self.keychain(logins).await.map_err(|error| error.to_string()) })
    }

    fn of_namespace<'s>(&'s self, namespace: &'s str) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        Box::pin(async { self.keychain_of_namespace(namespace).await.map_err(|error| error.to_string()) })
    }
}

/// Whose pull secrets are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodPullSecrets {
    /// Those alone that the configuration names.
    #[default]
    Unused,
    /// Those of the namespace's default service account as well.
    Used,
}

/// The clients of registries.
pub struct Reaches {
    options: ReachOptions,
    files: DockerConfigs,
    turns: Turns,
    made: Cache<Key, Arc<Reach>>,
    next: AtomicU64,
    /// What evidence is gathered with that another engine judges.
    pub(super) native: Arc<dyn Engine>,
}

/// A client with one set of credentials.
pub(super) struct Reach {
    pub(super) registries: Registries,
    pub(super) as_whom: AsWhom,
    /// Kept, so that no other keychain takes its address.
    _keychains: Vec<Arc<Keychain>>,
}

/// What a client is made of. Keychains are told apart by their addresses: one whose content is the same stays the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    plain_http: bool,
    /// Files of hosts may hold credentials as well.
    rights: Rights,
    keychains: Vec<usize>,
}

impl Reaches {
    /// None is made yet.
    pub fn new(options: ReachOptions) -> Self {
        Self {
            options,
            files: DockerConfigs::default(),
            turns: Turns::default(),
            made: Cache::builder().max_capacity(MAX_CLIENTS).time_to_idle(IDLE).build(),
            next: AtomicU64::new(0),
            native: Arc::new(Native::default()),
        }
    }

    /// Whether a namespace may have credentials of its own, whatever the configuration says.
    pub(super) fn knows_namespaces(&self) -> bool {
        self.options.pod_pull_secrets == PodPullSecrets::Used
    }

    /// The client for a configuration, and for a namespace where it has credentials of its own.
    pub(super) async fn of(
        &self,
        configuration: &Configuration,
        namespace: Option<&str>,
        rights: Rights,
    ) -> Result<Arc<Reach>, Failure> {
        let keychains = match rights {
            Rights::None => Vec::new(),
            Rights::Configured => self.keychains(configuration, namespace).await?,
        };
        let plain_http = self.options.plain_http || configuration.plain_http();
        let addresses = keychains.iter().map(|keychain| Arc::as_ptr(keychain).addr()).collect();
        let key = Key { plain_http, rights, keychains: addresses };
        let made = self.made.try_get_with(key, async { self.make(plain_http, rights, keychains) });
        made.await.map_err(Arc::unwrap_or_clone)
    }

    async fn keychains(
        &self,
        configuration: &Configuration,
        namespace: Option<&str>,
    ) -> Result<Vec<Arc<Keychain>>, Failure> {
        let unavailable = |why: String| Failure::new(Code::CredentialUnavailable, why);
        let mut keychains = Vec::new();
        if let (PodPullSecrets::Used, Some(namespace), Some(secrets)) =
            (self.options.pod_pull_secrets, namespace, &self.options.secrets)
        {
            keychains.push(secrets.of_namespace(namespace).await.map_err(unavailable)?);
        }
        match (&self.options.registry_config, configuration.logins()) {
            (None, Logins::None) => {}
            (Some(_), _) | (None, Logins::DockerConfig(_)) => {
                let named = match configuration.logins() {
                    Logins::DockerConfig(path) => path.as_deref(),
                    Logins::None | Logins::Secrets { .. } => None,
                };
                let path = self.options.registry_config.as_deref().or(named);
                let read = self.files.read(path, &self.options.helpers).await;
                keychains.push(read.map_err(|error| unavailable(error.to_string()))?);
            }
            (None, logins @ Logins::Secrets { .. }) => {
                let Some(secrets) = &self.options.secrets else {
                    return Err(unavailable("secrets of a cluster are read with --config cluster only".to_owned()));
                };
                keychains.push(secrets.named(logins).await.map_err(unavailable)?);
            }
        }
        Ok(keychains)
    }

    fn make(&self, plain_http: bool, rights: Rights, keychains: Vec<Arc<Keychain>>) -> Result<Arc<Reach>, Failure> {
        let keychain = Keychain::joined(keychains.iter().map(|keychain| keychain.as_ref().clone()));
        let registries = self.options.client(plain_http, rights, keychain, self.turns.clone());
        let registries = registries.map_err(|error| Failure::new(Code::RegistryTlsFailed, error.to_string()))?;
        let as_whom = AsWhom::new(self.next.fetch_add(1, Ordering::Relaxed));
        Ok(Arc::new(Reach { registries, as_whom, _keychains: keychains }))
    }
}
