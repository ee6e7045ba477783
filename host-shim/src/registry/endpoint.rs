//! Where a registry's content is asked for: at the registry itself, or at mirrors of it that are asked before.

use std::{borrow::Cow, collections::HashMap, path::PathBuf, sync::Arc};

use http::HeaderMap;
use url::Url;

use super::{
    PlainHttp,
    error::ConnectionError,
    hosts::{self, Host, RegistryHosts},
    transport::{Connection, Proxies, Settings, Trust, host_of, read_cas},
};

/// Docker Hub's API is at another host than its images are named after.
pub(super) const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// How each registry is reached.
#[derive(Debug)]
pub(super) struct Endpoints {
    /// To hosts about which nothing is configured.
    connection: Arc<Connection>,
    by_registry: HashMap<String, Vec<Connected>>,
    default: Option<Vec<Connected>>,
    plain_http: PlainHttp,
}

/// A host of the configuration, and how it is connected to.
type Connected = (Host, Arc<Connection>);

impl Endpoints {
    /// # Errors
    /// Where a CA file or a proxy cannot be used.
    pub(super) fn new(
        ca_files: &[PathBuf],
        plain_http: PlainHttp,
        hosts: RegistryHosts,
        proxies: &Proxies,
    ) -> Result<Self, ConnectionError> {
        let cas = read_cas(ca_files)?;
        let settings = Settings { cas: cas.clone(), ..Settings::default() };
        let connection = Arc::new(Connection::new(&settings, proxies)?);
        let connected = |host: Host| -> Result<Connected, ConnectionError> {
            let settings = settings_of(&host, &cas);
            Ok((host, Arc::new(Connection::new(&settings, proxies)?)))
        };
        let all = |hosts: Vec<Host>| hosts.into_iter().map(connected).collect::<Result<Vec<_>, _>>();
        let RegistryHosts { by_registry, default } = hosts;
        let by_registry = by_registry.into_iter().map(|(registry, hosts)| Ok((registry, all(hosts)?)));
        Ok(Self {
            connection,
            by_registry: by_registry.collect::<Result<_, ConnectionError>>()?,
            default: default.map(all).transpose()?,
            plain_http,
        })
    }

    /// The places to ask for a registry's content, in order.
    ///
    /// # Errors
    /// Where no URL can have it as its host.
    pub(super) fn of(&self, registry: &str) -> Result<Vec<Endpoint>, String> {
        let is_plain = match &self.plain_http {
            PlainHttp::Never => false,
            PlainHttp::Always => true,
            PlainHttp::Hosts(hosts) => hosts.contains(registry),
        };
        let scheme = if is_plain { "http" } else { "https" };
        match self.by_registry.get(registry).or(self.default.as_ref()) {
            None => Ok(vec![Endpoint::of_registry(registry, scheme, Arc::clone(&self.connection))?]),
            Some(hosts) => hosts
                .iter()
                .map(|(host, connection)| Endpoint::of_host(host, registry, scheme, Arc::clone(connection)))
                .collect(),
        }
    }
}

fn settings_of(host: &Host, cas: &[rustls_pki_types::TrustAnchor<'static>]) -> Settings {
    Settings {
        cas: cas.iter().chain(&host.tls.cas).cloned().collect(),
        clients: host.tls.clients.clone(),
        trust: if host.tls.skip_verify { Trust::Unverified } else { Trust::Verified },
        connect_timeout: host.connect_timeout,
    }
}

/// A place that is asked.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The root of the API; its path has no slash at the end.
    base: Url,
    connection: Arc<Connection>,
    headers: HeaderMap,
    serves: Serves,
    /// The registry whose logins count here.
    registry: String,
    /// The registry that this is a mirror of.
    mirrors: Option<String>,
}

/// What a place is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Serves {
    /// What a tag means.
    pub(super) names: bool,
    /// What refers to an image.
    pub(super) referrers: bool,
    /// What has a digest.
    pub(super) content: bool,
}

impl Endpoint {
    /// The registry itself.
    ///
    /// # Errors
    /// Where no URL can have it as its host.
    fn of_registry(registry: &str, scheme: &str, connection: Arc<Connection>) -> Result<Self, String> {
        let serves = Serves { names: true, referrers: true, content: true };
        Ok(Self {
            base: registry_url(registry, scheme)?,
            connection,
            headers: HeaderMap::new(),
            serves,
            registry: registry.to_owned(),
            mirrors: None,
        })
    }

    /// A host of the registry's configuration.
    ///
    /// # Errors
    /// As for [`Endpoint::of_registry`].
    fn of_host(host: &Host, registry: &str, scheme: &str, connection: Arc<Connection>) -> Result<Self, String> {
        let base = match &host.endpoint {
            hosts::Endpoint::Written(url) => url.base().clone(),
            hosts::Endpoint::Registry => registry_url(registry, scheme)?,
        };
        let is_mirror = host.is_mirror_of(registry);
        let capabilities = host.capabilities;
        Ok(Self {
            registry: if is_mirror { host_of(&base) } else { registry.to_owned() },
            base,
            connection,
            headers: host.headers.clone(),
            // Who may say which image a tag is may as well say what refers to it: `referrers` is newer than most files that name a mirror.
            serves: Serves {
                names: capabilities.resolve,
                referrers: capabilities.resolve || capabilities.referrers,
                content: capabilities.pull,
            },
            mirrors: is_mirror.then(|| registry.to_owned()),
        })
    }

    /// What a repository is called there: a path after `/v2` is a part of its name (`override_path`), also in tokens and in the keys of logins.
    pub(super) fn repository<'n>(&self, name: &'n str) -> Cow<'n, str> {
        match self.base.path().trim_matches('/').strip_prefix("v2/") {
            Some(prefix) => Cow::Owned(format!("{prefix}/{name}")),
            None => Cow::Borrowed(name),
        }
    }

    /// The address of something in a repository, as `manifests/v1`.
    pub(super) fn url(&self, repository: &str, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{repository}/{path}", self.base.path().trim_end_matches('/')));
        // As containerd tells a mirror whose image is meant.
        if let Some(registry) = &self.mirrors {
            url.query_pairs_mut().append_pair("ns", registry);
        }
        url
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Host and port, for people.
    pub(super) fn host(&self) -> String {
        host_of(&self.base)
    }

    pub(super) fn registry(&self) -> &str {
        &self.registry
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(super) fn serves(&self) -> Serves {
        self.serves
    }
}

fn registry_url(registry: &str, scheme: &str) -> Result<Url, String> {
    let host = if registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { registry };
    Url::parse(&format!("{scheme}://{host}/v2")).map_err(|error| format!("the host is none ({error})"))
}
