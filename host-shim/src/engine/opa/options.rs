//! Where an OPA is, and how it is asked.

use std::{
    fmt,
    num::{NonZero, NonZeroUsize},
    path::PathBuf,
    str::FromStr,
    thread::available_parallelism,
    time::Duration,
};

use thiserror::Error;
use url::{Host, Url};
use wasm_policy::text::shown;

use super::path::DecisionPath;

/// How long OPA may take for one answer, where nothing else is said: a hundred times what it needs for a realistic input.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where an OPA is, and how it is asked.
#[derive(Clone, Debug)]
pub struct OpaOptions {
    /// Where it is.
    pub url: OpaUrl,
    /// Whose certificates are trusted; those of the system where there are none.
    pub ca_files: Vec<PathBuf>,
    /// Our own certificate, where it asks for one.
    pub client: Option<ClientFiles>,
    /// A file with the bearer token that it asks for.
    pub token_file: Option<PathBuf>,
    /// A rule of the user's over the verdict, which can only narrow it.
    pub decision: Option<DecisionPath>,
    /// How long it may take for one answer.
    pub timeout: Duration,
    /// How many queries it is given at a time.
    pub at_once: NonZeroUsize,
}

/// A client certificate in PEM.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    /// The chain, the leaf first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl OpaOptions {
    /// An OPA without TLS or with a certificate of the system's CAs, which asks for no login.
    pub fn new(url: OpaUrl) -> Self {
        Self {
            url,
            ca_files: Vec::new(),
            client: None,
            token_file: None,
            decision: None,
            timeout: TIMEOUT,
            // As many instances of the module as OPA makes.
            at_once: available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        }
    }
}

/// The address of an OPA: HTTPS, or plain HTTP on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaUrl(Url);

/// Why a text is no address of an OPA.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpaUrlError {
    /// It is no URL of HTTP.
    #[error("`{}` is no URL of an OPA: write it as http://127.0.0.1:8181 or https://opa.example", shown(.0))]
    Form(String),
    /// It holds what does not belong there.
    #[error("the URL of an OPA has no {0}")]
    Part(&'static str),
    /// Anyone between could give the verdicts.
    #[error("without TLS an OPA is only asked on this machine: write https://, or a loopback address")]
    Plain,
}

impl OpaUrl {
    /// The URL of a rule's answer, together with the revisions of the bundles.
    pub(super) fn of(&self, path: &DecisionPath) -> Url {
        let mut url = self.0.clone();
        // A URL of HTTP always has segments.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v1", "data"]).extend(path.segments());
        }
        url.set_query(Some("provenance=true"));
        url
    }
}

impl FromStr for OpaUrl {
    type Err = OpaUrlError;

    fn from_str(text: &str) -> Result<Self, OpaUrlError> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        // What is wrong with a URL may be in its password.
        let shown = text.rsplit('@').next().unwrap_or(text);
        let url = url.ok_or_else(|| OpaUrlError::Form(shown.to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OpaUrlError::Part("user or password; name a file with a token"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(OpaUrlError::Part("query or fragment"));
        }
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !is_here { Err(OpaUrlError::Plain) } else { Ok(Self(url)) }
    }
}

impl fmt::Display for OpaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_below_the_address() {
        for (address, expected) in [
            ("http://127.0.0.1:8181", "http://127.0.0.1:8181/v1/data/acme/images/decision?provenance=true"),
            ("http://[::1]/", "http://[::1]/v1/data/acme/images/decision?provenance=true"),
            ("http://localhost:1", "http://localhost:1/v1/data/acme/images/decision?provenance=true"),
            ("https://opa.example/team/a", "https://opa.example/team/a/v1/data/acme/images/decision?provenance=true"),
        ] {
            let url: OpaUrl = address.parse().unwrap();
            assert_eq!(url.of(&"acme/images/decision".parse().unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_asked() {
        for address in ["http://opa.example", "http://10.0.0.1:8181", "http://localhost.example", "http://[::2]"] {
            assert_eq!(address.parse::<OpaUrl>(), Err(OpaUrlError::Plain), "{address}");
        }
    }

    #[test]
    fn other_urls_are_refused_and_no_password_is_repeated() {
        let form = |text: &str| Err(OpaUrlError::Form(text.to_owned()));
        assert_eq!("127.0.0.1:8181".parse::<OpaUrl>(), form("127.0.0.1:8181"));
        assert_eq!("unix://opa.sock".parse::<OpaUrl>(), form("unix://opa.sock"));
        assert_eq!("ftp://me:secret@opa.example".parse::<OpaUrl>(), form("opa.example"));
        for (address, part) in [
            ("https://me:secret@opa.example", "user or password; name a file with a token"),
            ("https://opa.example?x", "query or fragment"),
            ("https://opa.example#x", "query or fragment"),
        ] {
            assert_eq!(address.parse::<OpaUrl>(), Err(OpaUrlError::Part(part)));
        }
    }
}
