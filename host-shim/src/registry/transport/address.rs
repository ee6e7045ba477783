//! Which addresses are connected to. Names come from images and redirects, so they may lead to what only this machine can reach.

use std::{
    collections::BTreeSet,
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How far a connection may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Reach {
    /// Wherever it leads: to a proxy of our own configuration.
    Anywhere,
    /// To a registry that somebody named: everywhere but to the metadata services of clouds, which are never registries and give credentials to all who ask.
    Named,
    /// To where a registry sends us: not to this machine and its link either.
    Redirected,
}

/// Addresses of metadata and credential services: AWS (instances, ECS and EKS), Azure's wire server, Alibaba Cloud. Google's and Oracle's is the first.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
];
/// The same services of AWS over IPv6.
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)];

/// No address that a name has may be connected to.
#[derive(Debug)]
pub(in crate::registry) struct AddressRefused {
    /// The address, or a name that needs none to be known.
    pub(super) at: String,
}

/// A name has no address.
#[derive(Debug)]
pub(super) struct NameUnresolved {
    pub(super) reason: String,
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Named => !is_metadata(address),
            Self::Redirected => !is_metadata(address) && !is_near(address),
        }
    }

    /// Checks a host that is an address, or this machine's own name. Other names are checked when they are resolved, so that no other answer of DNS can
    /// come in between.
    pub(in crate::registry) fn check(self, url: &Url) -> Result<(), AddressRefused> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            // The resolver would let it pass where a proxy of our own is on this machine.
            Some(Host::Domain(name)) if self == Self::Redirected && is_this_machine(name) => {
                return Err(AddressRefused { at: name.to_owned() });
            }
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.allows(address) { Ok(()) } else { Err(AddressRefused { at: address.to_string() }) }
    }
}

/// Resolves names, and drops the addresses that may not be connected to.
pub(super) struct Resolver {
    reach: Reach,
    /// Names of our own proxies, which may be anywhere.
    trusted: BTreeSet<String>,
}

impl Resolver {
    pub(super) fn new<'p>(reach: Reach, proxies: impl Iterator<Item = &'p str>) -> Self {
        Self { reach, trusted: proxies.map(str::to_ascii_lowercase).collect() }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = if self.trusted.contains(name.as_str()) { Reach::Anywhere } else { self.reach };
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|error| NameUnresolved { reason: error.to_string() })?;
            let (allowed, refused): (Vec<_>, Vec<_>) = found.partition(|address| reach.allows(address.ip()));
            match (allowed.is_empty(), refused.first()) {
                (false, _) => Ok(Box::new(allowed.into_iter()) as Addrs),
                (true, Some(refused)) => Err(AddressRefused { at: refused.ip().to_string() }.into()),
                (true, None) => Err(NameUnresolved { reason: "it has no address".to_owned() }.into()),
            }
        })
    }
}

/// `localhost` and what is below it (RFC 6761, section 6.3).
fn is_this_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_metadata(address: IpAddr) -> bool {
    match unwrapped(address) {
        IpAddr::V4(address) => METADATA_V4.contains(&address),
        IpAddr::V6(address) => METADATA_V6.contains(&address),
    }
}

/// Whether an address is on this machine or its link, or stands for several.
pub(super) fn is_near(address: IpAddr) -> bool {
    match unwrapped(address) {
        IpAddr::V4(address) => {
            // All of 0.0.0.0/8 is "this network".
            address.octets()[0] == 0
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || address.is_multicast()
        }
        IpAddr::V6(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_multicast()
        }
    }
}

/// The IPv4 address inside of an IPv6 address, where it leads there: mapped (RFC 4291) or through NAT64 (RFC 6052).
fn unwrapped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        address => address,
    }
}

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it leads to {}, an address that is not connected to", self.at)
    }
}

impl Error for AddressRefused {}

impl fmt::Display for NameUnresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for NameUnresolved {}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(reach: Reach, host: &str) -> bool {
        reach.check(&format!("https://{host}/v2/").parse().unwrap()).is_ok()
    }

    #[test]
    fn metadata_services_are_never_connected_to_however_they_are_written() {
        for host in [
            "169.254.169.254",
            "0xa9.0xfe.0xa9.0xfe",
            "2852039166",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[fd00:ec2::254]",
            "169.254.170.2",
            "168.63.129.16",
        ] {
            assert!(!allows(Reach::Named, host) && !allows(Reach::Redirected, host), "{host}");
        }
    }

    #[test]
    fn a_redirect_leads_neither_to_this_machine_nor_to_its_link() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[fe80::1]",
            "169.254.1.1",
            "[ff02::1]",
            "LOCALHOST.",
            "a.localhost",
        ] {
            assert!(allows(Reach::Named, host), "{host}");
            assert!(!allows(Reach::Redirected, host), "{host}");
        }
        for host in ["10.0.0.7", "192.0.2.1", "[2001:db8::1]", "storage.example"] {
            assert!(allows(Reach::Redirected, host), "{host}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_the_addresses_that_it_has() {
        let localhost = || "localhost".parse::<Name>().unwrap();
        let resolver = |reach| Resolver::new(reach, ["proxy.example"].into_iter());
        assert!(resolver(Reach::Named).resolve(localhost()).await.is_ok());
        let refused = resolver(Reach::Redirected).resolve(localhost()).await.err().unwrap();
        assert!(refused.downcast_ref::<AddressRefused>().is_some(), "{refused}");
        // Longer than a label of DNS, so that nobody has to be asked.
        let unknown = format!("{}.example", "a".repeat(64)).parse().unwrap();
        let unresolved = resolver(Reach::Named).resolve(unknown).await.err().unwrap();
        assert!(unresolved.downcast_ref::<NameUnresolved>().is_some(), "{unresolved}");
        // Our own proxy may be on this machine, also for where a registry sends us.
        let proxied = Resolver::new(Reach::Redirected, ["localhost"].into_iter());
        assert!(proxied.resolve(localhost()).await.is_ok());
    }
}
