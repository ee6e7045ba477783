//! Where credentials come from: docker configs, the credential helpers that they name, and Kubernetes' pull secrets.
//!
//! The keys of a config are matched as the kubelet does (Kubernetes, "Images", "Interpretation of config.json"), and helpers are asked as Docker
//! does (docker-credential-helpers). Nothing here speaks to a registry. A login that is there and cannot be had is an error: it never turns into
//! a quiet try without one.

mod docker_config;
mod error;
#[cfg(feature = "serve")]
mod files;
mod helper;
mod json;
mod pattern;
#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    ffi::OsString,
    fmt,
    fs::File,
    hash::{Hash, Hasher},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use wasm_policy::text::shown;

pub use error::{CredentialError, DockerConfigError};
#[cfg(feature = "serve")]
pub use files::DockerConfigs;
pub use helper::Helpers;

use crate::deadline::Deadline;
use docker_config::{DockerConfig, Form};
use error::ConfigFault;
use helper::Runner;
use pattern::Authority;

/// Bytes of a config; a Kubernetes secret has at most as many.
const MAX_CONFIG_BYTES: usize = 1 << 20;
/// Entries of `auths` or `credHelpers`; people have a handful.
const MAX_ENTRIES: usize = 1_000;
/// Bytes of a user, password or token; servers accept headers of 8 to 64 KiB.
const MAX_SECRET_BYTES: usize = 64 << 10;
/// Bytes that a helper may write to one of its outputs: a secret and little else.
const MAX_HELPER_BYTES: usize = 64 << 10;
/// How long a helper may take: it may ask a keychain or a cloud, and a person waits for it.
const HELPER_TIME: Duration = Duration::from_secs(10);
/// How long the outputs of a helper that has ended are read, if another program holds them open.
const GRACE: Duration = Duration::from_millis(500);
/// How long the answer of a helper is kept. The logins of clouds end after an hour or twelve, and helpers renew them before.
const ANSWER_LASTS: Duration = Duration::from_mins(5);
/// Answers of helpers that are kept.
const MAX_KEPT: usize = 1_000;

/// What to log in with, and where it was found.
#[derive(Debug)]
pub struct Credential {
    login: Login,
    found_in: String,
    /// When a helper gave it.
    given: Option<Instant>,
}

/// What a registry or its token server is shown.
#[derive(Clone, Debug)]
pub enum Login {
    /// A user and a password (RFC 7617): no control characters, and no colon in the user.
    Basic {
        /// Never empty.
        user: String,
        /// May be empty.
        password: SecretString,
    },
    /// Goes to the token server, as a refresh token.
    IdentityToken(SecretString),
    /// Goes to the registry, as a bearer token as it is: printable ASCII.
    RegistryToken(SecretString),
}

/// In which form a Kubernetes secret holds logins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullSecret {
    /// `.dockerconfigjson` of the type `kubernetes.io/dockerconfigjson`: a `config.json`, of which helpers are ignored.
    DockerConfigJson,
    /// `.dockercfg` of the type `kubernetes.io/dockercfg`: what would be inside of `auths`.
    DockerCfg,
}

/// Docker configs as they were when they were read.
#[derive(Clone, Debug, Default)]
pub struct Keychain {
    sources: Vec<Arc<Source>>,
}

#[derive(Debug)]
struct Source {
    /// The file or secret, for people.
    origin: String,
    /// Of its text.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only the server reads its sources again"))]
    digest: [u8; 32],
    config: DockerConfig,
    runner: Runner,
}

impl Keychain {
    /// One without credentials.
    pub fn none() -> Self {
        Self::default()
    }

    /// The docker config in a file, which must be there.
    ///
    /// # Errors
    /// Where it cannot be read, or anything in it that is about logins is not as it must be.
    pub fn load(path: &Path, helpers: Helpers) -> Result<Self, DockerConfigError> {
        let origin = shown(&path.to_string_lossy()).to_string();
        match read_file(path) {
            Ok(text) => Self::read(&text, Form::File, origin, helpers),
            Err(reason) => Err(DockerConfigError { origin, reason }),
        }
    }

    /// The docker config of a user: `config.json` in `DOCKER_CONFIG`, or else in `.docker` of `HOME`. There need not be one.
    ///
    /// # Errors
    /// As for [`Keychain::load`].
    pub fn of_user(variable: impl Fn(&str) -> Option<OsString>, helpers: Helpers) -> Result<Self, DockerConfigError> {
        let folder = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = folder("DOCKER_CONFIG").or_else(|| folder("HOME").map(|home| home.join(".docker")));
        match folder.map(|folder| folder.join("config.json")) {
            Some(path) if !is_absent(&path) => Self::load(&path, helpers),
            _ => Ok(Self::none()),
        }
    }

    /// The logins of a pull secret; `origin` is what people call it, as `secret team/pull`. It never runs a helper.
    ///
    /// # Errors
    /// Where anything in it that is about logins is not as it must be.
    pub fn of_secret(text: &[u8], form: PullSecret, origin: &str) -> Result<Self, DockerConfigError> {
        let form = match form {
            PullSecret::DockerConfigJson => Form::Secret,
            PullSecret::DockerCfg => Form::AuthsOnly,
        };
        Self::read(text, form, shown(origin).to_string(), Helpers::Refuse)
    }

    /// All of several, those of the first first.
    pub fn joined(keychains: impl IntoIterator<Item = Self>) -> Self {
        Self { sources: keychains.into_iter().flat_map(|keychain| keychain.sources).collect() }
    }

