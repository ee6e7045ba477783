//! URLs of hosts, by the rules of containerd, and those that it would read as something else.

use super::*;
use crate::registry::hosts::url::{ApiRoot, UrlFault, without_secrets};

fn base(text: &str, root: ApiRoot) -> Result<String, UrlFault> {
    HostUrl::parse(text, root).map(|url| url.base().to_string())
}

#[test]
fn the_api_is_at_v2_below_the_path_unless_that_ends_so() {
    for (written, meant) in [
        ("https://m.example", "https://m.example/v2"),
        ("https://m.example/", "https://m.example/v2"),
        ("https://m.example/v2", "https://m.example/v2"),
        ("https://m.example/v2/", "https://m.example/v2"),
        ("https://m.example/us", "https://m.example/us/v2"),
        ("https://m.example//us//", "https://m.example/us/v2"),
        ("https://m.example/us/../eu/v2", "https://m.example/eu/v2"),
        ("https://m.example/v2/us", "https://m.example/v2/us/v2"),
        ("https://m.example/notv2", "https://m.example/notv2/v2"),
        ("http://m.example:5000", "http://m.example:5000/v2"),
        ("m.example:5000/us", "https://m.example:5000/us/v2"),
        ("localhost:5000", "https://localhost:5000/v2"),
        ("https://[2001:db8::1]:5000", "https://[2001:db8::1]:5000/v2"),
        ("https://M.example/Us", "https://m.example/Us/v2"),
    ] {
        assert_eq!(base(written, ApiRoot::V2).as_deref(), Ok(meant), "{written}");
    }
}

#[test]
fn an_overridden_path_is_used_as_it_is() {
    for (written, meant) in [
        ("https://m.example", "https://m.example/"),
        ("https://m.example/", "https://m.example/"),
        ("https://m.example/us/", "https://m.example/us"),
        ("https://m.example/v2/us", "https://m.example/v2/us"),
    ] {
        assert_eq!(base(written, ApiRoot::AsWritten).as_deref(), Ok(meant), "{written}");
    }
}

#[test]
fn requests_go_below_the_root_of_the_api() {
    for (written, root, meant) in [
        ("m.example", ApiRoot::V2, "https://m.example/v2/app/manifests/v1"),
        ("m.example", ApiRoot::AsWritten, "https://m.example/app/manifests/v1"),
        ("m.example/v2/us", ApiRoot::AsWritten, "https://m.example/v2/us/app/manifests/v1"),
    ] {
        assert_eq!(HostUrl::parse(written, root).unwrap().below("app/manifests/v1").as_str(), meant);
    }
}

#[test]
fn what_containerd_would_read_as_another_url_is_refused() {
    for (written, fault) in [
        ("ftp://m.example", UrlFault::Scheme),
        ("HTTPS://m.example", UrlFault::Scheme),
        ("httpbin.example", UrlFault::Scheme),
        ("http:m.example", UrlFault::Scheme),
        ("https://user:secret@m.example", UrlFault::User),
        ("user@m.example", UrlFault::User),
        ("https://m.example?token=secret", UrlFault::Query),
        ("https://m.example/#x", UrlFault::Query),
        ("https://m.example/a b", UrlFault::Character),
        ("https://m.example/%2e%2e", UrlFault::Character),
        ("https://m.example\\evil.example", UrlFault::Character),
        ("https://m.\u{e4}.example", UrlFault::Character),
        ("https://m.example\n", UrlFault::Character),
        ("", UrlFault::Host),
        ("https://", UrlFault::Host),
        ("https:///v2", UrlFault::Host),
        ("https://m.example:port", UrlFault::Host),
        ("https://999.999.1.1", UrlFault::Host),
    ] {
        assert_eq!(base(written, ApiRoot::V2), Err(fault), "{written}");
    }
}

#[test]
fn a_host_is_the_registry_where_its_host_and_port_are_written_the_same() {
    for (url, registry, is_mirror) in [
        ("https://r.example", "r.example", false),
        ("http://R.example/prefix", "r.example", false),
        ("https://r.example:5000", "r.example:5000", false),
        ("https://r.example:443", "r.example:443", false),
        ("https://r.example:5000", "r.example", true),
        ("https://m.example", "r.example", true),
        ("https://registry-1.docker.io", "docker.io", false),
        ("https://registry-1.docker.io", "r.example", true),
        ("https://docker.io", "registry-1.docker.io", true),
    ] {
        let hosts = World::with(&format!("server = \"{url}\"\n")).hosts("r.example");
        assert_eq!(hosts[0].is_mirror_of(registry), is_mirror, "{url} {registry}");
    }
}

#[test]
fn what_may_be_a_secret_in_a_url_is_not_shown() {
    for (written, shown) in [
        ("https://user:secret@m.example/v2", "…@m.example/v2"),
        ("https://a:se@cret@m.example", "…@m.example"),
        ("https://m.example/v2?token=secret", "https://m.example/v2…"),
        ("https://u:secret@m.example?token=secret", "…@m.example…"),
        ("https://u:sec?ret@m.example", "…@m.example"),
        ("https://m.example", "https://m.example"),
    ] {
        assert_eq!(without_secrets(written), shown);
    }
}
