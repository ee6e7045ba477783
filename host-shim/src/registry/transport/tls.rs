//! Whom to trust as a registry: the CAs of the system, and those of `--ca-file`.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject};
use tracing::{debug, warn};

use super::error::CaFileError;

/// Bytes of a CA file; the bundle of a whole system has some 250,000.
const MAX_CA_FILE_BYTES: u64 = 4 << 20;

/// The settings of TLS connections.
///
/// # Errors
/// Where a CA file cannot be read, or holds anything but certificates that can be a CA's.
pub(super) fn client_config(ca_files: &[PathBuf]) -> Result<ClientConfig, CaFileError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        warn!(%error, "CAs of the system could not be read");
    }
    let (added, ignored) = roots.add_parsable_certificates(system.certs);
    debug!(added, ignored, "read the CAs of the system");
    for path in ca_files {
        add_file(&mut roots, path).map_err(|reason| CaFileError { path: path.clone(), reason })?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config = match builder.with_safe_default_protocol_versions() {
        Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
        Err(error) => return Err(CaFileError { path: PathBuf::new(), reason: error.to_string() }),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    roots.extend(anchors(&read(path)?)?);
    Ok(())
}

/// The bytes of a file of certificates or a key.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut pem = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_CA_FILE_BYTES + 1).read_to_end(&mut pem))
        .map_err(|error| error.to_string())?;
    if pem.len() as u64 > MAX_CA_FILE_BYTES {
        return Err(format!("it is larger than {MAX_CA_FILE_BYTES} bytes"));
    }
    Ok(pem)
}

/// The CAs in PEM; there is at least one.
pub(super) fn anchors(pem: &[u8]) -> Result<Vec<TrustAnchor<'static>>, String> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(pem)?.into_iter().enumerate() {
        let count = index + 1;
        roots.add(certificate).map_err(|error| format!("certificate {count} in it cannot be read ({error})"))?;
    }
    Ok(roots.roots)
}

/// The certificates in PEM; there is at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| format!("it is not well-formed PEM ({error})"))?;
    if certificates.is_empty() { Err("it holds no certificate in PEM".to_owned()) } else { Ok(certificates) }
}
