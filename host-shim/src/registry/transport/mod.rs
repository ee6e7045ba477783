//! Bounded HTTP: a deadline, a number of bytes, redirects by hand, tries again while there is time, and what an error means.
//!
//! reqwest brings HTTP and TLS. What it would do of its own accord is off: it follows no redirect, unpacks no compressed body (digests are of the bytes
//! as stored), and tries nothing again.

pub(super) mod address;
mod connection;
mod exchange;
mod proxy;
mod redirect;
mod retry;
pub(super) mod tls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use moka::sync::Cache;
use tokio::sync::Semaphore;
use url::Url;

pub(super) use connection::{Connection, Settings, Trust, Way};
pub use proxy::Proxies;
pub(super) use tls::read_cas;

use super::error::{Asked, FetchError, Reason, RegistryWords};
use crate::allowance::Allowance;
use address::is_near;

/// Redirects that are followed: one to storage, one within it, one to spare.
const MAX_REDIRECTS: usize = 3;
/// Requests to one host at a time, so that neither it nor the images of other hosts suffer.
const REQUESTS_AT_ONCE: usize = 8;
/// Hosts whose requests are counted at a time. A host that is forgotten while it is asked is asked more at once, and nothing else.
const MAX_HOSTS: u64 = 10_000;
/// How long a host is remembered that nobody asks.
const HOST_IDLE: Duration = Duration::from_mins(10);

/// Sends requests.
#[derive(Debug)]
pub(super) struct Transport {
    turns: Turns,
}

/// How many requests are made to one host at a time; several clients may share them.
#[derive(Clone, Debug)]
pub struct Turns(Cache<String, Arc<Semaphore>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_HOSTS).time_to_idle(HOST_IDLE).build())
    }
}

/// A request for something.
#[derive(Clone)]
pub(super) struct Request<'a> {
    pub(super) url: Url,
    /// A form to send; without one it is a GET.
    pub(super) form: Option<&'a [(&'a str, &'a str)]>,
    /// Sent to the URL's own origin only.
    pub(super) headers: HeaderMap,
    pub(super) connection: &'a Connection,
    pub(super) way: Way,
    pub(super) asked: &'a Asked,
    /// Bytes of the answer.
    pub(super) limit: Limit,
    pub(super) redirects: Redirects,
    pub(super) tries: Tries,
}

/// How large an answer may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// As large as we accept.
    Accepted(u64),
    /// As large as its descriptor declares.
    Declared(u64),
}

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirects {
    /// Wherever a redirect may lead: manifests and blobs prove themselves by their digest.
    Followed,
    /// Within the origin: what is sent is meant for it alone.
    WithinOrigin,
    /// None; a redirect is the answer.
    Refused,
}

/// What is done where there is no answer, or one that says to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tries {
    /// It is asked again while there is time.
    Several,
    /// Somebody else can be asked instead.
    One,
}

/// A complete answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// On an error status at most its first bytes.
    pub(super) body: Vec<u8>,
    /// Whose answer it is, after redirects.
    pub(super) host: String,
    /// Where it came from; unknown behind a proxy.
    pub(super) peer: Option<SocketAddr>,
}

impl Transport {
    pub(super) fn new(turns: Turns) -> Self {
        Self { turns }
    }

    /// Sends a request, follows its redirects where allowed, and reads the answer; again where that may help and there is time.
    ///
    /// # Errors
    /// Where there is no complete answer. An answer with an error status is an answer: what it means depends on what was asked.
    pub(super) async fn send(&self, request: &Request<'_>, allowance: &Allowance) -> Result<Answer, FetchError> {
        for tried in 1.. {
            let outcome = self.follow(request, allowance).await;
            let pause = match request.tries {
                Tries::Several => retry::pause(&outcome, tried, allowance.deadline()),
                Tries::One => None,
            };
            let Some(pause) = pause else { return outcome };
            tracing::debug!(host = %host_of(&request.url), tried, ms = pause.as_millis(), "asks again");
            tokio::time::sleep(pause).await;
        }
        Err(request.asked.failed(&host_of(&request.url), Reason::DeadlinePassed))
    }

    async fn follow(&self, request: &Request<'_>, allowance: &Allowance) -> Result<Answer, FetchError> {
        let asked = request.asked;
        let mut url = request.url.clone();
        let mut hop = Hop { way: request.way, own: Some(&request.headers) };
        for _ in 0..=MAX_REDIRECTS {
            let host = host_of(&url);
            let checked = request.connection.check(&url, hop.way);
            checked.map_err(|refused| asked.failed(&host, hop.reason_of_refusal(&refused)))?;
            let exchange = self.exchange(&url, &hop, request, allowance);
            let exchange = allowance.deadline().bound(exchange).await.unwrap_or(Err(Reason::DeadlinePassed));
            let answer = exchange.map_err(|reason| asked.failed(&host, reason))?;
            if request.redirects == Redirects::Refused || !redirect::is_redirect(answer.status) {
                return Ok(answer);
            }
            let refused = |reason| asked.failed(&host, Reason::Redirect(reason));
            let to = redirect::target(&url, &answer.headers).map_err(refused)?;
            if to.origin() != url.origin() {
                if request.redirects == Redirects::WithinOrigin {
                    return Err(refused(format!("it leads to another host, {}", host_of(&to))));
                }
                // A registry on this machine or its link may keep its storage there.
                let may_be_near = hop.way != Way::Far && answer.is_near();
                hop = Hop { way: if may_be_near { Way::Near } else { Way::Far }, own: None };
            }
            url = to;
        }
        let reason = Reason::Redirect(format!("it is the fourth in a row, and {MAX_REDIRECTS} are followed"));
        Err(asked.failed(&host_of(&url), reason))
    }

    fn turn_at(&self, host: &str) -> Arc<Semaphore> {
        self.turns.0.get_with_by_ref(host, || Arc::new(Semaphore::new(REQUESTS_AT_ONCE)))
    }
}

impl Request<'_> {
    /// The same request with what the registry asks for.
    pub(super) fn authorized(&self, authorization: &HeaderValue) -> Self {
        let mut request = self.clone();
        request.headers.insert(AUTHORIZATION, authorization.clone());
        request
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
        let said = RegistryWords::read(&self.body);
        asked.failed(&self.host, Reason::Refused { status: self.status, said, wait: retry::asked_to_wait(self) })
    }

    /// What an error status means, without the words beside it: they may repeat a password that was sent.
    pub(super) fn refused_silently(&self, asked: &Asked) -> FetchError {
        asked.failed(&self.host, Reason::Refused { status: self.status, said: None, wait: retry::asked_to_wait(self) })
    }

    /// Whether it came from this machine or its link.
    pub(super) fn is_near(&self) -> bool {
        self.peer.is_some_and(|peer| is_near(peer.ip()))
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

/// How one request of a chain of redirects is sent.
struct Hop<'a> {
    way: Way,
    /// Absent where the request goes to another origin than was asked: that gets none of our own headers.
    own: Option<&'a HeaderMap>,
}

pub(super) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
