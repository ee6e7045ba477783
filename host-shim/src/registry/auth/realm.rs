//! Which token service may be asked, and which may see a credential.
//!
//! The name of a registry comes from an image, and the registry names its token service: so that is hostile input. It could be a server that collects
//! passwords, or one that only this machine can reach.

use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};
use wasm_policy::text::shown;

use crate::registry::transport::address::Reach;

/// Domains in which neighbours are strangers to each other, though the part below them looks like one owner's: registries, storage and load balancers of
/// clouds. The public suffix list knows many more, and not all of these.
const SHARED_ZONES: [&str; 14] = [
    "azurecr.cn",
    "azurecr.io",
    "azurecr.us",
    "azureedge.net",
    "azurefd.net",
    "azurewebsites.net",
    "amazonaws.com",
    "amazonaws.com.cn",
    "cloudapp.azure.com",
    "cloudfront.net",
    "gcr.io",
    "googleusercontent.com",
    "pkg.dev",
    "windows.net",
];

/// A token service that is right for a registry, although its name does not show it: `REGISTRY=REALM`, both with their ports where they have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRealm {
    registry: String,
    realm: String,
}

/// A text that names no pair of registry and token service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "write REGISTRY=REALM, the hosts of a registry and of its token service, such as registry.example=login.example"
)]
pub struct TrustedRealmError;

/// Whether a credential comes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    Nothing,
    Credential,
}

/// Why a token service may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is as registries have them.
    Usual,
    /// The configuration names it: it may be on this machine, too.
    Configured,
}

/// Checks where a registry at `registry` sends for a token.
///
/// # Errors
/// A sentence for people that names both.
pub(super) fn check(
    registry: &Url,
    realm: &Url,
    bearing: Bearing,
    trusted: &[TrustedRealm],
) -> Result<Standing, String> {
    let refused = |why: &str| {
        Err(format!(
            "{} sends to {} for a token, {why}",
            shown(&host(registry)),
            shown(&realm.origin().ascii_serialization())
        ))
    };
    match realm.scheme() {
        "https" => {}
        // A registry without TLS was configured as such, and has shown us everything already.
        "http" if registry.scheme() == "http" => {}
        _ => return refused("which is not https"),
    }
    if !realm.username().is_empty() || realm.password().is_some() {
        return refused("with a user's name or password in the address");
    }
    if Reach::Named.check(realm).is_err() {
        return refused("which is a metadata service");
    }
    if trusted.iter().any(|pair| pair.holds(registry, realm)) {
        return Ok(Standing::Configured);
    }
    if registry.host() == realm.host() {
        return Ok(Standing::Usual);
    }
    if is_inner_address(realm) {
        return refused("an address that only this network can reach");
    }
    if bearing == Bearing::Credential && !share_an_owner(registry, realm) {
        return refused("and the credential would be shown to another owner's host");
    }
    Ok(Standing::Usual)
}

/// Whether both are below one registrable domain, in which there is one owner.
fn share_an_owner(a: &Url, b: &Url) -> bool {
    let registrable = |url: &Url| match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let is_shared = SHARED_ZONES.iter().any(|zone| name.strip_suffix(zone).is_some_and(is_label_end));
            let domain = psl::domain(name.as_bytes()).filter(|domain| domain.suffix().is_known() && !is_shared)?;
            String::from_utf8(domain.as_bytes().to_vec()).ok()
        }
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    };
    matches!((registrable(a), registrable(b)), (Some(a), Some(b)) if a == b)
}

/// What comes before a zone's name is nothing, or ends a label.
fn is_label_end(before: &str) -> bool {
    before.is_empty() || before.ends_with('.')
}

/// An address, not a name, on this machine, its link or a private network.
fn is_inner_address(url: &Url) -> bool {
    let is_private = match url.host() {
        Some(Host::Ipv4(address)) => address.is_private(),
        Some(Host::Ipv6(address)) => {
            address.is_unique_local() || address.to_ipv4_mapped().is_some_and(|address| address.is_private())
        }
        // Names are judged by their addresses when they are connected to.
        Some(Host::Domain(_)) => false,
        None => return true,
    };
    is_private || Reach::Redirected.check(url).is_err()
}

fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

impl TrustedRealm {
    fn holds(&self, registry: &Url, realm: &Url) -> bool {
        self.registry == host(registry) && self.realm == host(realm)
    }
}

impl FromStr for TrustedRealm {
    type Err = TrustedRealmError;

