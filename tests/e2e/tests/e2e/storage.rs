//! Registries that keep their blobs at another origin, where nobody may bring a login.

use image_integrity_e2e::{BlobStore, DockerConfig, PASSWORD, Proxy, Registry, TokenServer};

use super::{DEMO, verdict_on};

#[test]
fn the_storage_of_a_registry_with_a_login_sees_no_authorization() {
    let tokens = TokenServer::start("app", &[]);
    for registry in [Registry::with_htpasswd(), Registry::with_tokens(&tokens)] {
        registry.copy("demo/layout", "signed", "app:v1");
        let storage = BlobStore::of(&["demo/layout"], &registry);
        let redirecting = Proxy::redirecting(&registry, &storage);
        let login = DockerConfig::password(redirecting.host(), PASSWORD);
        let mut arguments = redirecting.options();
        arguments.extend(login.options());
        arguments.push(redirecting.image("app:v1").into());
        assert_eq!(verdict_on(DEMO, &arguments), (0, "VERIFIED".to_owned()));
        // It answers 400 to whoever brings one.
        let statuses: Vec<_> =
            storage.requests().iter().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect();
        assert_eq!(statuses, ["200"]);
    }
}
