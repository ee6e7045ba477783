//! The server on real sockets with real certificates.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, mpsc},
    time::Duration,
};

use axum::{Extension, Router, routing::get};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use reqwest::{Certificate, Identity, tls};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    runtime::Builder,
    sync::{Notify, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use super::{
    Addresses, Client, Ending, Readiness, Server, TlsFiles, TlsFilesError,
    connection::{Door, MAX_CONNECTIONS},
    tls::{Certificates, Reread},
};
use crate::{
    config::live::{NamespacedObjects, watch_files},
    engine::Native,
};

/// The only request on its connection.
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A CA, and what it has issued.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key, in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A server behind a door with TLS, which answers who asks.
struct Served {
    url: String,
    certificates: Arc<Certificates>,
    files: TlsFiles,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
    _folder: TempDir,
}

fn write(files: &TlsFiles, (certificate, key): &(String, String), client_ca: &str) {
    std::fs::write(&files.certificate, certificate).unwrap();
    std::fs::write(&files.key, key).unwrap();
    if let [file] = files.client_cas.as_slice() {
        std::fs::write(file, client_ca).unwrap();
    }
}

fn files(folder: &Path, knows_clients: bool) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        client_cas: if knows_clients { vec![folder.join("ca.crt")] } else { Vec::new() },
    }
}

async fn served(own: &Authority, clients: Option<&Authority>, router: Router) -> Served {
    served_at_once(own, clients, router, MAX_CONNECTIONS).await
}

