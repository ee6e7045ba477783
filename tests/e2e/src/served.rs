//! What the servers among the peers have in common: an address, and a line of each request.

use std::{ffi::OsString, process::Command, sync::Arc};

use crate::{built::peer, process::Service, tls::Tls};

/// A server on a free port of 127.0.0.1.
pub(crate) struct Served {
    service: Service,
    pub(crate) address: String,
    pub(crate) tls: Option<Arc<Tls>>,
}

impl Served {
    /// Starts one of `tests/peers/servers`.
    pub(crate) fn peer(name: &str, options: impl IntoIterator<Item = String>, tls: Option<Arc<Tls>>) -> Self {
        let mut command = peer(name);
        command.args(options);
        if let Some(tls) = &tls {
            command.arg("--tls-cert").arg(tls.certificate()).arg("--tls-key").arg(tls.key());
        }
        Self::start(&mut command, tls)
    }

    /// Starts a server that tells its address, and is set up for this TLS.
    pub(crate) fn start(command: &mut Command, tls: Option<Arc<Tls>>) -> Self {
        let service = Service::start(command);
        let address = service.wait_for(|line| {
            let (_, rest) = line.split_once("listening ")?;
            let address = rest.trim_start_matches("on ");
            Some(address.split(['"', ',']).next()?.to_owned())
        });
        Self { service, address, tls }
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// How it is reached: options that the signer and the command line share.
    pub(crate) fn options(&self) -> Vec<OsString> {
        match &self.tls {
            None => vec!["--plain-http".into()],
            Some(tls) => vec!["--ca-file".into(), tls.ca().into()],
        }
    }

    /// The requests that have come so far: method, path with query, and status.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.service.lines().iter().filter_map(|line| request(line)).collect()
    }

    /// Waits until a request to this path with query has been answered and logged.
    pub(crate) fn wait_for_request(&self, path: &str) {
        self.service.wait_for(|line| (request(line)?.split(' ').nth(1)? == path).then_some(()));
    }
}

/// The request of a line: CNCF distribution writes an access log as web servers do, the others what is wanted here.
fn request(line: &str) -> Option<String> {
    if let Some((_, rest)) = line.split_once("] \"") {
        let (request, rest) = rest.split_once(" HTTP/")?;
        let status = rest.split(' ').nth(1)?;
        return Some(format!("{request} {status}"));
    }
    let is_method = |word: &str| matches!(word, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE");
    line.split(' ').next().is_some_and(is_method).then(|| line.to_owned())
}
