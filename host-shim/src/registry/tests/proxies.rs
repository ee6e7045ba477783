//! Proxies of the environment: what goes through them, what never does, and that they open no way to this machine.

use super::{
    logins::{alice, of_entries, resolve, resolve_of},
    *,
};

fn proxied(proxy: &str, keychain: Keychain) -> Registries {
    let variable = |name: &str| (name == "http_proxy").then(|| proxy.to_owned());
    let proxies = Proxies::of(variable).unwrap();
    Registries::new(RegistryOptions { plain_http: PlainHttp::Always, proxies, keychain, ..Default::default() }).unwrap()
}

fn named(name: &str) -> Reference {
    format!("registry.invalid/{name}").parse().unwrap()
}

#[tokio::test]
async fn a_registry_with_a_name_is_asked_through_the_proxy_and_one_on_this_machine_is_not() {
    let proxy = Server::start(|_| manifest_reply(CONTENT)).await;
    let registries = proxied(&format!("http://user:pr0xy-word@{}", proxy.host()), Keychain::none());
    assert!(resolve_of(&registries, &named("app:v1")).await.is_ok());
    let seen = &proxy.seen()[0];
    assert_eq!(seen.target, "http://registry.invalid/v2/app/manifests/v1");
    // `user:pr0xy-word`
    assert_eq!(seen.header("proxy-authorization"), Some("Basic dXNlcjpwcjB4eS13b3Jk"));

    let server = Server::start(|_| manifest_reply(CONTENT)).await;
    assert!(resolve(&registries, &server).await.is_ok());
    assert_eq!((proxy.seen().len(), server.seen().len()), (1, 1));
    assert_eq!(server.seen()[0].header("proxy-authorization"), None);
    assert!(!format!("{registries:?}").contains("pr0xy-word"));
}

#[tokio::test]
async fn a_proxy_that_fails_is_told_without_its_password() {
    for reply in [Reply::new(407, &[], ""), Reply::new(502, &[], ""), Reply::raw(b"")] {
        let proxy = Server::start(move |_| reply.clone()).await;
        let registries = proxied(&format!("http://user:pr0xy-word@{}", proxy.host()), Keychain::none());
        let error = resolve_of(&registries, &named("app:v1")).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("pr0xy-word"), "{error:?}");
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let registries = proxied(&format!("http://user:pr0xy-word@{free}"), Keychain::none());
    let error = resolve_of(&registries, &named("app:v1")).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnavailable);
    assert!(!format!("{error} {error:?}").contains("pr0xy-word"), "{error:?}");
}

#[tokio::test]
async fn behind_a_proxy_on_this_machine_a_registry_cannot_send_to_this_machine() {
    // R8: that the proxy is near says nothing of the registry; and the proxy's own name leads to it for us alone.
    let inner = Server::start(|_| manifest_reply(CONTENT)).await;
    let port = inner.address.port();
    for host in ["127.0.0.1", "localhost", "a.localhost", "[::1]"] {
        for proxy_host in ["127.0.0.1", "localhost"] {
            let to = format!("http://{host}:{port}/");
            let proxy = Server::start(move |_| Reply::new(307, &[("location", &to)], "")).await;
            let registries = proxied(&format!("http://{proxy_host}:{}", proxy.address.port()), Keychain::none());
            let error = resolve_of(&registries, &named("app:v1")).await.unwrap_err();
            assert_eq!(error.code(), Code::RegistryRedirectRefused, "{host}: {error}");
        }
    }
    assert_eq!(inner.seen().len(), 0);
}

#[tokio::test]
async fn behind_a_proxy_a_token_service_is_judged_all_the_same() {
    // R9.
    let realm = r#"Bearer realm="http://elsewhere.invalid/token""#;
    let proxy = Server::start(move |_| Reply::new(401, &[("www-authenticate", realm)], "")).await;
    let registries = proxied(&format!("http://{}", proxy.host()), of_entries(&[("registry.invalid", &alice())]));
    assert_eq!(code_of(resolve_of(&registries, &named("app:v1")).await), Code::RegistryRealmRefused);
    assert_eq!(proxy.seen().len(), 1);
}

#[tokio::test]
async fn a_registry_that_only_looks_like_the_right_one_is_shown_no_credential() {
    // R10: keys of logins are matched part by part, and from the end.
    let keychain = || of_entries(&[("acme.azurecr.invalid", &alice()), ("*.azurecr.invalid", &alice())]);
    for (host, is_shown) in [
        ("acme.azurecr.invalid.evil.invalid", false),
        ("evil-acme.azurecr.invalid.example", false),
        ("x.acme.azurecr.invalid", false),
        ("acme.azurecr.invalid:8443", false),
        ("acme.azurecr.invalid", true),
    ] {
        let proxy = Server::start(|seen| match seen.header("authorization") {
            None => Reply::new(401, &[("www-authenticate", "Basic")], ""),
            Some(_) => manifest_reply(CONTENT),
        })
        .await;
        let registries = proxied(&format!("http://{}", proxy.host()), keychain());
        let outcome = resolve_of(&registries, &format!("{host}/app:v1").parse().unwrap()).await;
        let expected = if is_shown { None } else { Some(Code::RegistryUnauthorized) };
        assert_eq!(outcome.err().map(|error| error.code()), expected, "{host}");
        assert_eq!(proxy.seen().iter().any(|seen| seen.header("authorization").is_some()), is_shown, "{host}");
    }
}