    fn from_str(text: &str) -> Result<Self, TrustedRealmError> {
        let (registry, realm) = text.split_once('=').ok_or(TrustedRealmError)?;
        // As a URL writes it, so that both spellings are one: `LOGIN.example:443` is `login.example`.
        let written = |name: &str| {
            let url = Url::parse(&format!("https://{name}/")).map_err(|_| TrustedRealmError)?;
            let is_host_alone = url.path() == "/" && !name.contains(['/', '@', '?', '#']);
            if is_host_alone { Ok(host(&url)) } else { Err(TrustedRealmError) }
        };
        let registry = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        Ok(Self { registry: written(registry)?, realm: written(realm)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn refusal(registry: &str, realm: &str, bearing: Bearing) -> Option<String> {
        check(&url(registry), &url(realm), bearing, &[]).err()
    }

    #[test]
    fn a_credential_is_shown_to_the_registry_itself_and_to_its_owners_hosts() {
        for (registry, realm) in [
            ("https://ghcr.io/", "https://ghcr.io/token"),
            ("https://registry.example:5000/", "https://registry.example:5001/auth"),
            ("https://registry-1.docker.io/", "https://auth.docker.io/token"),
            ("https://registry.gitlab.com/", "https://gitlab.com/jwt/auth"),
            ("https://a.registry.co.uk/", "https://b.registry.co.uk/token"),
            ("https://acme.azurecr.io/", "https://acme.azurecr.io/oauth2/token"),
            ("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token"),
            ("https://10.0.0.7/", "https://10.0.0.7/token"),
        ] {
            assert_eq!(refusal(registry, realm, Bearing::Credential), None, "{registry} {realm}");
        }
    }

    #[test]
    fn a_credential_is_not_shown_to_another_owners_host() {
        for (registry, realm) in [
            ("https://registry.example.com/", "https://auth.example.org/token"),
            ("https://registry-1.docker.io/", "https://auth.docker.io.evil.com/token"),
            ("https://registry-1.docker.io/", "https://authdocker.io/token"),
            // Neighbours.
            ("https://acme.azurecr.io/", "https://evil.azurecr.io/oauth2/token"),
            ("https://acme.azurecr.io/", "https://acme.azurecr.io.evil.com/oauth2/token"),
            ("https://1.dkr.ecr.eu-west-1.amazonaws.com/", "https://evil.elb.amazonaws.com/token"),
            ("https://europe-docker.pkg.dev/", "https://evil.pkg.dev/token"),
            ("https://acme.github.io/", "https://evil.github.io/token"),
            ("https://a.co.uk/", "https://b.co.uk/token"),
            // Names that no public suffix holds may be anybody's within a company.
            ("https://registry.corp/", "https://other.corp/token"),
            ("https://192.0.2.1/", "https://192.0.2.2/token"),
        ] {
            let told = refusal(registry, realm, Bearing::Credential).unwrap_or_else(|| panic!("{registry} {realm}"));
            assert!(told.contains("another owner's host"), "{told}");
            assert_eq!(refusal(registry, realm, Bearing::Nothing), None, "{registry} {realm}");
        }
    }

    #[test]
    fn a_token_is_not_asked_for_without_tls_or_within_this_network() {
        for (registry, realm, why) in [
            ("https://registry.example/", "http://registry.example/token", "not https"),
            ("https://registry.example/", "ftp://registry.example/token", "not https"),
            ("https://registry.example/", "https://user@registry.example/token", "user's name"),
            ("https://registry.example/", "https://169.254.169.254/token", "metadata"),
            ("http://169.254.169.254/", "http://169.254.169.254/token", "metadata"),
            ("https://registry.example/", "https://[fd00:ec2::254]/token", "metadata"),
            ("https://registry.example/", "https://127.0.0.1/token", "only this network"),
            ("https://registry.example/", "https://localhost/token", "only this network"),
            ("https://registry.example/", "https://[::1]/token", "only this network"),
            ("https://registry.example/", "https://10.1.2.3/token", "only this network"),
            ("https://registry.example/", "https://192.168.0.1/token", "only this network"),
            ("https://registry.example/", "https://[fc00::1]/token", "only this network"),
            ("https://registry.example/", "https://169.254.1.1/token", "only this network"),
            ("http://127.0.0.1:5000/", "http://127.0.0.2:5001/token", "only this network"),
        ] {
            for bearing in [Bearing::Nothing, Bearing::Credential] {
                let told = refusal(registry, realm, bearing).unwrap_or_else(|| panic!("{registry} {realm}"));
                assert!(told.contains(why), "{told}");
            }
        }
    }

    #[test]
    fn a_realm_that_is_named_for_a_registry_is_trusted_for_it_alone() {
        let trusted: TrustedRealm = "docker.io=login.example:8443".parse().unwrap();
        let asks = |registry: &str, realm: &str| {
            check(&url(registry), &url(realm), Bearing::Credential, std::slice::from_ref(&trusted))
        };
        let configured = asks("https://registry-1.docker.io/", "https://login.example:8443/token");
        assert_eq!(configured, Ok(Standing::Configured));
        assert!(asks("https://registry-1.docker.io/", "https://login.example/token").is_err());
        assert!(asks("https://registry-1.docker.io/", "http://login.example:8443/token").is_err());
        assert!(asks("https://other.example/", "https://login.example:8443/token").is_err());
        for text in ["", "a", "a=", "=b", "a=https://b", "a/x=b", "u@a=b"] {
            assert_eq!(text.parse::<TrustedRealm>(), Err(TrustedRealmError), "{text}");
        }
    }
}
