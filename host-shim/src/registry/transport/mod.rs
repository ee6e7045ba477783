//! One bounded HTTP request at a time: deadline, bytes, redirects, and what an error means.
//!
//! reqwest brings HTTP and TLS. What it would do of its own accord is off: it follows no redirect, unpacks no compressed body (digests are of the bytes
//! as stored), and takes no proxy from the environment.

use std::{
    collections::HashMap,
    error::Error,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, USER_AGENT},
};
use reqwest::{Client, Response};
use tokio::{sync::Semaphore, time::Instant};
use tracing::debug;
use url::Url;

use super::{
    address::{AddressRefused, NameUnresolved, Reach, is_near},
    error::{Asked, CaFileError, FetchError, Reason, RegistryWords},
    redirect, tls,
};
use crate::allowance::Allowance;

/// Redirects that are followed: one to storage, one within it, one to spare.
const MAX_REDIRECTS: usize = 3;
/// Bytes of an error's body that are read, for the registry's own words.
const MAX_ERROR_BYTES: u64 = 16 << 10;
/// Requests to one host at a time, so that neither it nor the images of other hosts suffer.
const REQUESTS_AT_ONCE: usize = 8;

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    named: Client,
    redirected: Client,
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A request for something. It is always a GET, without a body.
pub(super) struct Request<'a> {
    pub(super) url: Url,
    pub(super) accept: &'a str,
    pub(super) asked: &'a Asked,
    /// Bytes of the answer.
    pub(super) limit: Limit,
    /// Manifests and blobs may be stored elsewhere; lists may not.
    pub(super) redirects: Redirects,
}

/// How large an answer may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// As large as we accept.
    Accepted(u64),
    /// As large as its descriptor declares.
    Declared(u64),
}

/// Whether redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirects {
    Followed,
    Refused,
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// On an error status at most the first [`MAX_ERROR_BYTES`].
    pub(super) body: Vec<u8>,
    /// Whose answer it is, after redirects.
    pub(super) host: String,
}

impl Transport {
    /// # Errors
    /// Where a CA file cannot be used.
    pub(super) fn new(ca_files: &[PathBuf]) -> Result<Self, CaFileError> {
        let tls = tls::client_config(ca_files)?;
        let client = |reach: Reach| {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .dns_resolver(Arc::new(reach))
                .build()
                .map_err(|error| CaFileError { path: PathBuf::new(), reason: innermost(&error) })
        };
        Ok(Self { named: client(Reach::Named)?, redirected: client(Reach::Redirected)?, hosts: Mutex::default() })
    }

    /// Sends a request, follows its redirects where allowed, and reads the answer.
    ///
    /// # Errors
    /// Where there is no complete answer. An answer with an error status is an answer: what it means depends on what was asked.
    pub(super) async fn get(&self, request: Request<'_>, allowance: &Allowance) -> Result<Answer, FetchError> {
        let asked = request.asked;
        let mut url = request.url.clone();
        let mut hop = Hop { client: &self.named, reach: Reach::Named, accept: Some(request.accept) };
        for _ in 0..=MAX_REDIRECTS {
            let host = host_of(&url);
            hop.reach.check(&url).map_err(|refused| asked.failed(&host, hop.reason_of_refusal(&refused)))?;
            let exchange = self.exchange(&url, &hop, &request, allowance);
            let exchange = allowance.deadline().bound(exchange).await.unwrap_or(Err(Reason::DeadlinePassed));
            let (answer, peer) = exchange.map_err(|reason| asked.failed(&host, reason))?;
            if request.redirects == Redirects::Refused || !redirect::is_redirect(answer.status) {
                return Ok(answer);
            }
            let to = redirect::target(&url, &answer.headers)
                .map_err(|reason| asked.failed(&host, Reason::Redirect(reason)))?;
            if to.origin() != url.origin() {
                // A registry on this machine or its link may keep its storage there.
                let is_near = hop.reach == Reach::Named && peer.is_some_and(|peer| is_near(peer.ip()));
                let (client, reach) =
                    if is_near { (&self.named, Reach::Named) } else { (&self.redirected, Reach::Redirected) };
                hop = Hop { client, reach, accept: None };
            }
            url = to;
        }
        let reason = Reason::Redirect(format!("it is the fourth in a row, and {MAX_REDIRECTS} are followed"));
        Err(asked.failed(&host_of(&url), reason))
    }

