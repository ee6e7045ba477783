//! One request and its answer.

use std::{error::Error, io};

use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, USER_AGENT},
};
use reqwest::Response;
use tokio::time::Instant;
use tracing::debug;
use url::Url;
use wasm_policy::text::shown;

use super::{
    Answer, Hop, Limit, Request, Transport, Way,
    address::{AddressRefused, NameUnresolved},
    host_of,
};
use crate::{allowance::Allowance, registry::error::Reason};

/// Bytes of an error's body that are read, for the registry's own words.
const MAX_ERROR_BYTES: u64 = 16 << 10;

impl Transport {
    /// One request and its answer, of at most the limit's size.
    pub(super) async fn exchange(
        &self,
        url: &Url,
        hop: &Hop<'_>,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<Answer, Reason> {
        let host = host_of(url);
        // The semaphore is never closed; without a permit the request would only be less polite.
        let _permit = self.turn_at(&host).acquire_owned().await.ok();
        allowance.count_request();
        let started = Instant::now();
        let client = request.connection.client(hop.way);
        let builder = match request.form.filter(|_| hop.own.is_some()) {
            Some(form) => client.post(url.clone()).form(form),
            None => client.get(url.clone()),
        };
        let response = builder.headers(hop.headers()).send().await.map_err(|error| hop.reason_of(&error))?;
        // A proxy on this machine says nothing of where the host is that it asks.
        let peer = response.remote_addr().filter(|_| request.connection.is_direct(url));
        let (status, headers) = (response.status(), response.headers().clone());
        let body = if status.is_success() {
            read(response, request.limit, allowance).await?
        } else {
            read_start(response, allowance).await?
        };
        // Not the query: signed storage URLs carry secrets in it.
        debug!(
            method = if request.form.is_some() { "POST" } else { "GET" },
            url = %format_args!("{}{}", url.origin().ascii_serialization(), url.path()),
            status = status.as_u16(),
            bytes = body.len(),
            ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "asked"
        );
        Ok(Answer { status, headers, body, host, peer })
    }
}

impl Hop<'_> {
    fn headers(&self) -> HeaderMap {
        let mut headers = self.own.cloned().unwrap_or_default();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if self.own.is_some() {
            headers
                .insert(USER_AGENT, HeaderValue::from_static(concat!("image-integrity/", env!("CARGO_PKG_VERSION"))));
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

    pub(super) fn reason_of_refusal(&self, refused: &AddressRefused) -> Reason {
        match (self.own, self.way) {
            (Some(_), Way::Own) => Reason::AddressRefused(refused.to_string()),
            // The host sends us to it for a token.
            (Some(_), Way::Near | Way::Far) => Reason::RealmRefused(refused.to_string()),
            (None, _) => Reason::Redirect(refused.to_string()),
        }
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
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    shown(&error.to_string()).to_string()
}
