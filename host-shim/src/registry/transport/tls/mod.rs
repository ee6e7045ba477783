//! Whom to trust as a registry, and who we are to one that asks: PEM files, and the settings of TLS connections that are made of them.

mod unverified;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore, SignatureScheme,
    client::{ResolvesClientCert, danger::ServerCertVerifier},
    crypto::ring,
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject};
use tracing::{debug, warn};

use super::connection::{Settings, Trust};
use crate::registry::error::ConnectionError;

/// Bytes of a PEM file; the bundle of a whole system has some 250,000.
const MAX_PEM_FILE_BYTES: u64 = 4 << 20;

/// The settings of connections to a host.
pub(super) fn client_config(host: &Settings) -> Result<ClientConfig, ConnectionError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder =
        builder.with_safe_default_protocol_versions().map_err(|error| ConnectionError::Client(error.to_string()))?;
    let builder = match host.trust {
        Trust::Verified => {
            let mut roots = system().clone();
            roots.extend(host.cas.iter().cloned());
            builder.with_root_certificates(roots)
        }
        Trust::Unverified => {
            let verifier: Arc<dyn ServerCertVerifier> = Arc::new(unverified::Unverified::new(&provider));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
    };
    let mut config = match host.clients.as_slice() {
        [] => builder.with_no_client_auth(),
        clients => builder.with_client_cert_resolver(Arc::new(Clients(clients.to_vec()))),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The CAs of the system. They are read once: a host is one of many.
fn system() -> &'static RootCertStore {
    static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();
    SYSTEM.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            warn!(%error, "CAs of the system could not be read");
        }
        let (added, ignored) = roots.add_parsable_certificates(system.certs);
        debug!(added, ignored, "read the CAs of the system");
        roots
    })
}

/// Our certificates for a host.
#[derive(Debug)]
struct Clients(Vec<Arc<CertifiedKey>>);

impl ResolvesClientCert for Clients {
    /// The first whose key the host can check. Which issuers it knows is a hint that servers often get wrong.
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|client| client.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The CAs of files.
///
/// # Errors
/// Where one cannot be read, or holds anything but certificates that can be a CA's.
pub(in crate::registry) fn read_cas(files: &[PathBuf]) -> Result<Vec<TrustAnchor<'static>>, ConnectionError> {
    let mut cas = Vec::new();
    for path in files {
        let read = read(path).and_then(|pem| anchors(&pem));
        cas.extend(read.map_err(|reason| ConnectionError::CaFile { path: path.clone(), reason })?);
    }
    Ok(cas)
}

/// The bytes of a file of certificates or a key.
pub(in crate::registry) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PEM_FILE_BYTES + 1).read_to_end(&mut pem))
        .map_err(|error| error.to_string())?;
    if pem.len() as u64 > MAX_PEM_FILE_BYTES {
        return Err(format!("it is larger than {MAX_PEM_FILE_BYTES} bytes"));
    }
    Ok(pem)
}

/// The CAs in PEM; there is at least one.
pub(in crate::registry) fn anchors(pem: &[u8]) -> Result<Vec<TrustAnchor<'static>>, String> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(pem)?.into_iter().enumerate() {
        let count = index + 1;
        roots.add(certificate).map_err(|error| format!("certificate {count} in it cannot be read ({error})"))?;
    }
    Ok(roots.roots)
}

/// The certificates in PEM; there is at least one.
pub(in crate::registry) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| format!("it is not well-formed PEM ({error})"))?;
    if certificates.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(certificates) }
}