    /// Whether both were read from the same texts.
    #[cfg(feature = "serve")]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let read = |keychain: &Self| {
            keychain.sources.iter().map(|source| (source.origin.clone(), source.digest)).collect::<Vec<_>>()
        };
        read(self) == read(other)
    }

    fn read(text: &[u8], form: Form, origin: String, helpers: Helpers) -> Result<Self, DockerConfigError> {
        if text.len() > MAX_CONFIG_BYTES {
            return Err(DockerConfigError { origin, reason: ConfigFault::TooLarge });
        }
        let config = DockerConfig::read(text, form, &origin)?;
        let digest = Sha256::digest(text).into();
        Ok(Self { sources: vec![Arc::new(Source { origin, digest, config, runner: Runner::new(helpers) })] })
    }

    /// What may be tried for a repository, the best first, each once: what helpers have, then what is written, the most specific key first.
    ///
    /// `registry` is host and port as they are asked; Docker Hub may have any of its names.
    ///
    /// # Errors
    /// Where a helper gave neither a credential nor the answer that it has none.
    pub async fn candidates(
        &self,
        registry: &str,
        repository: &str,
        deadline: Deadline,
    ) -> Result<Vec<Arc<Credential>>, CredentialError> {
        let registry = Authority::new(registry);
        let mut candidates: Vec<Arc<Credential>> = Vec::new();
        for source in &self.sources {
            let Source { origin, config, runner, .. } = source.as_ref();
            if let Some(helper) = config.helpers.for_registry(&registry) {
                candidates.extend(runner.ask(helper, &registry, origin, deadline).await?);
            }
        }
        let logins = self.sources.iter().flat_map(|source| &source.config.logins);
        let mut written: Vec<_> = logins.filter(|entry| entry.pattern.matches(&registry, repository)).collect();
        written.sort_by_key(|entry| Reverse(entry.pattern.specificity()));
        for entry in written {
            // A second wrong try with the same password may lock an account.
            if !candidates.iter().any(|candidate| candidate.login.is_same_as(&entry.credential.login)) {
                candidates.push(Arc::clone(&entry.credential));
            }
        }
        Ok(candidates)
    }

    /// Forgets a login that was refused, if it is a helper's: it is asked again then.
    pub fn forget(&self, credential: &Arc<Credential>) {
        for source in &self.sources {
            let runner = &source.runner;
            runner.forget_login(credential);
        }
    }

    /// Whether there could be a credential for a repository. No helper is asked.
    pub fn may_have(&self, registry: &str, repository: &str) -> bool {
        let registry = Authority::new(registry);
        self.sources.iter().any(|source| {
            let config = &source.config;
            config.helpers.for_registry(&registry).is_some()
                || config.logins.iter().any(|entry| entry.pattern.matches(&registry, repository))
        })
    }
}

impl Credential {
    /// What to log in with.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// Where it was found, for people.
    pub fn found_in(&self) -> &str {
        &self.found_in
    }

    /// Whether a helper gave it so long ago that it is asked again.
    pub(super) fn is_old(&self) -> bool {
        self.given.is_some_and(|given| given.elapsed() >= ANSWER_LASTS)
    }
}

/// Where it was found.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found_in)
    }
}

impl Login {
    /// Checks what a header can hold; an error says what is wrong without showing it.
    fn basic(user: &str, password: SecretString) -> Result<Self, &'static str> {
        let secret = password.expose_secret();
        if user.contains(':') {
            return Err("has a user with a colon in it");
        }
        // Usually the line break that `echo` adds when a login is put into base64 by hand.
        if user.chars().chain(secret.chars()).any(char::is_control) {
            return Err("has a user or password with a control character, as a line break, in it");
        }
        if user.len().max(secret.len()) > MAX_SECRET_BYTES {
            return Err("has a user or password that is too long");
        }
        Ok(Self::Basic { user: user.to_owned(), password })
    }

    fn identity_token(token: SecretString) -> Result<Self, &'static str> {
        if token.expose_secret().len() > MAX_SECRET_BYTES { Err("is too long") } else { Ok(Self::IdentityToken(token)) }
    }

    fn registry_token(token: SecretString) -> Result<Self, &'static str> {
        if token.expose_secret().len() > MAX_SECRET_BYTES {
            return Err("is too long");
        }
        if !token.expose_secret().bytes().all(|b| b.is_ascii_graphic()) {
            return Err("holds a character that no token may hold");
        }
        Ok(Self::RegistryToken(token))
    }

    fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Basic { user, password }, Self::Basic { user: other_user, password: other_password }) => {
                user == other_user && password.expose_secret() == other_password.expose_secret()
            }
            (Self::IdentityToken(token), Self::IdentityToken(other))
            | (Self::RegistryToken(token), Self::RegistryToken(other)) => {
                token.expose_secret() == other.expose_secret()
            }
            _ => false,
        }
    }
}

/// For telling logins apart by a hasher that nobody knows: a number that is the same for the same login.
impl Hash for Login {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Basic { user, password } => (user, password.expose_secret()).hash(state),
            Self::IdentityToken(token) | Self::RegistryToken(token) => token.expose_secret().hash(state),
        }
    }
}

fn is_absent(path: &Path) -> bool {
    let absent = |error: io::Error| matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    path.metadata().is_err_and(absent)
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigFault> {
    let unreadable = |error: io::Error| ConfigFault::Unreadable(error.to_string());
    // Opening a pipe could wait for ever, and a folder's own error is hard to understand.
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ConfigFault::Unreadable("it is not a file".to_owned()));
    }
    // As large as it gets, so that no copy of a secret is left behind when it grows.
    let capacity = usize::try_from(metadata.len()).unwrap_or(usize::MAX).min(MAX_CONFIG_BYTES) + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(capacity));
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_CONFIG_BYTES as u64 + 1).read_to_end(&mut text).map_err(unreadable)?;
    Ok(text)
}
