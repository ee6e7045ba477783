//! TLS both ways, tokens, and files that are replaced.

use std::{fs, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A CA with certificates of it in files, and an OPA that has one and wants another.
struct World {
    folder: TempDir,
    server: Server,
}

impl World {
    async fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issue = |name: &str| {
            let key = KeyPair::generate().unwrap();
            (CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap(), key)
        };
        let (certificate, key) = issue("127.0.0.1");
        let (own, own_key) = issue("shim");
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("ca.pem", ca.pem()), ("own.pem", own.pem()), ("own.key.pem", own_key.serialize_pem())] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        let server = Server::start_with(Some(TlsAcceptor::from(Arc::new(config))), |seen| result(&judged(seen))).await;
        Self { folder, server }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn options(&self) -> OpaOptions {
        OpaOptions {
            ca_files: vec![self.file("ca.pem")],
            client: Some(ClientFiles { certificate: self.file("own.pem"), key: self.file("own.key.pem") }),
            timeout: Duration::from_secs(30),
            ..OpaOptions::new(format!("https://{}", self.server.host()).parse().unwrap())
        }
    }

    /// The error of making an engine, without the folder's name.
    fn refused(&self, options: OpaOptions) -> String {
        let error = OpaEngine::new(options).unwrap_err().to_string();
        error.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

#[tokio::test]
async fn an_opa_with_tls_is_known_by_its_ca_and_knows_us_by_our_certificate() {
    let world = World::new().await;
    let engine = OpaEngine::new(world.options()).unwrap();
    assert_eq!(engine.verify(signed()).await.unwrap().module, Some(module()));

    let without_ca = OpaEngine::new(OpaOptions { ca_files: Vec::new(), ..world.options() }).unwrap();
    assert_eq!(
        error_of(&without_ca).await,
        "OPA gave no verdict: it cannot be reached (invalid peer certificate: UnknownIssuer)"
    );
    let without_certificate = OpaEngine::new(OpaOptions { client: None, ..world.options() }).unwrap();
    let error = error_of(&without_certificate).await;
    assert!(error.starts_with("OPA gave no verdict: it cannot be reached ("), "{error}");
    assert_eq!(world.server.seen().len(), 1);
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_by_their_names() {
    let world = World::new().await;
    fs::write(world.file("empty"), " \n").unwrap();
    fs::write(world.file("broken"), "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").unwrap();
    fs::write(world.file("two lines"), "a\nb").unwrap();
    fs::write(world.file("other.key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let ca = |name: &str| world.refused(OpaOptions { ca_files: vec![world.file(name)], ..world.options() });
    assert_eq!(ca("missing"), "missing: No such file or directory (os error 2)");
    assert_eq!(ca("empty"), "empty: it holds no certificate in PEM");
    assert!(ca("broken").starts_with("broken: it is not well-formed PEM ("), "{}", ca("broken"));
    let client = |certificate: &str, key: &str| {
        let client = ClientFiles { certificate: world.file(certificate), key: world.file(key) };
        world.refused(OpaOptions { client: Some(client), ..world.options() })
    };
    assert_eq!(client("own.key.pem", "own.key.pem"), "own.key.pem: it holds no certificate in PEM");
    assert_eq!(client("own.pem", "own.pem"), "own.pem: it holds no private key in PEM that is not encrypted");
    let other = client("own.pem", "other.key.pem");
    assert!(other.starts_with("other.key.pem: it does not go with the certificate ("), "{other}");
    let token = |name: &str| world.refused(OpaOptions { token_file: Some(world.file(name)), ..world.options() });
    assert_eq!(token("empty"), "empty: it holds no token");
    assert_eq!(token("two lines"), "two lines: it holds no token");
}

/// An OPA that takes tokens, and an engine with one in a file.
async fn with_token(text: &str) -> (TempDir, Server, OpaEngine) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, text).unwrap();
    let server = Server::start(|seen| result(&judged(seen))).await;
    let engine = OpaEngine::new(OpaOptions { token_file: Some(file), ..options(&server) }).unwrap();
    (folder, server, engine)
}

#[tokio::test]
async fn a_token_is_sent_and_never_shown() {
    let (_folder, server, engine) = with_token("s3cret\n").await;
    engine.verify(signed()).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer s3cret"));
    assert!(!format!("{engine:?}").contains("s3cret"), "{engine:?}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_replaced_is_read_again_and_one_that_is_spoilt_is_not_used() {
    let (folder, _server, engine) = with_token("first").await;
    let file = folder.path().join("token");
    let token = || engine.access.authorization().unwrap();
    assert_eq!(token(), "Bearer first");
    fs::write(&file, "second").unwrap();
    assert_eq!(token(), "Bearer first");
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(token(), "Bearer second");
    fs::write(&file, "").unwrap();
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(token(), "Bearer second");
}
