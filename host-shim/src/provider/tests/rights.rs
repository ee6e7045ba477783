//! Who may ask for what, and with whose credentials it is fetched.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::StatusCode;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier, version::TLS12};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::world::{MUTATE, VERIFY, World, client, item, question};
use crate::{
    config::Logins,
    decisions::Secrets,
    registry::{
        credentials::{Keychain, PullSecret},
        hosts::{RegistryHosts, SkipVerify},
    },
    server::Client,
    testing::{
        registry::{self, demo_layout, plain_demo},
        server::{Reply, Server},
    },
};

#[tokio::test]
async fn who_shows_no_certificate_may_not_name_a_namespace() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let (bare, named) = (format!("{}/app:signed", server.host()), format!("[team-a]{}/app:signed", server.host()));
    for path in [VERIFY, MUTATE] {
        let (_, answer) = asked.ask_as(Client::Anonymous, path, question(&[&bare, &named])).await;
        assert!(item(&answer["response"], &bare)["value"] != serde_json::Value::Null, "{answer}");
        let error = item(&answer["response"], &named)["error"].as_str().unwrap();
        assert!(
            error.starts_with("the key names a namespace, and only clients with a verified certificate"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn verdicts_and_evidence_are_for_clients_that_are_named() {
    let asked = World::default().start().await;
    for path in ["/v1/verify", "/v1/evidence"] {
        for client in [Client::Anonymous, client("gatekeeper")] {
            let (status, answer) = asked.ask_as(client, path, json!({ "images": [] }).to_string()).await;
            assert_eq!((status, &answer["error"]["code"]), (StatusCode::FORBIDDEN, &"FORBIDDEN".into()));
        }
        let (status, _) = asked.ask_as(client("opa"), path, json!({ "images": [] }).to_string()).await;
        assert_eq!(status, StatusCode::OK);
        let (status, answer) = asked.ask_as(client("opa"), path, r#"{"images":[],"surprise":1}"#).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
}

/// One tenant has a login.
struct OfTeamA(Arc<Keychain>, Arc<Keychain>);

impl Secrets for OfTeamA {
    fn named<'s>(&'s self, _: &'s Logins) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        Box::pin(async { Err("no Store of this test names any".to_owned()) })
    }

    fn of_namespace<'s>(&'s self, namespace: &'s str) -> BoxFuture<'s, Result<Arc<Keychain>, String>> {
        let keychain = match namespace {
            "team-a" => Ok(Arc::clone(&self.0)),
            "team-b" => Ok(Arc::clone(&self.1)),
            _ => Err("the secret is broken".to_owned()),
        };
        Box::pin(async { keychain })
    }
}

#[tokio::test]
async fn what_one_tenant_may_see_is_shown_to_no_other() {
    let layout = demo_layout();
    // user:secret
    let server = Server::start(move |seen| match seen.header("authorization") {
        Some("Basic dXNlcjpzZWNyZXQ=") => registry::answer(&layout, seen),
        _ => Reply::new(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
    })
    .await;
    let login = json!({ "auths": { server.host(): { "auth": "dXNlcjpzZWNyZXQ=" } } }).to_string();
    let keychain = Keychain::of_secret(login.as_bytes(), PullSecret::DockerConfigJson, "secret team-a/pull").unwrap();
    let secrets = OfTeamA(Arc::new(keychain), Arc::new(Keychain::none()));
    let asked = World { secrets: Some(Arc::new(secrets)), ..World::default() }.start().await;
    let key = |namespace: &str| format!("{namespace}{}/app:signed", server.host());
    assert_eq!(asked.code(&key("[team-a]")).await, "VERIFIED");
    assert_eq!(asked.code(&key("[team-b]")).await, "REGISTRY_UNAUTHORIZED");
    assert_eq!(asked.code(&key("")).await, "REGISTRY_UNAUTHORIZED");
    // A login that cannot be had is no try without one.
    let requests = server.seen().len();
    assert_eq!(asked.code(&key("[team-c]")).await, "CREDENTIAL_UNAVAILABLE");
    assert_eq!(server.seen().len(), requests);
    // Nobody's credentials are used for who shows no certificate.
    let (_, answer) = asked.ask_as(Client::Anonymous, VERIFY, question(&[&key("")])).await;
    assert_eq!(item(&answer["response"], &key(""))["value"]["code"], "REGISTRY_UNAUTHORIZED");
}

#[tokio::test]
async fn who_shows_no_certificate_reaches_a_mirror_without_the_headers_of_its_file() {
    let layout = demo_layout();
    let server = Server::start(move |seen| match seen.header("x-mirror") {
        Some("secret") => registry::answer(&layout, seen),
        _ => Reply::new(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let of_registry = folder.path().join("r.example");
    std::fs::create_dir(&of_registry).unwrap();
    let mirror = format!(
        "server = \"http://{0}\"\n[host.\"http://{0}\"]\ncapabilities = [\"pull\", \"resolve\"]\nheader = {{ X-Mirror = \"secret\" }}\n",
        server.host()
    );
    std::fs::write(of_registry.join("hosts.toml"), mirror).unwrap();
    let hosts = RegistryHosts::load(folder.path(), SkipVerify::Refused).unwrap();
    let asked = World { hosts, ..World::default() }.start().await;
    let key = "r.example/app:signed";
    assert_eq!(asked.code(key).await, "VERIFIED");
    let (_, answer) = asked.ask_as(Client::Anonymous, VERIFY, question(&[key])).await;
    assert_eq!(item(&answer["response"], key)["value"]["code"], "REGISTRY_UNAUTHORIZED", "{answer}");
}

#[tokio::test]
async fn who_shows_no_certificate_reaches_a_mirror_without_the_client_certificate_of_its_file() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        // So that a certificate that is missing ends the handshake, and not what is asked after it.
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    let layout = demo_layout();
    let tls = TlsAcceptor::from(Arc::new(config));
    let server = Server::start_with(Some(tls), move |seen| registry::answer(&layout, seen)).await;

    let folder = tempfile::tempdir().unwrap();
    let of_registry = folder.path().join("r.example");
    std::fs::create_dir(&of_registry).unwrap();
    let mirror = format!(
        "server = \"https://{0}\"\nca = \"ca.pem\"\n[host.\"https://{0}\"]\nca = \"ca.pem\"\nclient = [[\"client.pem\", \"client.key\"]]\n",
        server.host()
    );
    let files = [
        ("hosts.toml", mirror),
        ("ca.pem", ca.pem()),
        ("client.pem", certificate.pem()),
        ("client.key", key.serialize_pem()),
    ];
    for (name, text) in files {
        std::fs::write(of_registry.join(name), text).unwrap();
    }
    let hosts = RegistryHosts::load(folder.path(), SkipVerify::Refused).unwrap();
    let asked = World { hosts, ..World::default() }.start().await;
    let key = "r.example/app:signed";
    assert_eq!(asked.code(key).await, "VERIFIED");
    let requests = server.seen().len();
    let (_, answer) = asked.ask_as(Client::Anonymous, VERIFY, question(&[key])).await;
    assert_eq!(item(&answer["response"], key)["value"]["code"], "REGISTRY_TLS_FAILED", "{answer}");
    assert_eq!(server.seen().len(), requests);
}

#[tokio::test]
async fn the_clusters_own_login_is_used_for_nobody_who_shows_no_certificate() {
    let layout = demo_layout();
    let server = Server::start(move |seen| match seen.header("authorization") {
        Some("Basic dXNlcjpzZWNyZXQ=") => registry::answer(&layout, seen),
        _ => Reply::new(401, &[("www-authenticate", "Basic realm=\"r\"")], ""),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let login = folder.path().join("config.json");
    let auths = json!({ "auths": { server.host(): { "auth": "dXNlcjpzZWNyZXQ=" } } });
    std::fs::write(&login, auths.to_string()).unwrap();
    let asked = World { registry_config: Some(login), ..World::default() }.start().await;
    let key = format!("{}/app:signed", server.host());
    // In this order, so that what was fetched with the login is there to be had.
    assert_eq!(asked.code(&key).await, "VERIFIED");
    assert!(item(&asked.keys(MUTATE, &[&key]).await, &key)["value"].is_string());
    let (_, answer) = asked.ask_as(Client::Anonymous, VERIFY, question(&[&key])).await;
    assert_eq!(item(&answer["response"], &key)["value"]["code"], "REGISTRY_UNAUTHORIZED");
    let (_, answer) = asked.ask_as(Client::Anonymous, MUTATE, question(&[&key])).await;
    let error = item(&answer["response"], &key)["error"].as_str().unwrap();
    assert!(error.starts_with("REGISTRY_UNAUTHORIZED: "), "{error}");
}
