//! A token server, whose tokens CNCF distribution takes.

use std::{fs, path::PathBuf, sync::Arc};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    login::{IDENTITY_TOKEN, PASSWORD, PUBLISHER, USER},
    served::Served,
    tls::Tls,
};

/// What a registry and its token server know each other by.
const SERVICE: &str = "registry";
const ISSUER: &str = "tokenserver";

/// A token server over TLS, which knows the users of [`crate::login`].
pub struct TokenServer {
    served: Served,
    folder: TempDir,
}

impl TokenServer {
    /// Starts one. The repository is the one that [`Self::registry_token`] may pull from.
    pub fn start(repository: &str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
        let mut arguments = vec![
            format!("--issuer={ISSUER}"),
            format!("--service={SERVICE}"),
            format!("--jwks={}", file("jwks.json")),
            format!("--write-token={repository}:{}", file("token")),
            format!("--user={USER}:{PASSWORD}"),
            format!("--user={}:{}", PUBLISHER.0, PUBLISHER.1),
            format!("--identity-token={IDENTITY_TOKEN}"),
        ];
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        let served = Served::peer("tokenserver", arguments, Some(Arc::new(Tls::new())));
        Self { served, folder }
    }

    /// The requests that have come so far but for the publisher's: method, status, and how the client said who it is.
    pub fn requests(&self) -> Vec<String> {
        let mut requests = self.served.requests();
        requests.retain(|line| !line.ends_with(PUBLISHER.0));
        let without_path = |line: String| {
            let (method, rest) = line.split_once(' ')?;
            Some(format!("{method} {}", rest.split_once(' ')?.1))
        };
        requests.into_iter().filter_map(without_path).collect()
    }

    /// A token that pulls from the repository.
    pub fn registry_token(&self) -> String {
        fs::read_to_string(self.folder.path().join("token")).unwrap()
    }

    /// The address that registries send clients to, at a host of the certificate.
    pub(crate) fn realm(&self, host: &str) -> String {
        self.served.origin().replacen("127.0.0.1", host, 1) + "/token"
    }

    /// The section of distribution's configuration.
    pub(crate) fn auth(&self, realm: &str) -> Value {
        let jwks: PathBuf = self.folder.path().join("jwks.json");
        json!({ "token": {
            "realm": realm,
            "service": SERVICE,
            "issuer": ISSUER,
            "jwks": jwks,
            "signingalgorithms": ["RS256"],
        } })
    }

    pub(crate) fn tls(&self) -> Option<Arc<Tls>> {
        self.served.tls.clone()
    }
}
