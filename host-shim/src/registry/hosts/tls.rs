//! TLS as one host wants it: its CAs and our certificates, read and checked when the configuration is.

use std::{fmt, path::Path, sync::Arc};

use rustls::{crypto::ring, sign::CertifiedKey};
use rustls_pki_types::{PrivateKeyDer, TrustAnchor, pem::PemObject};

use super::Reading;
use crate::{registry::transport::tls, sources::finding::quoted};

/// A certificate of ours, with its key, which fits.
pub type ClientCertificate = Arc<CertifiedKey>;

/// Whom to trust as a host, and who we are to it.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// CAs that are trusted for this host beside those of the system.
    pub cas: Vec<TrustAnchor<'static>>,
    /// Certificates of ours to choose from, where the host asks for one.
    pub clients: Vec<ClientCertificate>,
    /// Whether nobody checks whose certificate the host has. It is only true where the command line allows that.
    pub skip_verify: bool,
}

/// Without what a certificate says, and without keys.
impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cas, clients, skip_verify } = self;
        f.debug_struct("TlsSettings")
            .field("cas", &cas.len())
            .field("clients", &clients.len())
            .field("skip_verify", skip_verify)
            .finish()
    }
}

/// The CAs of a file.
pub(super) fn cas(path: &Path, reading: &Reading) -> Result<Vec<TrustAnchor<'static>>, String> {
    tls::anchors(&reading.pem(path)?)
}

/// A client certificate with its chain, and its key, which stands in the same file where no other is named.
pub(super) fn client(path: &Path, key: Option<&Path>, reading: &Reading) -> Result<ClientCertificate, String> {
    let pem = reading.pem(path)?;
    let chain = tls::certificates(&pem)?;
    let key = match key {
        None => private_key(&pem)?,
        Some(path) => {
            let of_key = |reason| format!("its key {}: {reason}", quoted(&path.to_string_lossy()));
            reading.pem(path).and_then(|pem| private_key(&pem)).map_err(of_key)?
        }
    };
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    certified.map(Arc::new).map_err(|error| format!("certificate and key do not go together ({error})"))
}

/// The reader's own error is not shown: it may hold a line of the key.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "it holds no private key in PEM that is not encrypted".to_owned())
}
