//! What stands between a registry and its clients, and where registries keep their blobs.

use std::ffi::OsString;

use crate::{built::fixture, registry::Registry, served::Served};

/// The signature in the URLs that lead to a [`BlobStore`].
pub(crate) const URL_SIGNATURE: &str = "sig=dmFsaWQtZm9yLWEtd2hpbGU";

/// A registry as one that does something more, or wrong.
pub struct Proxy {
    served: Served,
}

impl Proxy {
    /// Stands before a registry, with options of `registryproxy`; on TLS if the registry is.
    pub fn before(registry: &Registry, options: &[&str]) -> Self {
        let (origin, tls) = (registry.origin(), registry.tls());
        let mut arguments = vec![format!("--upstream={origin}")];
        if let Some(tls) = &tls {
            arguments.push(format!("--upstream-ca={}", tls.ca().display()));
        }
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        Self { served: Served::peer("registryproxy", arguments, tls) }
    }

    /// Stands before a registry whose blobs are in this storage.
    pub fn redirecting(registry: &Registry, storage: &BlobStore) -> Self {
        Self::before(registry, &[&format!("--blobs-at={}?{URL_SIGNATURE}", storage.served.origin())])
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.served.address
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.served.origin()
    }

    /// The full name of an image here, of its repository and tag.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.served.address)
    }

    /// How it is reached.
    pub fn options(&self) -> Vec<OsString> {
        self.served.options()
    }

    /// The requests that have come so far: method, path with query, and status.
    pub fn requests(&self) -> Vec<String> {
        self.served.requests()
    }

    /// Waits until a request to this path with query has been answered and logged.
    pub fn wait_for_request(&self, path: &str) {
        self.served.wait_for_request(path);
    }
}

/// Storage that takes signed URLs, and refuses who brings a login.
pub struct BlobStore {
    served: Served,
}

impl BlobStore {
    /// Holds the blobs of layouts of the fixtures, for a registry; on TLS if the registry is.
    pub fn of(layouts: &[&str], registry: &Registry) -> Self {
        let mut arguments = vec![format!("--query={URL_SIGNATURE}")];
        arguments.extend(layouts.iter().map(|layout| format!("--layout={}", fixture(layout).display())));
        Self { served: Served::peer("blobstore", arguments, registry.tls()) }
    }

    /// The requests that have come so far: method, path with query, and status, which is 400 where a login came along.
    pub fn requests(&self) -> Vec<String> {
        self.served.requests()
    }
}
