//! Registry logins from the secrets of a cluster (Kubernetes, "Pull an Image from a Private Registry"; Ratify, authentication provider `k8Secrets`).
//!
//! Secrets are fetched when they are needed, and kept for a short time. One that is missing, of another type or broken is an error: it never turns into a
//! quiet try without a login.

mod error;
mod fetch;

use std::{sync::Arc, time::Duration};

use kube::Client;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::Instant};

pub use error::SecretsError;

use self::{error::Fault, fetch::Fetch};
use super::super::{Logins, SecretName, ServiceAccountName, is_name};
use crate::registry::credentials::{Keychain, PullSecret};

/// How long secrets are used before they are fetched again, unless it is said otherwise.
pub const SECRETS_LIFE: Duration = Duration::from_secs(30);
/// How long after a failure it is not tried again, while many wait for the same.
const FAILURE_LASTS: Duration = Duration::from_secs(1);
/// Keychains that are kept: one for each Store, and for each namespace.
const MAX_KEPT: u64 = 1_000;
const IDLE: Duration = Duration::from_mins(10);
/// Secrets of one service account; each is fetched.
const MAX_SECRETS: usize = 20;
/// The account of a pod that names none.
const DEFAULT_ACCOUNT: &str = "default";

/// The secrets of a cluster that hold registry logins.
#[derive(Debug)]
pub struct ClusterSecrets {
    fetch: Fetch,
    life: Duration,
    none: Arc<Keychain>,
    kept: Cache<Source, Arc<Mutex<Option<Kept>>>>,
}

/// What a keychain is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    Store { account: ServiceAccountName, secrets: Vec<SecretName> },
    Namespace(String),
}

/// What came of fetching last.
#[derive(Debug)]
struct Kept {
    until: Instant,
    fetched: Result<Arc<Keychain>, SecretsError>,
    /// What was fetched last, perhaps before a failure.
    good: Option<Fetched>,
}

#[derive(Clone, Debug)]
struct Fetched {
    keychain: Arc<Keychain>,
    /// Of everything that it was made of.
    digest: [u8; 32],
}

impl ClusterSecrets {
    /// Secrets that are fetched by a client, and used for `life`.
    pub fn new(client: Client, life: Duration) -> Self {
        Self {
            fetch: Fetch::new(client),
            life,
            none: Arc::new(Keychain::none()),
            kept: Cache::builder().max_capacity(MAX_KEPT).time_to_idle(IDLE).build(),
        }
    }

    /// The logins that a Store names: those of its secrets, and after them those of its service account's imagePullSecrets. The same value is returned
    /// as long as they are the same.
    ///
    /// # Errors
    /// Where any of them cannot be had, and for logins that are not in secrets.
    pub async fn keychain(&self, logins: &Logins) -> Result<Arc<Keychain>, SecretsError> {
        match logins {
            Logins::None => Ok(Arc::clone(&self.none)),
            Logins::DockerConfig(_) => Err(SecretsError::new(&"the docker config of a Store", Fault::NotInSecrets)),
            Logins::Secrets { service_account, secrets } => {
                self.keep(Source::Store { account: service_account.clone(), secrets: secrets.clone() }).await
            }
        }
    }

    /// The logins of a namespace's pods that name none: the imagePullSecrets of its default service account, and the pull secrets among the secrets of
    /// that account.
    ///
    /// # Errors
    /// Where any of them cannot be had.
    pub async fn keychain_of_namespace(&self, namespace: &str) -> Result<Arc<Keychain>, SecretsError> {
        self.keep(Source::Namespace(namespace.to_owned())).await
    }

