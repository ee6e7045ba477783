//! Single objects of an API server, read and changed within bounds of bytes and time.
//!
//! kube-rs's own typed requests would read answers of any size, and log one that is not as it should be, with the secrets in it.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::{Client, client::Body};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use wasm_policy::text::shown;

use crate::config::is_name;

/// Bytes of an answer: a secret has at most 1 MiB, in base64, and its metadata.
pub(crate) const MAX_BYTES: usize = 3 << 20;
/// How long one may take.
const TIME: Duration = Duration::from_secs(5);

/// The API server, as far as it is asked for single objects.
pub(crate) struct ApiServer {
    client: Client,
}

/// Why an object could not be had, or not be changed. Nothing of the object is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiFault {
    Missing,
    Denied,
    /// It is another version by now than the one that was to be changed.
    Changed,
    /// It has more than [`MAX_BYTES`].
    TooLarge,
    Rubbish,
    BadName(String),
    Unreachable(String),
}

/// An object in a namespace, by its place in the core API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectPath<'a> {
    pub(crate) namespace: &'a str,
    /// As `secrets`.
    pub(crate) resource: &'static str,
    pub(crate) name: &'a str,
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiServer")
    }
}

impl ApiServer {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, object: ObjectPath<'_>) -> Result<T, ApiFault> {
        let request = Request::get(object.path()?).body(Body::empty());
        let bytes = self.answer(request).await?;
        // What serde says of a text at the wrong place shows it.
        serde_json::from_slice(&bytes).map_err(|_| ApiFault::Rubbish)
    }

    /// Changes an object by a merge patch (RFC 7386). Where the patch names a resourceVersion, no other version is changed.
    pub(crate) async fn merge(&self, object: ObjectPath<'_>, patch: String) -> Result<(), ApiFault> {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(format!("{}?fieldManager=image-integrity", object.path()?))
            .header(CONTENT_TYPE, "application/merge-patch+json")
            .body(patch.into_bytes().into());
        self.answer(request).await.map(|_| ())
    }

    async fn answer(&self, request: Result<Request<Body>, http::Error>) -> Result<Bytes, ApiFault> {
        let request = request.map_err(|error| unreachable(&error))?;
        match timeout(TIME, self.send(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ApiFault::Unreachable(format!("nothing within {} seconds", TIME.as_secs()))),
        }
    }

    async fn send(&self, request: Request<Body>) -> Result<Bytes, ApiFault> {
        let response = self.client.send(request).await.map_err(|error| unreachable(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(ApiFault::Missing),
            StatusCode::FORBIDDEN => return Err(ApiFault::Denied),
            StatusCode::CONFLICT => return Err(ApiFault::Changed),
            status => return Err(unreachable(&format_args!("it says {status}"))),
        }
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let too_large = ApiFault::TooLarge;
        let collected =
            body.map_err(|error| if error.is::<LengthLimitError>() { too_large } else { unreachable(&error) })?;
        Ok(collected.to_bytes())
    }
}

impl ObjectPath<'_> {
    /// A name is a segment of the path: `../../kube-system/secrets/x` must not become another one.
    fn path(self) -> Result<String, ApiFault> {
        let Self { namespace, resource, name } = self;
        match [namespace, name].into_iter().find(|name| !is_name(name)) {
            Some(bad) => Err(ApiFault::BadName(shown(bad).to_string())),
            None => Ok(format!("/api/v1/namespaces/{namespace}/{resource}/{name}")),
        }
    }
}

fn unreachable(error: &dyn fmt::Display) -> ApiFault {
    ApiFault::Unreachable(shown(&error.to_string()).to_string())
}
