//! What a `hosts.toml` says about one host: the same fields stand in a host's table and, for the server, at the top of the file.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::SignedDuration;
use rustls_pki_types::TrustAnchor;

use super::{
    Capabilities, Endpoint, Host, SkipVerify,
    field::{Field, Table},
    tls::{self, TlsSettings},
};
use crate::sources::finding::{did_you_mean, quoted};

const CAPABILITIES: [&str; 4] = ["pull", "resolve", "push", "referrers"];
/// Headers of one host; a request has some ten of its own.
const MAX_HEADERS: usize = 64;
/// Bytes of a header's value: servers take some 8,000 for all headers together.
const MAX_HEADER_BYTES: usize = 8_000;
/// Headers that each request sets itself, or that belong to the connection.
const OWN_HEADERS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "host",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How the host is spoken to, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
    /// Of the registry itself the command line tells it.
    Unknown,
}

/// Reads the fields of a host, all but those that make its URL.
pub(super) fn read(table: &mut Table<'_>, scheme: Scheme) -> Host {
    let capabilities = table.take("capabilities").and_then(|field| capabilities(&field));
    let ca = table.take("ca");
    let client = table.take("client");
    if scheme == Scheme::Http {
        // containerd tries HTTPS first then, and falls back to HTTP.
        for field in [&ca, &client].into_iter().flatten() {
            field.mistake("has no effect over http://; write https:// in the URL, or take this out");
        }
    }
    let tls = TlsSettings {
        cas: ca.map(|field| cas(&field)).unwrap_or_default(),
        clients: client.map(|field| clients(&field)).unwrap_or_default(),
        skip_verify: table.take("skip_verify").is_some_and(|field| skip_verify(&field)),
    };
    let headers = table.take("header").and_then(|field| headers(&field)).unwrap_or_default();
    let connect_timeout = table.take("dial_timeout").and_then(|field| duration(&field));
    if let Some(field) = table.take("proxy") {
        field.mistake("not supported: a proxy for one host; take the field out");
    }
    Host {
        endpoint: Endpoint::Registry,
        capabilities: capabilities.unwrap_or(Capabilities::ALL),
        tls,
        headers,
        connect_timeout,
    }
}

impl Capabilities {
    /// Those of a host about which nothing is said.
    pub(super) const ALL: Self = Self { resolve: true, pull: true, referrers: true };
}

fn capabilities(field: &Field<'_>) -> Option<Capabilities> {
    let items = field.items()?;
    if items.is_empty() {
        field.mistake(
            "the list is empty, which containerd takes for all capabilities; write them, or take the field out",
        );
    }
    let mut capabilities = Capabilities { resolve: false, pull: false, referrers: false };
    for item in items {
        let Some(text) = item.string() else { continue };
        match text.to_ascii_lowercase().as_str() {
            "pull" => capabilities.pull = true,
            "resolve" => capabilities.resolve = true,
            "referrers" => capabilities.referrers = true,
            // Nothing is ever pushed.
            "push" => {}
            _ => item.mistake(format!(
                "unknown capability {}; there are {}{}",
                quoted(text),
                CAPABILITIES.join(", "),
                did_you_mean(text, CAPABILITIES)
            )),
        }
    }
    Some(capabilities)
}

fn cas(field: &Field<'_>) -> Vec<TrustAnchor<'static>> {
    let mut cas = Vec::new();
    for item in field.one_or_more("a path or a list of paths") {
        let Some(path) = path(&item) else { continue };
        match tls::cas(&path, item.file.reading) {
            Ok(found) => cas.extend(found),
            Err(reason) => item.mistake(unusable(&path, &reason)),
        }
    }
    cas
}

/// A path, a list of paths, or a list of pairs: a certificate and its key.
fn clients(field: &Field<'_>) -> Vec<tls::ClientCertificate> {
    let mut clients = Vec::new();
    for item in field.one_or_more("a path, a list of paths or a list of pairs of paths") {
        let Some((certificate, key)) = pair(&item) else { continue };
        match tls::client(&certificate, key.as_deref(), item.file.reading) {
            Ok(client) => clients.push(client),
            Err(reason) => item.mistake(unusable(&certificate, &reason)),
        }
    }
    clients
}

fn pair(item: &Field<'_>) -> Option<(PathBuf, Option<PathBuf>)> {
    if !item.is_list() {
        return Some((path(item)?, None));
    }
    match item.items()?.as_slice() {
        // An empty second path: the key stands in the first file.
        [certificate, key] if key.string()?.is_empty() => Some((path(certificate)?, None)),
        [certificate, key] => Some((path(certificate)?, Some(path(key)?))),
        _ => {
            item.mistake("must be a pair of paths: a certificate and its key");
            None
        }
    }
}

/// A path, relative to the folder of the file.
fn path(field: &Field<'_>) -> Option<PathBuf> {
    Some(field.file.folder.join(field.text()?))
}

fn unusable(path: &Path, reason: &str) -> String {
    format!("{} cannot be used: {reason}", quoted(&path.to_string_lossy()))
}

fn skip_verify(field: &Field<'_>) -> bool {
    let wanted = field.boolean() == Some(true);
    if wanted && field.file.reading.skip_verify == SkipVerify::Refused {
        field.mistake(
            "nobody would check whose certificate the host has; this counts only with --insecure-skip-verify on the command line",
        );
    }
    wanted
}

/// Headers by name, each a string or a list of strings.
fn headers(field: &Field<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, field) in field.members()? {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            field.mistake("is no name of a header");
            continue;
        };
        if OWN_HEADERS.contains(&name.as_str()) {
            field.mistake("each request sets this header itself; take it out");
        }
        for item in field.one_or_more("a string or a list of strings") {
            let Some(text) = item.string() else { continue };
            if headers.len() == MAX_HEADERS {
                field.mistake(format!("there are more than {MAX_HEADERS} headers"));
                return None;
            }
            match HeaderValue::from_str(text) {
                Ok(mut value) if text.len() <= MAX_HEADER_BYTES => {
                    value.set_sensitive(true);
                    headers.append(&name, value);
                }
                Ok(_) => item.mistake(format!("the value is longer than {MAX_HEADER_BYTES} bytes")),
                Err(_) => item.mistake("the value holds a character that no header may hold"),
            }
        }
    }
    Some(headers)
}

/// A duration as Go writes it: `30s`, `1m30s`, `500ms`.
fn duration(field: &Field<'_>) -> Option<Duration> {
    let text = field.text()?;
    // The library reads words and spaces as well, which Go does not.
    let is_go = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'h' | 'm' | 's' | 'u' | 'µ' | 'n'));
    let read = text.parse::<SignedDuration>().ok().filter(|_| is_go).and_then(|read| Duration::try_from(read).ok());
    match read {
        // Zero is no limit at all to Go.
        Some(read) if !read.is_zero() => Some(read),
        _ => {
            field.mistake("must be a time longer than none, as \"30s\", \"1m30s\" or \"500ms\"");
            None
        }
    }
}