    /// One fetch for all who ask at the same time.
    async fn keep(&self, source: Source) -> Result<Arc<Keychain>, SecretsError> {
        let slot = self.kept.get_with(source.clone(), Arc::default);
        let mut kept = slot.lock().await;
        if let Some(kept) = kept.as_ref().filter(|kept| Instant::now() < kept.until) {
            return kept.fetched.clone();
        }
        let fetched = match &source {
            Source::Store { account, secrets } => self.of_store(account, secrets).await,
            Source::Namespace(namespace) => self.of_namespace(namespace).await,
        };
        let old = kept.take().and_then(|kept| kept.good);
        let (life, fetched, good) = match fetched {
            // Sessions hang on the very keychain.
            Ok(new) => {
                let good = old.filter(|old| old.digest == new.digest).unwrap_or(new);
                (self.life, Ok(Arc::clone(&good.keychain)), Some(good))
            }
            Err(error) => (FAILURE_LASTS, Err(error), old),
        };
        *kept = Some(Kept { until: Instant::now() + life, fetched: fetched.clone(), good });
        fetched
    }

    async fn of_store(&self, account: &ServiceAccountName, secrets: &[SecretName]) -> Result<Fetched, SecretsError> {
        let mut logins = Joined::default();
        for secret in secrets {
            logins.add(secret, &self.fetch.pull_secret(secret).await?)?;
        }
        let found = self.fetch.service_account(account).await?;
        for secret in names(&account.namespace, found.image_pull_secrets, account)? {
            logins.add(&secret, &self.fetch.pull_secret(&secret).await?)?;
        }
        Ok(logins.into_fetched())
    }

    async fn of_namespace(&self, namespace: &str) -> Result<Fetched, SecretsError> {
        let account = ServiceAccountName { namespace: namespace.to_owned(), name: DEFAULT_ACCOUNT.to_owned() };
        let found = self.fetch.service_account(&account).await?;
        let mut logins = Joined::default();
        let pull_secrets = names(namespace, found.image_pull_secrets, &account)?;
        for secret in &pull_secrets {
            logins.add(secret, &self.fetch.pull_secret(secret).await?)?;
        }
        // These are for all purposes, and old ones may be gone: only those count that are there and hold logins.
        for secret in names(namespace, found.secrets, &account)?.iter().filter(|secret| !pull_secrets.contains(secret))
        {
            if let Some(found) = self.fetch.pull_secret_among_others(secret).await? {
                logins.add(secret, &found)?;
            }
        }
        Ok(logins.into_fetched())
    }
}

/// The secrets that an account names. Whoever may write the account chooses the names, and the API server does not look at them.
fn names(namespace: &str, names: Vec<String>, account: &ServiceAccountName) -> Result<Vec<SecretName>, SecretsError> {
    if names.len() > MAX_SECRETS {
        return Err(SecretsError::new(account, Fault::TooMany { most: MAX_SECRETS }));
    }
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(SecretsError::new(account, Fault::BadName(wasm_policy::text::shown(name).to_string())));
    }
    let secrets = names.into_iter().map(|name| SecretName { namespace: namespace.to_owned(), name });
    Ok(secrets.collect())
}

/// The logins of several secrets, in their order.
#[derive(Default)]
struct Joined {
    keychains: Vec<Keychain>,
    digest: Sha256,
}

impl Joined {
    fn add(
        &mut self,
        name: &SecretName,
        (form, text): &(PullSecret, secrecy::SecretSlice<u8>),
    ) -> Result<(), SecretsError> {
        use secrecy::ExposeSecret as _;
        let (text, origin) = (text.expose_secret(), name.to_string());
        self.digest.update(Sha256::digest(origin.as_bytes()));
        self.digest.update([u8::from(*form == PullSecret::DockerCfg)]);
        self.digest.update(Sha256::digest(text));
        let keychain = Keychain::of_secret(text, *form, &origin)
            .map_err(|error| SecretsError::new(name, Fault::Broken(error.to_string())))?;
        self.keychains.push(keychain);
        Ok(())
    }

    fn into_fetched(self) -> Fetched {
        Fetched { keychain: Arc::new(Keychain::joined(self.keychains)), digest: self.digest.finalize().into() }
    }
}
