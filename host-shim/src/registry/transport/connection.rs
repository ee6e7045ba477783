//! How a host is connected to: whom to trust, who we are, and through which proxy.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::Client;
use rustls::sign::CertifiedKey;
use rustls_pki_types::TrustAnchor;
use url::Url;

use super::{
    address::{AddressRefused, Reach, Resolver},
    exchange::innermost,
    proxy::Proxies,
    tls,
};
use crate::registry::error::ConnectionError;

/// A host with several addresses of which the first is dead must leave time for the others.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a host is connected to, and what it sends us to.
#[derive(Clone, Debug)]
pub(in crate::registry) struct Connection {
    own: Client,
    near: Client,
    far: Client,
    proxies: Proxies,
}

/// To whom a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Way {
    /// To the host itself.
    Own,
    /// To another host that it sends us to, which may be on this machine or its link, as the host itself is.
    Near,
    /// To another host that it sends us to.
    Far,
}

/// What differs from host to host.
#[derive(Clone, Default)]
pub(in crate::registry) struct Settings {
    /// CAs that are trusted beside those of the system.
    pub(in crate::registry) cas: Vec<TrustAnchor<'static>>,
    /// Our certificates to choose from, where the host asks for one.
    pub(in crate::registry) clients: Vec<Arc<CertifiedKey>>,
    pub(in crate::registry) trust: Trust,
    /// How long a connection may take to come about.
    pub(in crate::registry) connect_timeout: Option<Duration>,
}

/// Whether the host's certificate is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::registry) enum Trust {
    /// It is.
    #[default]
    Verified,
    /// It is not, as configuration and command line both say.
    Unverified,
}

impl Connection {
    /// # Errors
    /// Where a proxy cannot be used.
    pub(in crate::registry) fn new(host: &Settings, proxies: &Proxies) -> Result<Self, ConnectionError> {
        let client = |settings: &Settings, reach: Reach| {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls::client_config(settings)?)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
                .dns_resolver(Arc::new(Resolver::new(reach, proxies.hosts())));
            proxies.apply(builder)?.build().map_err(|error| ConnectionError::Client(innermost(&error)))
        };
        // Another host gets neither our certificate nor blind trust.
        let others = Settings { clients: Vec::new(), trust: Trust::Verified, ..host.clone() };
        let near = client(&others, Reach::Named)?;
        let is_plain = host.clients.is_empty() && host.trust == Trust::Verified;
        let own = if is_plain { near.clone() } else { client(host, Reach::Named)? };
        Ok(Self { own, near, far: client(&others, Reach::Redirected)?, proxies: proxies.clone() })
    }

    /// Checks what can be known of a URL's host before it is connected to.
    pub(super) fn check(&self, url: &Url, way: Way) -> Result<(), AddressRefused> {
        way.reach().check(url)?;
        // The resolver lets the names of our own proxies lead anywhere, and nobody else may send us there by such a name.
        match url.host_str() {
            Some(host) if way == Way::Far && self.proxies.hosts().any(|proxy| proxy.eq_ignore_ascii_case(host)) => {
                Err(AddressRefused { at: host.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Whether whoever answers for a URL is its host itself. Where there are proxies, only of this machine and its link that is known.
    pub(super) fn is_direct(&self, url: &Url) -> bool {
        self.proxies.hosts().next().is_none() || Reach::Redirected.check(url).is_err()
    }

    pub(super) fn client(&self, way: Way) -> &Client {
        match way {
            Way::Own => &self.own,
            Way::Near => &self.near,
            Way::Far => &self.far,
        }
    }
}

impl Way {
    pub(super) fn reach(self) -> Reach {
        match self {
            Self::Own | Self::Near => Reach::Named,
            Self::Far => Reach::Redirected,
        }
    }
}

/// Without what certificates say, and without keys.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cas, clients, trust, connect_timeout } = self;
        f.debug_struct("Settings")
            .field("cas", &cas.len())
            .field("clients", &clients.len())
            .field("trust", trust)
            .field("connect_timeout", connect_timeout)
            .finish()
    }
}
