//! Where else a registry's content may be fetched: mirrors, as containerd reads them from a folder such as `/etc/containerd/certs.d` (its `docs/hosts.md`).
//!
//! `DIR/REGISTRY/hosts.toml` lists hosts in the order in which they are asked, and the registry itself is asked last. containerd passes over what it
//! cannot read and asks the registry; here each mistake is told, and nothing is fetched then. The whole folder is read once, before anything is fetched.

mod field;
mod file;
mod folder;
mod setting;
#[cfg(test)]
mod tests;
mod tls;
mod url;

use std::{cell::Cell, collections::BTreeMap, fs, path::Path, time::Duration};

use http::HeaderMap;

use self::folder::Contents;
pub use self::{
    tls::{ClientCertificate, TlsSettings},
    url::HostUrl,
};
use crate::sources::finding::{Findings, Mistakes};

/// Bytes of all files that are read. A node has some ten registries; the CA bundle of a whole system, which several may name, has some 250,000 bytes.
const MAX_BYTES: u64 = 64 << 20;

/// The hosts of every registry that is configured.
#[derive(Clone, Debug, Default)]
pub struct RegistryHosts {
    pub(super) by_registry: BTreeMap<String, Vec<Host>>,
    /// Those of `_default`, for registries that have no folder.
    pub(super) default: Option<Vec<Host>>,
}

/// A host that may be asked for a registry's content, and how.
#[derive(Clone, Debug)]
pub struct Host {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What it may be asked for.
    pub capabilities: Capabilities,
    /// Whom to trust as this host, and who we are to it.
    pub tls: TlsSettings,
    /// Sent with every request to this host and to no other; the values are secrets, and marked so.
    pub headers: HeaderMap,
    /// How long a connection may take to come about, where the file says so.
    pub connect_timeout: Option<Duration>,
}

/// Where a host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// At a URL that the file holds.
    Written(HostUrl),
    /// Where the registry is when nothing is configured: no `server` is written.
    Registry,
}

/// What a host may be asked for. `push` is read and means nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What a tag means; who says that is trusted with the choice of the image.
    pub resolve: bool,
    /// Manifests and blobs by their digests.
    pub pull: bool,
    /// The list of an image's referrers.
    pub referrers: bool,
}

/// Whether `skip_verify = true` of a file is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipVerify {
    /// It is a mistake.
    Refused,
    /// The command line says so as well.
    Allowed,
}

impl RegistryHosts {
    /// Reads a folder that has a folder for each registry.
    ///
    /// # Errors
    /// Every mistake at once; there are no hosts then.
    pub fn load(dir: &Path, skip_verify: SkipVerify) -> Result<Self, Mistakes> {
        let reading = Reading { findings: Findings::default(), skip_verify, left: Cell::new(MAX_BYTES) };
        let Contents { by_registry, default } = folder::read(dir, &reading);
        reading.findings.into_result()?;
        Ok(Self { by_registry, default })
    }

    /// The same hosts, asked as nobody: without the headers and client certificates of their files.
    #[must_use]
    pub fn without_credentials(&self) -> Self {
        let mut hosts = self.clone();
        for host in hosts.by_registry.values_mut().chain(&mut hosts.default).flatten() {
            host.headers.clear();
            host.tls.clients.clear();
        }
        hosts
    }

    /// The hosts to ask for a registry (`docker.io`, `registry.example:5000`), in order; `None` where nothing is configured for it.
    pub fn of(&self, registry: &str) -> Option<&[Host]> {
        self.by_registry.get(registry).or(self.default.as_ref()).map(Vec::as_slice)
    }
}

impl Host {
    /// Whether this is another host than the registry itself. Such a host is told with the parameter `ns` which registry is meant.
    pub fn is_mirror_of(&self, registry: &str) -> bool {
        match &self.endpoint {
            Endpoint::Registry => false,
            Endpoint::Written(url) => {
                url.authority() != registry && (registry, url.authority()) != super::endpoint::DOCKER_HUB
            }
        }
    }
}

/// What the readers of one folder share.
struct Reading {
    findings: Findings,
    skip_verify: SkipVerify,
    /// Bytes that may still be read.
    left: Cell<u64>,
}

impl Reading {
    /// The bytes of a file of certificates or a key.
    fn pem(&self, path: &Path) -> Result<Vec<u8>, String> {
        // Opening a pipe would wait for whoever writes into it.
        if !fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
            return Err("it is not a file".to_owned());
        }
        let pem = super::transport::tls::read(path)?;
        self.spend(pem.len() as u64)?;
        Ok(pem)
    }

    fn spend(&self, bytes: u64) -> Result<(), String> {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or_default());
        left.map(|_| ())
            .ok_or_else(|| format!("the files of all registries together are larger than {} MiB", MAX_BYTES >> 20))
    }
}
