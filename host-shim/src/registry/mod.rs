//! A client of registries that pulls only (OCI distribution specification 1.1): tag to digest, referrers, manifests, blobs.
//!
//! It is our own, since no general client gives what this place needs: a bound on every byte string and list that a hostile registry sends, one deadline
//! passed down through all that waits, redirects and pages that are judged one by one before they are followed, errors that keep "there is none" apart
//! from "I could not ask", and one place where a request is made, so that a credential cannot take another way.
//! reqwest is underneath, and the types of documents are those of `oci-spec`.

mod auth;
pub mod credentials;
mod endpoint;
mod error;
pub mod hosts;
mod link;
mod manifest;
mod places;
mod referrers;
mod repository;
#[cfg(test)]
mod tests;
mod transport;

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use moka::sync::Cache;

pub use auth::{TrustedRealm, TrustedRealmError};
pub use error::{ConnectionError, FetchError};
pub use repository::{MAX_BLOB_BYTES, MAX_MANIFEST_BYTES, Repository};
pub use transport::{Proxies, Turns};

use crate::reference::Reference;
use auth::Sessions;
use credentials::Keychain;
use endpoint::Endpoints;
use hosts::RegistryHosts;
use transport::Transport;

/// Places about which something is remembered.
const MAX_REMEMBERED: u64 = 10_000;
/// How long a place is remembered to have no referrers API: it may gain one.
const LACK_LASTS: Duration = Duration::from_mins(5);
/// How long a mirror is passed over that could not be reached.
const DOWN_LASTS: Duration = Duration::from_secs(30);

/// How registries are reached.
#[derive(Debug, Default)]
pub struct RegistryOptions {
    /// PEM files of CAs that are trusted beside those of the system.
    pub ca_files: Vec<PathBuf>,
    /// Which registries have no TLS.
    pub plain_http: PlainHttp,
    /// What to log in with.
    pub keychain: Keychain,
    /// Token services that are right for a registry, although their names do not show it.
    pub trusted_realms: Vec<TrustedRealm>,
    /// Mirrors, and what else is to be known of single hosts.
    pub hosts: RegistryHosts,
    /// The proxies that requests go through.
    pub proxies: Proxies,
    /// How many requests are made to one host at a time.
    pub turns: Turns,
}

/// Which registries are spoken to over plain HTTP. Nothing falls back to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// None.
    #[default]
    Never,
    /// All.
    Always,
    /// Those of these hosts, with their ports as in references.
    Hosts(BTreeSet<String>),
}

/// The registries of the world.
#[derive(Debug)]
pub struct Registries {
    transport: Transport,
    endpoints: Endpoints,
    keychain: Keychain,
    sessions: Sessions,
    trusted_realms: Vec<TrustedRealm>,
    /// Places that have no referrers API, by their origin.
    without_referrers: Cache<String, ()>,
    /// Mirrors that could not be reached, by their origin and the registry that they are of.
    down: Cache<String, ()>,
}

impl Registries {
    /// # Errors
    /// Where a CA file or a proxy cannot be used.
    pub fn new(options: RegistryOptions) -> Result<Self, ConnectionError> {
        let RegistryOptions { ca_files, plain_http, keychain, trusted_realms, hosts, proxies, turns } = options;
        let remembered = |lasts| Cache::builder().max_capacity(MAX_REMEMBERED).time_to_live(lasts).build();
        Ok(Self {
            transport: Transport::new(turns),
            endpoints: Endpoints::new(&ca_files, plain_http, hosts, &proxies)?,
            keychain,
            sessions: Sessions::new(),
            trusted_realms,
            without_referrers: remembered(LACK_LASTS),
            down: remembered(DOWN_LASTS),
        })
    }

    /// The repository of an image.
    pub fn repository(&self, image: &Reference) -> Repository<'_> {
        Repository::new(self, image)
    }
}
