//! Images of ghcr.io through the mirrors of a `hosts.toml`. Nothing is asked where ghcr.io really is.

use image_integrity_e2e::{DockerConfig, HostsDir, Kind, PASSWORD, Proxy, Registry};

use super::{DEMO, verdict_on};

const NAME: &str = "deislabs/ratify/notary-image:signed";
const IMAGE: &str = "ghcr.io/deislabs/ratify/notary-image:signed";

/// Nobody listens on the port of TCPMUX.
const DOWN: &str = "http://127.0.0.1:1";

/// A registry that has the image.
fn mirror() -> Registry {
    let registry = Registry::plain(Kind::ReferrersApi);
    registry.copy("demo/layout", "signed", NAME);
    registry
}

fn verdict_by(mirrors: &[&str], server: &str) -> (i32, String) {
    let hosts = HostsDir::new("ghcr.io", mirrors, server);
    verdict_on(DEMO, hosts.options().into_iter().chain([IMAGE.into()]))
}

fn verified() -> (i32, String) {
    (0, "VERIFIED".to_owned())
}

#[test]
fn a_mirror_is_asked_first_and_for_everything() {
    let (mirror, upstream) = (mirror(), mirror());
    assert_eq!(verdict_by(&[&mirror.origin()], &upstream.origin()), verified());
    let asked = |registry: &Registry| registry.requests().iter().filter(|line| line.contains("ns=ghcr.io")).count();
    assert_eq!((asked(&mirror), asked(&upstream)), (4, 0), "{:#?}", mirror.requests());
}

#[test]
fn where_a_mirror_is_down_the_next_is_asked_and_last_the_registry() {
    let registry = mirror();
    assert_eq!(verdict_by(&[DOWN, &registry.origin()], "http://127.0.0.1:2"), verified());
    assert_eq!(verdict_by(&[DOWN, "http://127.0.0.1:2"], &registry.origin()), verified());
    assert_eq!(verdict_by(&[DOWN], "http://127.0.0.1:2"), (2, "REGISTRY_UNAVAILABLE".to_owned()));
}

#[test]
fn a_mirror_that_has_not_got_the_image_leaves_it_to_the_registry() {
    let (empty, registry) = (Registry::plain(Kind::ReferrersApi), mirror());
    assert_eq!(verdict_by(&[&empty.origin()], &registry.origin()), verified());
}

#[test]
fn wrong_bytes_of_a_mirror_are_never_verified() {
    let registry = mirror();
    for what in ["manifests", "blobs"] {
        let altering = Proxy::before(&registry, &["--alter", what]);
        let mismatch = (1, "DIGEST_MISMATCH".to_owned());
        assert_eq!(verdict_by(&[], &altering.origin()), mismatch, "{what}");
        assert_eq!(verdict_by(&[&altering.origin()], &altering.origin()), mismatch, "{what}");
        assert_eq!(verdict_by(&[&altering.origin()], DOWN), (2, "REGISTRY_UNAVAILABLE".to_owned()), "{what}");
    }
}

#[test]
fn where_a_mirror_gives_wrong_bytes_the_registry_is_asked() {
    let registry = mirror();
    for what in ["manifests", "blobs"] {
        let altering = Proxy::before(&registry, &["--alter", what]);
        assert_eq!(verdict_by(&[&altering.origin()], &registry.origin()), verified(), "{what}");
    }
}

/// The options for this one mirror, on TLS.
fn through(mirror: &Registry, more: &str) -> HostsDir {
    let host = format!("[host.\"{}\"]\n  capabilities = [\"pull\", \"resolve\"]\n", mirror.origin());
    HostsDir::written("ghcr.io", &format!("server = \"{DOWN}\"\n{host}{more}"))
}

fn its_ca(mirror: &Registry) -> String {
    format!("  ca = \"{}\"\n", mirror.ca().expect("the registry is on TLS").display())
}

#[test]
fn a_mirror_over_tls_is_trusted_by_the_ca_of_its_own_entry() {
    let mirror = Registry::with_tls(Kind::FallbackTag);
    mirror.copy("demo/layout", "signed", NAME);
    let verdict = |more: &str| verdict_on(DEMO, through(&mirror, more).options().into_iter().chain([IMAGE.into()]));
    assert_eq!(verdict(&its_ca(&mirror)), verified());
    // Nobody trusts it, and the registry itself is down.
    assert_eq!(verdict(""), (2, "REGISTRY_UNAVAILABLE".to_owned()));
}

#[test]
fn a_mirror_is_shown_its_own_credential_and_not_the_registrys() {
    let mirror = Registry::with_htpasswd();
    mirror.copy("demo/layout", "signed", NAME);
    let hosts = through(&mirror, &its_ca(&mirror));
    let verdict = |login: &DockerConfig| {
        verdict_on(DEMO, hosts.options().into_iter().chain(login.options()).chain([IMAGE.into()]))
    };
    assert_eq!(verdict(&DockerConfig::password(mirror.host(), PASSWORD)), verified());
    // It would let the registry's in as well.
    let refused = mirror.requests().len();
    assert_eq!(verdict(&DockerConfig::password("ghcr.io", PASSWORD)), (2, "REGISTRY_UNAVAILABLE".to_owned()));
    assert!(mirror.requests()[refused..].iter().all(|line| line.ends_with(" 401")), "{:#?}", mirror.requests());
}

#[test]
fn the_file_of_one_registry_is_not_for_another() {
    let registry = mirror();
    let hosts = HostsDir::new("ghcr.io", &[DOWN], DOWN);
    let arguments = registry.options().into_iter().chain(hosts.options()).chain([registry.image(NAME).into()]);
    assert_eq!(verdict_on(DEMO, arguments), verified());
}
