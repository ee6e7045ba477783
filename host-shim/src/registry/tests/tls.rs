//! TLS with a CA of one's own, with none, and with no TLS at all on one side.

use std::{fs, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ServerConfig, crypto::ring};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A CA, and a server that has a certificate of it.
pub(super) struct World {
    folder: TempDir,
    pub(super) server: Server,
}

impl World {
    async fn new() -> Self {
        Self::of(|_| manifest_reply(CONTENT)).await
    }

    pub(super) async fn of(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &ca).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), ca.pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let server = Server::start_with(Some(tls), answer).await;
        Self { folder, server }
    }

    /// Options that trust the CA.
    pub(super) fn trusted(&self) -> RegistryOptions {
        trusting(&self.file("ca.pem"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn resolve(&self, options: RegistryOptions) -> Result<Descriptor<'static>, FetchError> {
        let image = image(&self.server, ":v1");
        Registries::new(options).unwrap().repository(&image).resolve(&image, &allowance(ample())).await
    }
}

fn trusting(path: &Path) -> RegistryOptions {
    RegistryOptions { ca_files: vec![path.to_owned()], ..Default::default() }
}

#[tokio::test]
async fn a_registry_is_trusted_by_the_ca_file_and_not_without_it() {
    let world = World::new().await;
    assert!(world.resolve(trusting(&world.file("ca.pem"))).await.is_ok());
    assert_eq!(code_of(world.resolve(RegistryOptions::default()).await), Code::RegistryTlsFailed);
}

#[tokio::test]
async fn tls_on_one_side_only_is_an_error_and_never_falls_back() {
    let world = World::new().await;
    let plain = RegistryOptions { plain_http: PlainHttp::Always, ..Default::default() };
    assert_eq!(code_of(world.resolve(plain).await), Code::RegistryUnavailable);

    let asked = Asked::same(manifest_reply(CONTENT)).await;
    let image = image(&asked.server, ":v1");
    let resolve = async |plain_http| {
        let registries = Registries::new(RegistryOptions { plain_http, ..Default::default() }).unwrap();
        registries.repository(&image).resolve(&image, &allowance(ample())).await
    };
    assert_eq!(code_of(resolve(PlainHttp::Never).await), Code::RegistryTlsFailed);
    assert_eq!(code_of(resolve(PlainHttp::Hosts(["r.example".to_owned()].into())).await), Code::RegistryTlsFailed);
    assert!(resolve(PlainHttp::Hosts([asked.server.host()].into())).await.is_ok());
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_named_with_its_reason() {
    let world = World::new().await;
    let ca = fs::read_to_string(world.file("ca.pem")).unwrap();
    for (text, reason) in [
        (String::new(), "holds no certificate"),
        ("no PEM".to_owned(), "holds no certificate"),
        (ca[..ca.len() - 30].to_owned(), "not well-formed PEM"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
            "certificate 1 in it cannot be read",
        ),
        (format!("{ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "certificate 2 in it"),
        (" ".repeat(5 << 20), "is larger than"),
    ] {
        fs::write(world.file("bad.pem"), text).unwrap();
        let error = Registries::new(trusting(&world.file("bad.pem"))).err().unwrap();
        assert!(error.to_string().contains("bad.pem") && error.to_string().contains(reason), "{error}");
    }
    let error = Registries::new(trusting(&world.file("missing.pem"))).err().unwrap();
    assert!(error.to_string().contains("missing.pem"), "{error}");
}
