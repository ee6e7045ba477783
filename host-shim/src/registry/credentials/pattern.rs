//! Which registries and repositories a key of a docker config stands for, matched as the kubelet does.
//!
//! One thing is stricter: the key's path is a prefix of the repository by whole segments, so that `example.io/team` is not for `example.io/teammate`.

use std::{cmp::Reverse, fmt};

/// Docker Hub, and its names in keys and in requests.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ALIASES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];

/// A host in lower case, with its port where one is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Authority {
    host: String,
    port: Option<String>,
}

/// A key of `auths`.
#[derive(Debug)]
pub(super) struct Pattern {
    /// Each part of its host may hold `*`.
    authority: Authority,
    path: Vec<String>,
}

impl Authority {
    pub(super) fn new(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        // In brackets, colons belong to an IPv6 address.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port.to_owned())),
            _ => (&*text, None),
        };
        let host = if port.is_none() && DOCKER_HUB_ALIASES.contains(&host) { DOCKER_HUB } else { host };
        Self { host: host.to_owned(), port }
    }

    pub(super) fn is_docker_hub(&self) -> bool {
        self.port.is_none() && self.host == DOCKER_HUB
    }

    /// Whether this pattern stands for the other. Each `*` stays within a part.
    fn matches(&self, asked: &Self) -> bool {
        let parts = |of: &Self| of.host.split('.').count();
        self.port == asked.port
            && parts(self) == parts(asked)
            && self.host.split('.').zip(asked.host.split('.')).all(|(pattern, part)| glob(pattern, part))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.port.as_ref().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl Pattern {
    pub(super) fn new(key: &str) -> Self {
        let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let (authority, path) = key.split_once('/').unwrap_or((key, ""));
        let path = path.trim_end_matches('/');
        // The old API's address stands for the whole registry.
        let path = if matches!(path, "v1" | "v2") { "" } else { path };
        let path = path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        Self { authority: Authority::new(authority), path }
    }

    pub(super) fn matches(&self, registry: &Authority, repository: &str) -> bool {
        let mut segments = repository.split('/');
        self.authority.matches(registry) && self.path.iter().all(|segment| segments.next() == Some(segment))
    }

    /// The one registry that this stands for as a whole, if so.
    pub(super) fn registry(self) -> Option<Authority> {
        (self.path.is_empty() && !self.authority.host.contains('*')).then_some(self.authority)
    }

    /// By what the more specific one of two that match is told: the longer path, then the host that leaves less open.
    pub(super) fn specificity(&self) -> impl Ord + use<> {
        let stars = self.authority.host.bytes().filter(|b| *b == b'*').count();
        (self.path.len(), Reverse(stars), self.authority.host.len())
    }
}

fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, pattern)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    let (middle, end) = pattern.rsplit_once('*').unwrap_or(("", pattern));
    for piece in middle.split('*') {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(key: &str, registry: &str, repository: &str) -> bool {
        Pattern::new(key).matches(&Authority::new(registry), repository)
    }

    #[test]
    fn a_key_is_a_host_with_any_scheme_and_api_address() {
        for key in [
            "reg.example",
            "REG.example",
            "https://reg.example",
            "http://reg.example/",
            "https://reg.example/v1/",
            "reg.example/v2",
        ] {
            assert!(matches(key, "Reg.Example", "team/app"), "{key}");
        }
        for key in ["", "/", "https://", "example", "other.reg.example", "reg.example.", "reg.example:443"] {
            assert!(!matches(key, "reg.example", "team/app"), "{key}");
        }
    }

    #[test]
    fn docker_hub_has_several_names() {
        for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"] {
            for registry in ["docker.io", "registry-1.docker.io", "index.docker.io"] {
                assert!(matches(key, registry, "library/alpine"), "{key} {registry}");
            }
        }
        assert!(!matches("https://index.docker.io/v1/access-token", "docker.io", "library/alpine"));
        assert!(!matches("docker.io:5000", "docker.io", "library/alpine"));
    }

    #[test]
    fn ports_are_equal_or_the_key_is_for_another_registry() {
        assert!(matches("reg.example:5000", "reg.example:5000", "app"));
        assert!(matches("http://[::1]:5000/v2/", "[::1]:5000", "app"));
        assert!(!matches("reg.example", "reg.example:5000", "app"));
        assert!(!matches("[::1]", "[::1]:5000", "app"));
    }

    #[test]
    fn a_star_stays_within_one_part_of_the_host() {
        for key in ["*.example", "r*.example", "*g.example", "*e*.example", "r**g.*", "*.*"] {
            assert!(matches(key, "reg.example", "app"), "{key}");
        }
        for key in
            ["*", "*.*.example", "reg*", "x*.example", "*x.example", "*ge*.example", "reg*g.example", "re*eg.example"]
        {
            assert!(!matches(key, "reg.example", "app"), "{key}");
        }
        assert!(!matches("*.example", "a.reg.example", "app"));
        assert!(!matches("reg.example:*", "reg.example:5000", "app"));
    }

    #[test]
    fn a_path_is_a_prefix_by_whole_segments() {
        for key in ["reg.example/team", "reg.example/team/", "https://reg.example/team/app"] {
            assert!(matches(key, "reg.example", "team/app"), "{key}");
        }
        for key in ["reg.example/tea", "reg.example/team/app/more", "reg.example/*", "reg.example/team/v2/"] {
            assert!(!matches(key, "reg.example", "team/app"), "{key}");
        }
        assert!(!matches("reg.example/team", "reg.example", "teammate/app"));
    }

    #[test]
    fn the_more_specific_key_has_the_longer_path_then_the_host_that_leaves_less_open() {
        let keys = ["reg.example/team/app", "*.example/team", "reg.example", "reg.*", "*.*"];
        assert!(keys.windows(2).all(|two| Pattern::new(two[0]).specificity() > Pattern::new(two[1]).specificity()));
    }
}
