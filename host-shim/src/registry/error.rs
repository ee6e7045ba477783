//! Why something could not be fetched from a registry, and which code of the contract that is.
//!
//! Every error names the host, what was asked for, and what came of it; a registry's own words are shown with care.

use std::{fmt, path::PathBuf, time::Duration};

use http::StatusCode;
use serde::Deserialize;
use thiserror::Error;
use wasm_policy::{
    code::{Code, Failure},
    text::shown,
};

use crate::reference::Digest;

/// Why something could not be fetched.
#[derive(Debug, Error)]
#[error("{host}: {asked}: {reason}{}", besides(.mirrors))]
pub struct FetchError {
    /// Who was asked: host and port.
    pub(super) host: String,
    /// What was asked for.
    pub(super) asked: Asked,
    /// What came of it.
    pub(super) reason: Box<Reason>,
    /// What came of asking the mirrors before.
    pub(super) mirrors: Vec<String>,
}

/// What a registry is asked for.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// The image's own manifest or index, by tag or digest.
    Image { repository: String, name: String },
    /// The list of the image's referrers.
    Referrers { repository: String, image: Digest },
    /// A referrer's manifest.
    Manifest { repository: String, digest: Digest },
    /// A blob.
    Blob { repository: String, digest: Digest },
    /// A token of the service that the registry at `registry` names, to pull from the repository.
    Token { repository: String, registry: String },
}

/// What came of a request.
#[derive(Debug, Error)]
pub(super) enum Reason {
    #[error("the host's name cannot be resolved ({0})")]
    NameUnresolved(String),
    #[error("the TLS connection failed: {0}")]
    Tls(String),
    #[error("the connection failed: {0}")]
    Unreachable(String),
    /// Nothing was sent.
    #[error("{0}")]
    AddressRefused(String),
    #[error("there was no complete answer before the deadline")]
    DeadlinePassed,
    #[error("the bytes for this call are used up")]
    BudgetSpent,
    #[error("the registry answered {status}{said}{wait}", said = words(.said.as_ref()), wait = waiting(*.wait))]
    Refused { status: StatusCode, said: Option<RegistryWords>, wait: Option<Duration> },
    #[error("it asks for a login{0}, and no credential for it is configured")]
    NoCredential(String),
    #[error("the login is refused: {}", .0.join("; "))]
    LoginRefused(Vec<String>),
    #[error("the token service is refused: {0}")]
    RealmRefused(String),
    #[error("{0}")]
    Credential(String),
    #[error("the answer is not one of a registry: {0}")]
    NotARegistry(String),
    #[error("the redirect is refused: {0}")]
    Redirect(String),
    #[error("the answer is larger than {limit} bytes{}", if *.declared { ", the size that its descriptor declares" } else { "" })]
    TooLarge { limit: u64, declared: bool },
    #[error("the listing has more than {limit} pages")]
    TooManyPages { limit: usize },
    #[error("{0}")]
    Altered(String),
}

/// The first error of a registry's error document (OCI distribution specification, "Error Codes").
#[derive(Debug, Deserialize)]
pub(super) struct RegistryWords {
    #[serde(default)]
    pub(super) code: String,
    message: Option<String>,
}

/// Why registries cannot be connected to as configured.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// A CA file.
    #[error("the CA file {path} cannot be used: {reason}", path = shown(&.path.to_string_lossy()))]
    CaFile {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A proxy of the environment.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// The client of HTTP and TLS itself.
    #[error("connections cannot be made: {0}")]
    Client(String),
}

impl FetchError {
    /// Which outcome this is.
    pub fn code(&self) -> Code {
        match &*self.reason {
            Reason::NameUnresolved(_) => Code::RegistryNameUnresolved,
            Reason::Tls(_) => Code::RegistryTlsFailed,
            Reason::Unreachable(_) | Reason::AddressRefused(_) => Code::RegistryUnavailable,
            Reason::DeadlinePassed => Code::RegistryTimeout,
            Reason::BudgetSpent => Code::FetchLimitReached,
            Reason::Refused { status, .. } => self.code_of_status(*status),
            Reason::NoCredential(_) => Code::RegistryUnauthorized,
            Reason::LoginRefused(_) => Code::RegistryLoginFailed,
            Reason::RealmRefused(_) => Code::RegistryRealmRefused,
            Reason::Credential(_) => Code::CredentialUnavailable,
            Reason::NotARegistry(_) => Code::RegistryResponseInvalid,
            Reason::Redirect(_) => Code::RegistryRedirectRefused,
            Reason::TooLarge { .. } => Code::ContentTooLarge,
            Reason::TooManyPages { .. } => Code::ListingTooLarge,
            Reason::Altered(_) => Code::DigestMismatch,
        }
    }

    fn code_of_status(&self, status: StatusCode) -> Code {
        match status {
            StatusCode::UNAUTHORIZED => Code::RegistryUnauthorized,
            StatusCode::FORBIDDEN => Code::RegistryForbidden,
            StatusCode::TOO_MANY_REQUESTS => Code::RegistryThrottled,
            StatusCode::NOT_FOUND => match self.asked {
                Asked::Image { .. } | Asked::Referrers { .. } => Code::ImageNotFound,
                Asked::Manifest { .. } | Asked::Blob { .. } => Code::BlobNotFound,
                Asked::Token { .. } => Code::RegistryResponseInvalid,
            },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Code::RegistryUnavailable,
            _ => Code::RegistryResponseInvalid,
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl Asked {
    /// An error about this.
    pub(super) fn failed(&self, host: &str, reason: Reason) -> FetchError {
        FetchError { host: host.to_owned(), asked: self.clone(), reason: Box::new(reason), mirrors: Vec::new() }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { repository, name } => write!(f, "image {name} of {repository}"),
            Self::Referrers { repository, image } => write!(f, "referrers of {image} in {repository}"),
            Self::Manifest { repository, digest } => write!(f, "manifest {digest} of {repository}"),
            Self::Blob { repository, digest } => write!(f, "blob {digest} of {repository}"),
            Self::Token { repository, registry } => write!(f, "token to pull from {registry}/{repository}"),
        }
    }
}

impl RegistryWords {
    /// Reads an error document; `None` where it is none, as a proxy's page in HTML.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            errors: Vec<RegistryWords>,
        }
        serde_json::from_slice::<Document>(body).ok()?.errors.into_iter().next()
    }
}

fn waiting(wait: Option<Duration>) -> String {
    wait.map(|wait| format!(", and asks to wait {} s", wait.as_secs())).unwrap_or_default()
}

fn besides(mirrors: &[String]) -> String {
    match mirrors {
        [] => String::new(),
        mirrors => format!("; asked before: {}", mirrors.join("; ")),
    }
}

fn words(said: Option<&RegistryWords>) -> String {
    match said {
        Some(RegistryWords { code, message: Some(message) }) => format!(" ({}: {})", shown(code), shown(message)),
        Some(RegistryWords { code, message: None }) => format!(" ({})", shown(code)),
        None => String::new(),
    }
}
