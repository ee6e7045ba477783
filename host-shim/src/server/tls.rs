//! The server's certificate and the CAs of its clients, read from files and read again when these change.
//!
//! TLS 1.3 alone, as Gatekeeper demands of its providers. Files that cannot be used leave what is in use as it is, and that is told.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::{default_provider, sign::any_supported_type},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use wasm_policy::{limits::Limits, time::Instant as Time, x509::Certificate};

/// Bytes of a file with certificates or a key.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Where the certificates are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's chain in PEM, the leaf first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
    /// The CAs that issue the clients' certificates; without any no client is asked for one.
    pub client_cas: Vec<PathBuf>,
}

/// Why certificates cannot be used.
#[derive(Debug, Error)]
pub enum TlsFilesError {
    /// A file that cannot be read.
    #[error("{}: {reason}", wasm_policy::text::shown(&file.to_string_lossy()))]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file that does not hold what it should.
    #[error("{}: {reason}", wasm_policy::text::shown(&file.to_string_lossy()))]
    Unusable {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// What new connections are met with.
#[derive(Clone, Debug)]
pub(super) struct InUse {
    pub(super) config: Arc<ServerConfig>,
    /// Grows with each change, so that connections of before can be told.
    pub(super) generation: u64,
    not_after: Option<Time>,
    digest: [u8; 32],
}

/// Certificates that are read again.
#[derive(Debug)]
pub(super) struct Certificates {
    files: TlsFiles,
    in_use: RwLock<InUse>,
}

/// What came of reading again.
#[derive(Debug)]
pub(super) enum Reread {
    Unchanged,
    Changed,
}

impl Certificates {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// Where a file cannot be used.
    pub(super) fn read(files: TlsFiles) -> Result<Self, TlsFilesError> {
        let texts = Texts::read(&files)?;
        let in_use = InUse {
            config: texts.config(&files)?,
            generation: 0,
            not_after: texts.not_after(),
            digest: texts.digest(),
        };
        Ok(Self { files, in_use: RwLock::new(in_use) })
    }

    pub(super) fn in_use(&self) -> InUse {
        self.in_use.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last second in which the server's certificate is valid, where that could be read.
    pub(super) fn not_after(&self) -> Option<Time> {
        self.in_use().not_after
    }

    /// Whether clients must show a certificate.
    pub(super) fn knows_clients(&self) -> bool {
        !self.files.client_cas.is_empty()
    }

    /// Reads the files again, and uses them where they have changed.
    ///
    /// # Errors
    /// Where a file cannot be used; then what is in use stays.
    pub(super) fn read_again(&self) -> Result<Reread, TlsFilesError> {
        let texts = Texts::read(&self.files)?;
        let (now, digest) = (self.in_use(), texts.digest());
        if now.digest == digest {
            return Ok(Reread::Unchanged);
        }
        let config = texts.config(&self.files)?;
        *self.in_use.write().unwrap_or_else(PoisonError::into_inner) =
            InUse { config, generation: now.generation + 1, not_after: texts.not_after(), digest };
        Ok(Reread::Changed)
    }
}

/// The files as they are now.
struct Texts {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_cas: Vec<Vec<u8>>,
}

impl Texts {
    fn read(files: &TlsFiles) -> Result<Self, TlsFilesError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_cas: files.client_cas.iter().map(|file| read(file)).collect::<Result<_, _>>()?,
        })
    }

    fn digest(&self) -> [u8; 32] {
        let mut state = Sha256::new();
        for text in [&self.certificate, &self.key].into_iter().chain(&self.client_cas) {
            state.update(text.len().to_le_bytes());
            state.update(text);
        }
        state.finalize().into()
    }

    fn not_after(&self) -> Option<Time> {
        let chain = certificates(&self.certificate).ok()?;
        Some(Certificate::parse(chain.first()?, &Limits::default()).ok()?.not_after())
    }

    fn config(&self, files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsFilesError> {
        let unusable = |file: &Path, reason: String| TlsFilesError::Unusable { file: file.to_owned(), reason };
        let chain = certificates(&self.certificate).map_err(|reason| unusable(&files.certificate, reason))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| unusable(&files.key, format!("holds no private key in PEM ({error})")))?;
        let key = any_supported_type(&key).map_err(|error| unusable(&files.key, error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|_| {
            let other = wasm_policy::text::shown(&files.certificate.to_string_lossy()).to_string();
            unusable(&files.key, format!("is not the key of the certificate in {other}"))
        })?;

        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&TLS13])
            .map_err(|error| unusable(&files.certificate, error.to_string()))?;
        let config = if files.client_cas.is_empty() {
            config.with_no_client_auth()
        } else {
            let mut roots = RootCertStore::empty();
            for (file, text) in files.client_cas.iter().zip(&self.client_cas) {
                for ca in certificates(text).map_err(|reason| unusable(file, reason))? {
                    roots
                        .add(ca)
                        .map_err(|error| unusable(file, format!("holds a certificate that is no CA ({error})")))?;
                }
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            let verifier = verifier.map_err(|error| unusable(&files.certificate, error.to_string()))?;
            config.with_client_cert_verifier(verifier)
        };
        let mut config = config.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Who resumes a session shows no certificate again: it could have expired since, or its CA been taken away.
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Arc::new(config))
    }
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("holds no certificate in PEM".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("is no PEM ({error})")),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, TlsFilesError> {
    let unreadable = |reason| TlsFilesError::Unreadable { file: file.to_owned(), reason };
    if fs::metadata(file).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        let reason = format!("has more than {MAX_FILE_BYTES} bytes");
        return Err(TlsFilesError::Unusable { file: file.to_owned(), reason });
    }
    fs::read(file).map_err(unreadable)
}
