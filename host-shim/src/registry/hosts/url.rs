//! The URL of a host, by the rules of containerd: `https://` where no scheme is written, and `/v2` after the path unless it ends so or is to be used as it is.

use std::borrow::Cow;

use thiserror::Error;
use url::Url;

use super::setting::Scheme;

/// Where a host's API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostUrl {
    base: Url,
    authority: String,
}

/// Where the API begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiRoot {
    /// At `/v2` below the path.
    V2,
    /// At the path, whatever it is (`override_path`).
    AsWritten,
}

/// Why a text is no URL of a host. None of these shows it: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum UrlFault {
    #[error("the URL must begin with http:// or https://, or have no scheme at all")]
    Scheme,
    #[error("the URL holds a character that is not allowed: only ASCII letters, digits and . _ - ~ / : [ ] are")]
    Character,
    #[error("the URL must not hold a user or password")]
    User,
    #[error("the URL must not hold a query or fragment, after ? or #; containerd does not send it")]
    Query,
    #[error("the URL has no host, or none that can be: write https://HOST")]
    Host,
}

impl HostUrl {
    pub(super) fn parse(text: &str, root: ApiRoot) -> Result<Self, UrlFault> {
        let text = with_scheme(text)?;
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().trim_end_matches(':');
        if authority.contains('@') {
            return Err(UrlFault::User);
        }
        if text.contains(['?', '#']) {
            return Err(UrlFault::Query);
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-~/:[]".contains(&b)) {
            return Err(UrlFault::Character);
        }
        if authority.is_empty() {
            return Err(UrlFault::Host);
        }
        let mut base = Url::parse(&text).map_err(|_| UrlFault::Host)?;
        let mut segments: Vec<String> =
            base.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if root == ApiRoot::V2 && segments.last().is_none_or(|last| last != "v2") {
            segments.push("v2".to_owned());
        }
        base.set_path(&segments.join("/"));
        Ok(Self { base, authority: authority.to_ascii_lowercase() })
    }

    /// The root of the API. Its path has no slash at the end, but where it is nothing else.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Something below the root of the API, as `library/app/manifests/v1`.
    pub fn below(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Host and port as they are written, in lower case.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn scheme(&self) -> Scheme {
        if self.base.scheme() == "http" { Scheme::Http } else { Scheme::Https }
    }
}

/// containerd puts `https://` before all that does not begin with `http`, and takes the rest as it is.
fn with_scheme(text: &str) -> Result<Cow<'_, str>, UrlFault> {
    match text.split_once("://") {
        Some(("http" | "https", _)) => Ok(Cow::Borrowed(text)),
        None if !text.starts_with("http") => Ok(Cow::Owned(format!("https://{text}"))),
        Some(_) | None => Err(UrlFault::Scheme),
    }
}

/// A text that may be a URL as it may be shown: without what stands before an at sign and after a question mark.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    match (text.rsplit_once('@'), text.get(..end)) {
        (Some((_, after)), _) => Cow::Owned(format!("…@{}", without_secrets(after))),
        (None, Some(before)) if end < text.len() => Cow::Owned(format!("{before}…")),
        (None, _) => Cow::Borrowed(text),
    }
}
