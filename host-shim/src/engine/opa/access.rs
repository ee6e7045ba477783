//! How OPA is reached: over TLS or plainly, with what it asks for as a login. The files are read again while it is asked, since certificates and
//! tokens of a cluster are replaced every day or hour.

use std::{
    error::Error,
    fmt,
    fs::File,
    io::Read as _,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use reqwest::Client;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio::time::Instant;
use tracing::warn;
use url::Url;
use wasm_policy::text::shown;

use super::{
    error::{OpaError, OpaSetupError},
    options::ClientFiles,
};

/// Bytes of an answer: a verdict on an image with the most signatures that are looked at, 1,000, has some 2 MB.
pub(super) const MAX_ANSWER_BYTES: usize = 16 << 20;
/// Bytes of a file with certificates, a key or a token; the CAs of a whole system have some 250,000.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// How long files are used before they are read again.
const FILES_KEPT: Duration = Duration::from_secs(10);
/// Connections that nobody uses are closed before something between closes them.
const IDLE: Duration = Duration::from_secs(30);

/// How OPA is reached.
pub(super) struct Access {
    files: Files,
    in_use: Mutex<InUse>,
}

/// Where that is said.
struct Files {
    cas: Vec<PathBuf>,
    client: Option<ClientFiles>,
    token: Option<PathBuf>,
    connections: NonZeroUsize,
}

/// The bytes of the files.
#[derive(Clone, PartialEq, Eq)]
struct Texts {
    cas: Vec<Vec<u8>>,
    client: Option<(Vec<u8>, Vec<u8>)>,
    token: Option<Vec<u8>>,
}

struct InUse {
    texts: Texts,
    read: Instant,
    way: Way,
}

/// What a query is sent with.
#[derive(Clone)]
struct Way {
    client: Client,
    authorization: Option<HeaderValue>,
}

impl Access {
    /// Reads the files for the first time.
    pub(super) fn read(
        cas: Vec<PathBuf>,
        client: Option<ClientFiles>,
        token: Option<PathBuf>,
        connections: NonZeroUsize,
    ) -> Result<Self, OpaSetupError> {
        let files = Files { cas, client, token, connections };
        let texts = files.read()?;
        let in_use = InUse { way: files.way(&texts)?, texts, read: Instant::now() };
        Ok(Self { files, in_use: Mutex::new(in_use) })
    }

    /// Sends a query, and gives the status and the body of the answer.
    pub(super) async fn post(&self, url: Url, body: Bytes) -> Result<(StatusCode, Vec<u8>), OpaError> {
        let Way { client, authorization } = self.way();
        let mut request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("image-integrity/", env!("CARGO_PKG_VERSION")))
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(OpaError::TooLarge(MAX_ANSWER_BYTES));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((status, body))
    }

    #[cfg(test)]
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        self.way().authorization
    }

    /// What the files say now. Where they cannot be used, what they said before stays.
    fn way(&self) -> Way {
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use.read.elapsed() >= FILES_KEPT {
            in_use.read = Instant::now();
            if let Err(error) = self.files.read_again(&mut in_use) {
                warn!(%error, "what OPA is reached with cannot be read again");
            }
        }
        in_use.way.clone()
    }
}

impl Files {
    fn read_again(&self, in_use: &mut InUse) -> Result<(), OpaSetupError> {
        let texts = self.read()?;
        if texts != in_use.texts {
            in_use.way = self.way(&texts)?;
            in_use.texts = texts;
        }
        Ok(())
    }

    fn read(&self) -> Result<Texts, OpaSetupError> {
        let client = self.client.as_ref().map(|files| Ok((read(&files.certificate)?, read(&files.key)?)));
        Ok(Texts {
            cas: self.cas.iter().map(|path| read(path)).collect::<Result<_, _>>()?,
            client: client.transpose()?,
            token: self.token.as_deref().map(read).transpose()?,
        })
    }

    /// Builds a client of what the files say.
    fn way(&self, texts: &Texts) -> Result<Way, OpaSetupError> {
        let client = Client::builder()
            .tls_backend_preconfigured(self.tls(texts)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(self.connections.get())
            .build()
            .map_err(|error| OpaSetupError::Client(innermost(&error)))?;
        let token = self.token.as_deref().zip(texts.token.as_deref());
        Ok(Way { client, authorization: token.map(|(path, token)| bearer(path, token)).transpose()? })
    }

    fn tls(&self, texts: &Texts) -> Result<ClientConfig, OpaSetupError> {
        let mut roots = RootCertStore::empty();
        for (path, pem) in self.cas.iter().zip(&texts.cas) {
            for certificate in certificates(path, pem)? {
                roots.add(certificate).map_err(|error| unusable(path, error))?;
            }
        }
        if self.cas.is_empty() {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| OpaSetupError::Client(error.to_string()))?
            .with_root_certificates(roots);
        let mut config = match (&self.client, &texts.client) {
            (Some(files), Some((certificate, key))) => {
                let chain = certificates(&files.certificate, certificate)?;
                // The reader's own error is not shown: it may hold a line of the key.
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|_| unusable(&files.key, "it holds no private key in PEM that is not encrypted"))?;
                let do_not_fit = |error| unusable(&files.key, format!("it does not go with the certificate ({error})"));
                builder.with_client_auth_cert(chain, key).map_err(do_not_fit)?
            }
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, OpaSetupError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| unusable(path, error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(unusable(path, format!("it is larger than {MAX_FILE_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The certificates in PEM; there is at least one.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, OpaSetupError> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let read = read.map_err(|error| unusable(path, format!("it is not well-formed PEM ({error})")))?;
    if read.is_empty() { Err(unusable(path, "it holds no certificate in PEM")) } else { Ok(read) }
}

/// A token's file usually ends with a line feed.
fn bearer(path: &Path, token: &[u8]) -> Result<HeaderValue, OpaSetupError> {
    let token = token.trim_ascii();
    let value = HeaderValue::from_bytes(&[b"Bearer ", token].concat());
    let mut value = value.ok().filter(|_| !token.is_empty()).ok_or_else(|| unusable(path, "it holds no token"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unusable(path: &Path, reason: impl fmt::Display) -> OpaSetupError {
    OpaSetupError::File { path: path.to_owned(), reason: reason.to_string() }
}

fn unreachable(error: &reqwest::Error) -> OpaError {
    OpaError::Unreachable(innermost(error))
}

/// The cause at the end of the chain: the ones before say only that there was one.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    shown(&error.to_string()).to_string()
}

/// Without keys and tokens.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files: Files { cas, client, token, connections: _ }, in_use: _ } = self;
        f.debug_struct("Access").field("cas", cas).field("client", client).field("token", token).finish_non_exhaustive()
    }
}