async fn served_at_once(own: &Authority, clients: Option<&Authority>, router: Router, at_once: usize) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path(), clients.is_some());
    write(&files, &own.issue("server"), &clients.map(Authority::pem).unwrap_or_default());
    let certificates = Arc::new(Certificates::read(files.clone()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let door = Door { listener, certificates: Some(Arc::clone(&certificates)), router, at_once };
    let stop = CancellationToken::new();
    let task = tokio::spawn(door.serve(stop.clone(), Duration::from_secs(20)));
    Served { url, certificates, files, stop, task, _folder: folder }
}

fn who() -> Router {
    Router::new().route("/", get(async |Extension(client): Extension<Client>| format!("{client:?}")))
}

fn client(trusts: &Authority, shows: Option<(String, String)>) -> reqwest::ClientBuilder {
    // reqwest takes the process's; an error means that it has one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder =
        reqwest::Client::builder().no_proxy().tls_certs_only([Certificate::from_pem(trusts.pem().as_bytes()).unwrap()]);
    match shows {
        Some((certificate, key)) => {
            builder.identity(Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap())
        }
        None => builder,
    }
}

async fn get_text(client: &reqwest::Client, url: &str) -> reqwest::Result<String> {
    client.get(url).send().await?.text().await
}

#[tokio::test]
async fn a_client_is_known_by_a_certificate_of_its_ca_and_by_no_other() {
    let (own, clients, stranger) = (Authority::new("own"), Authority::new("clients"), Authority::new("stranger"));
    let served = served(&own, Some(&clients), who()).await;
    let known = client(&own, Some(clients.issue("gatekeeper"))).build().unwrap();
    let said = get_text(&known, &served.url).await.unwrap();
    assert!(said.contains("gatekeeper"), "{said}");
    for shows in [None, Some(stranger.issue("gatekeeper")), Some(own.issue("gatekeeper"))] {
        let client = client(&own, shows).build().unwrap();
        assert!(get_text(&client, &served.url).await.is_err());
    }
}

#[tokio::test]
async fn without_a_ca_for_clients_everybody_is_anonymous() {
    let own = Authority::new("own");
    let served = served(&own, None, who()).await;
    let shows = client(&own, Some(own.issue("gatekeeper"))).build().unwrap();
    assert_eq!(get_text(&shows, &served.url).await.unwrap(), "Anonymous");
}

#[tokio::test]
async fn a_certificate_is_shown_for_each_connection_and_no_session_stands_for_it() {
    let (own, clients) = (Authority::new("own"), Authority::new("clients"));
    let served = served(&own, Some(&clients), who()).await;
    let (certificate, key) = clients.issue("gatekeeper");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(own.pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap();
    let (connector, address) =
        (TlsConnector::from(Arc::new(config)), served.url["https://".len()..].trim_end_matches('/'));
    for _ in 0..2 {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
        stream.write_all(GET).await.unwrap();
        let mut said = String::new();
        // To the end: what a session is resumed by comes after the handshake.
        stream.read_to_string(&mut said).await.unwrap();
        assert!(said.contains("gatekeeper"), "{said}");
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn nothing_older_than_tls_1_3_is_spoken() {
    let own = Authority::new("own");
    let served = served(&own, None, who()).await;
    let old = client(&own, None).tls_version_max(tls::Version::TLS_1_2).build().unwrap();
    assert!(get_text(&old, &served.url).await.is_err());
}

#[tokio::test]
async fn certificates_are_replaced_for_new_connections_and_old_ones_are_asked_to_greet_again() {
    let (own, next) = (Authority::new("own"), Authority::new("next"));
    let (clients, others) = (Authority::new("clients"), Authority::new("others"));
    let served = served(&own, Some(&clients), who()).await;
    let before = client(&own, Some(clients.issue("gatekeeper"))).build().unwrap();
    get_text(&before, &served.url).await.unwrap();

    write(&served.files, &next.issue("server"), &others.pem());
    assert!(matches!(served.certificates.read_again(), Ok(Reread::Changed)));
    assert!(matches!(served.certificates.read_again(), Ok(Reread::Unchanged)));
    // It is answered once more on its connection, and has to come again; with a certificate of the CA of before it is nobody.
    let last = before.get(&served.url).send().await.unwrap();
    assert_eq!(last.headers()["connection"], "close");
    last.text().await.unwrap();
    assert!(get_text(&before, &served.url).await.is_err());
    let after = client(&next, Some(others.issue("gatekeeper"))).build().unwrap();
    assert!(get_text(&after, &served.url).await.unwrap().contains("gatekeeper"));
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_what_is_in_use() {
    let (own, clients) = (Authority::new("own"), Authority::new("clients"));
    let served = served(&own, Some(&clients), who()).await;
    let (certificate, key) = own.issue("server");
    let (_, other_key) = own.issue("server");
    let ca = clients.pem();
    for (pair, ca, said) in [
        ((String::new(), key.clone()), ca.as_str(), "tls.crt: holds no certificate in PEM"),
        ((certificate.clone(), "junk".to_owned()), &ca, "tls.key: holds no private key in PEM"),
        ((certificate.clone(), other_key), &ca, "tls.key: is not the key of the certificate in "),
        ((certificate.clone(), key.clone()), "", "ca.crt: holds no certificate in PEM"),
    ] {
        write(&served.files, &pair, ca);
        let error = served.certificates.read_again().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    std::fs::remove_file(&served.files.key).unwrap();
    assert!(matches!(served.certificates.read_again(), Err(TlsFilesError::Unreadable { .. })));
    let known = client(&own, Some(clients.issue("gatekeeper"))).build().unwrap();
    assert!(get_text(&known, &served.url).await.is_ok());
}

#[tokio::test]
async fn what_is_being_answered_is_answered_to_the_end_when_the_server_stops() {
    let own = Authority::new("own");
    let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (arrived, wait) = (Arc::clone(&reached), Arc::clone(&go));
    let slow = get(async move || {
        arrived.notify_one();
        wait.notified().await;
        "done"
    });
    let served = served(&own, None, Router::new().route("/", slow)).await;
    let client = client(&own, None).build().unwrap();
    let url = served.url.clone();
    let asking = tokio::spawn(async move { get_text(&client, &url).await });
    reached.notified().await;
    served.stop.cancel();
    go.notify_one();
    assert_eq!(asking.await.unwrap().unwrap(), "done");
    served.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_with_all_its_connections_in_use_stops_when_it_is_told_to() {
    let own = Authority::new("own");
    let served = served_at_once(&own, None, who(), 1).await;
    let client = client(&own, None).build().unwrap();
    // The client keeps its connection.
    get_text(&client, &served.url).await.unwrap();
    served.stop.cancel();
    // A client that says nothing is let go after a minute.
    timeout(Duration::from_secs(20), served.task).await.unwrap().unwrap().unwrap();
}

/// What a door without TLS says.
fn knock(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    // Only where nobody answers.
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(GET)?;
    io::read_to_string(stream)
}

#[test]
fn who_knocks_is_answered_while_all_other_threads_are_busy() {
    let own = Authority::new("own");
    let folder = tempfile::tempdir().unwrap();
    let tls = files(folder.path(), false);
    write(&tls, &own.issue("server"), "");
    let config = folder.path().join("config.yaml");
    std::fs::copy(crate::testing::fixture("demo/verify-config.yaml"), &config).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let router = Router::new().route("/", get(async || "here"));
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (stop, stopping) = oneshot::channel::<()>();
    let (health, running) = runtime.block_on(async {
        let live = watch_files(vec![config], NamespacedObjects::Add, Arc::new(Notify::new())).await.unwrap();
        let readiness = Arc::new(Readiness::new(live, Arc::new(Native::default())));
        let addresses = Addresses { api: any, health: any };
        let server = Server::bind(addresses, tls, router.clone(), router, Arc::default()).await.unwrap();
        let health = server.addresses().unwrap().health;
        let ending = Ending { delay: Duration::ZERO, drain: Duration::from_secs(20) };
        let stopping = async {
            let _ = stopping.await;
        };
        (health, tokio::spawn(server.run(readiness, ending, stopping)))
    });
    assert!(knock(health).unwrap().ends_with("here"));
    let ((busy, is_busy), (go, wait)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
    runtime.spawn(async move {
        busy.send(()).unwrap();
        let _ = wait.recv();
    });
    is_busy.recv().unwrap();
    let said = knock(health);
    drop(go);
    assert!(said.unwrap().ends_with("here"));
    stop.send(()).unwrap();
    runtime.block_on(running).unwrap().unwrap();
}