    /// One request and its answer, of at most the limit's size.
    async fn exchange(
        &self,
        url: &Url,
        hop: &Hop<'_>,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<(Answer, Option<SocketAddr>), Reason> {
        let host = host_of(url);
        // The semaphore is never closed; without a permit the request would only be less polite.
        let _permit = self.turn_at(&host).acquire_owned().await.ok();
        allowance.count_request();
        let started = Instant::now();
        let response = hop.client.get(url.clone()).headers(hop.headers()).send().await;
        let response = response.map_err(|error| hop.reason_of(&error))?;
        let (status, peer) = (response.status(), response.remote_addr());
        let headers = response.headers().clone();
        let body = if status.is_success() {
            read(response, request.limit, allowance).await?
        } else {
            read_start(response, allowance).await?
        };
        // Not the query: signed storage URLs carry secrets in it.
        debug!(
            method = "GET",
            url = %format_args!("{}{}", url.origin().ascii_serialization(), url.path()),
            status = status.as_u16(),
            bytes = body.len(),
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "asked"
        );
        Ok((Answer { status, headers, body, host }, peer))
    }

    fn turn_at(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.entry(host.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(REQUESTS_AT_ONCE))).clone()
    }
}

impl Answer {
    /// The answer's type without its parameters.
    pub(super) fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or(value).trim())
    }

    /// What an error status means.
    pub(super) fn refused(&self, asked: &Asked) -> FetchError {
        let reason = Reason::Refused { status: self.status, said: RegistryWords::read(&self.body) };
        asked.failed(&self.host, reason)
    }
}

/// How one request of a chain of redirects is sent.
struct Hop<'a> {
    client: &'a Client,
    reach: Reach,
    /// Absent where the request goes to another origin than the registry's: that gets none of our own headers.
    accept: Option<&'a str>,
}

impl Hop<'_> {
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(accept) = self.accept {
            headers
                .insert(USER_AGENT, HeaderValue::from_static(concat!("image-integrity/", env!("CARGO_PKG_VERSION"))));
            if let Ok(accept) = HeaderValue::from_str(accept) {
                headers.insert(ACCEPT, accept);
            }
        }
        headers
    }

    /// What an error of the connection means. reqwest wraps it several times; our own and rustls's are found by their types.
    fn reason_of(&self, error: &reqwest::Error) -> Reason {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(mut error) = next {
            // An `io::Error` passes its content over when asked for its source, and there may be one within the other.
            while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                error = inner;
            }
            if let Some(unresolved) = error.downcast_ref::<NameUnresolved>() {
                return Reason::NameUnresolved(unresolved.to_string());
            }
            if let Some(refused) = error.downcast_ref::<AddressRefused>() {
                return self.reason_of_refusal(refused);
            }
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return Reason::Tls(tls.to_string());
            }
            next = error.source();
        }
        Reason::Unreachable(innermost(error))
    }

    fn reason_of_refusal(&self, refused: &AddressRefused) -> Reason {
        match self.accept {
            Some(_) => Reason::Unreachable(refused.to_string()),
            None => Reason::Redirect(refused.to_string()),
        }
    }
}

impl Limit {
    fn bytes(self) -> u64 {
        match self {
            Self::Accepted(bytes) | Self::Declared(bytes) => bytes,
        }
    }

    fn exceeded(self) -> Reason {
        Reason::TooLarge { limit: self.bytes(), declared: matches!(self, Self::Declared(_)) }
    }
}

/// Reads a body, whatever length it declares.
async fn read(mut response: Response, limit: Limit, allowance: &Allowance) -> Result<Vec<u8>, Reason> {
    let declared = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|declared| declared > limit.bytes()) {
        return Err(limit.exceeded());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        allowance.spend(chunk.len() as u64).map_err(|_| Reason::BudgetSpent)?;
        if (body.len() + chunk.len()) as u64 > limit.bytes() {
            return Err(limit.exceeded());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the start of an error's body. Where it breaks off the status still tells what is wrong.
async fn read_start(mut response: Response, allowance: &Allowance) -> Result<Vec<u8>, Reason> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        allowance.spend(chunk.len() as u64).map_err(|_| Reason::BudgetSpent)?;
        body.extend_from_slice(&chunk);
        if body.len() as u64 > MAX_ERROR_BYTES {
            break;
        }
    }
    Ok(body)
}

fn broken(error: &reqwest::Error) -> Reason {
    Reason::Unreachable(format!("it broke off in the middle of the answer ({})", innermost(error)))
}

/// The cause at the end of the chain: the ones before say only that there was one.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    wasm_policy::text::shown(&error.to_string()).to_string()
}

pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
