//! Our server as a process, with TLS on both sides.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use image_integrity_e2e::shim;
use serde_json::{Value, json};

use crate::{
    authority::{Authority, Identity},
    http::{self, Asking},
    kubectl::Kubectl,
    ports::free_port,
    program::Program,
    waiting::until,
};

/// What it is configured by.
#[derive(Clone, Copy, Debug)]
pub enum Configuration<'a> {
    /// Objects in files.
    Files(&'a Path),
    /// Objects in a cluster, which this user may read; and the namespace in which the server would be.
    Cluster(&'a Kubectl, &'a str),
}

/// A running server.
pub struct Server {
    program: Program,
    port: u16,
    health: u16,
    ca: PathBuf,
    identity: Identity,
    client: Identity,
}

/// What a provider answers Gatekeeper.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The whole document.
    pub document: Value,
}

impl Server {
    /// Starts one that this CA vouches for, and that lets in whom this CA vouches for; waits until it is ready.
    pub fn start(
        ca: &Authority,
        configuration: Configuration<'_>,
        options: impl IntoIterator<Item = OsString>,
    ) -> Self {
        let server = Self::launch(ca, configuration, options);
        server.wait_until_ready();
        server
    }

    /// The same, but does not wait.
    pub fn launch(
        ca: &Authority,
        configuration: Configuration<'_>,
        options: impl IntoIterator<Item = OsString>,
    ) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let name = format!("provider-{}", STARTED.fetch_add(1, Ordering::Relaxed));
        let identity = ca.server(&name, &[]);
        let client = ca.client(&format!("client-of-{name}"), None);
        let (port, health) = (free_port(), free_port());
        let mut command = shim();
        command.args(["serve", "--log-format", "json"]);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--health-listen", &format!("127.0.0.1:{health}")]);
        command.arg("--tls-cert").arg(identity.certificate()).arg("--tls-key").arg(identity.key());
        command.arg("--client-ca").arg(ca.certificate());
        match configuration {
            Configuration::Files(path) => command.arg("--config").arg(path),
            Configuration::Cluster(user, namespace) => command.env("KUBECONFIG", user.kubeconfig()).args([
                "--config",
                "cluster",
                "--release-namespace",
                namespace,
            ]),
        };
        let program = Program::start(command.args(options));
        Self { program, port, health, ca: ca.certificate(), identity, client }
    }

    /// Waits until it says that it is ready.
    pub fn wait_until_ready(&self) {
        until("the server is ready", || self.health("/readyz").ok().filter(|(status, _)| *status == 200));
    }

    /// The URL of a path, for a Provider object.
    pub fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.port)
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Tells it to end, and waits until it has.
    pub fn end(self) {
        self.program.end();
    }

    /// The certificate that it serves with.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The status and body of a path of the address for probes and metrics.
    pub fn health(&self, path: &str) -> io::Result<(u16, String)> {
        http::get(self.health, path)
    }

    /// Asks it with this certificate, or with none.
    pub fn asked_by(&self, identity: Option<&Identity>) -> Asking {
        Asking::new(self.port, &self.ca, identity)
    }

    /// What it answers Gatekeeper on these keys.
    pub fn verify(&self, keys: &[&str]) -> Answer {
        self.provided("/ratify/gatekeeper/v1/verify", keys)
    }

    /// The same where Gatekeeper mutates.
    pub fn mutate(&self, keys: &[&str]) -> Answer {
        self.provided("/ratify/gatekeeper/v1/mutate", keys)
    }

    fn provided(&self, path: &str, keys: &[&str]) -> Answer {
        let request = json!({
            "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
            "kind": "ProviderRequest",
            "request": { "keys": keys },
        });
        let (status, body) = self.asked_by(Some(&self.client)).post(path, &request).unwrap();
        assert_eq!(status, 200, "{body}");
        Answer { document: serde_json::from_str(&body).unwrap() }
    }
}

impl Answer {
    /// The value of a key.
    pub fn value(&self, key: &str) -> &Value {
        &self.item(key).unwrap_or_else(|| panic!("{key} is not answered: {}", self.document))["value"]
    }

    /// The code of a key's verdict.
    pub fn code(&self, key: &str) -> &str {
        self.value(key)["code"].as_str().unwrap_or_else(|| panic!("{key} has no code: {}", self.document))
    }

    /// The same, or what keeps the key from an answer.
    pub fn outcome(&self, key: &str) -> String {
        if self.item(key).is_some() {
            return self.code(key).to_owned();
        }
        let told = self.document["response"]["systemError"].as_str().unwrap_or_default();
        let (_, rest) = told.split_once(&format!("{key}: ")).unwrap_or_else(|| panic!("{key}: {}", self.document));
        rest.split(':').next().unwrap_or_default().to_owned()
    }

    /// What is said of a key, if anything is.
    pub fn item(&self, key: &str) -> Option<&Value> {
        self.document["response"]["items"].as_array()?.iter().find(|item| item["key"] == key)
    }
}
