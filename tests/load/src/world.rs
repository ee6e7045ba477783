//! A running server before a registry, and clients that ask it as Gatekeeper does.

use std::{
    ffi::OsString,
    fs,
    sync::{Barrier, Mutex},
    thread,
    time::{Duration, Instant},
};

use image_integrity_cluster::{Asking, Authority, Configuration, Connection, Server};
use serde_json::{Value, json};

use crate::{Image, Registry, Signer, Usage, keys, store, usage, verifier};

const VERIFY: &str = "/ratify/gatekeeper/v1/verify";
const REPOSITORY: &str = "team/app";
/// Connections of [`Client::load`].
pub const CONNECTIONS: usize = 64;
/// On each connection; all of it is over before what a tag means is asked for again.
const REQUESTS: usize = 250;

/// A running server before a registry, and who asks it.
pub struct World {
    server: Server,
    registry: Registry,
    signer: Signer,
    client: Client,
    authority: Authority,
    _folder: tempfile::TempDir,
}

/// A client of a server.
pub struct Client {
    /// The process that is asked.
    id: u32,
    asking: Asking,
}

/// A connection to a server.
pub struct Asked(Connection);

/// What [`Client::load`] has cost.
pub struct Load {
    /// How long each request took.
    pub took: Vec<Duration>,
    /// CPU time of the server for all of them.
    pub cpu: Duration,
}

impl World {
    /// Starts them; the registry takes so long for each request.
    pub fn start(latency: Duration) -> Self {
        let (registry, signer, authority) =
            (Registry::start(latency), Signer::new("bench"), Authority::new("bench-ca"));
        let folder = tempfile::tempdir().unwrap();
        let objects = [keys(&signer.root()), store(), verifier()].map(|object| object.to_string());
        fs::write(folder.path().join("objects.yaml"), objects.join("\n---\n")).unwrap();
        let options = ["--log-level", "info", "--shutdown-delay", "0s"].map(OsString::from);
        let server = Server::start(&authority, Configuration::Files(folder.path()), options);
        let client = Client::new(server.program().id(), server.port(), &authority);
        Self { server, registry, signer, client, authority, _folder: folder }
    }

    /// Takes a signed image, which nobody has asked for, and gives its name.
    pub fn publish(&self, number: u64) -> String {
        self.put(number, &Image::new(number).signed_by(&self.signer))
    }

    /// The same without a signature.
    pub fn publish_unsigned(&self, number: u64) -> String {
        self.put(number, &Image::new(number))
    }

    fn put(&self, number: u64, image: &Image) -> String {
        let tag = format!("v{number}");
        self.registry.put(REPOSITORY, &tag, image);
        self.registry.name(REPOSITORY, &tag)
    }

    /// Who asks it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Who vouches for both sides.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What it has asked the registry.
    pub fn registry_requests(&self) -> u64 {
        self.registry.requests()
    }

    /// What the server uses.
    pub fn usage(&self) -> Usage {
        usage(self.client.id)
    }

    /// Tells the server to end, and waits until it has.
    pub fn end(self) {
        self.server.end();
    }
}

impl Client {
    /// Of the process with this id, which listens on this port.
    pub fn new(id: u32, port: u16, authority: &Authority) -> Self {
        let identity = authority.client("gatekeeper", None);
        Self { id, asking: Asking::new(port, &authority.certificate(), Some(&identity)) }
    }

    /// What it asks with.
    pub fn asking(&self) -> &Asking {
        &self.asking
    }

    /// A connection.
    pub fn connect(&self) -> Asked {
        Asked(self.asking.connect().unwrap())
    }

    /// Asks the same on many connections at once, over and over.
    pub fn load(&self, names: &[String]) -> Load {
        let request = request(names);
        let barrier = Barrier::new(CONNECTIONS + 1);
        let all = Mutex::new(Vec::new());
        let mut before = Duration::ZERO;
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut connection = self.connect();
                    connection.verifies(names);
                    barrier.wait();
                    barrier.wait();
                    let mut took = Vec::with_capacity(REQUESTS);
                    for _ in 0..REQUESTS {
                        let start = Instant::now();
                        let answer = connection.0.post(VERIFY, &request).unwrap();
                        took.push(start.elapsed());
                        assert_eq!(answer.0, 200, "{}", answer.1);
                    }
                    all.lock().unwrap().extend(took);
                });
            }
            barrier.wait();
            before = self.used();
            barrier.wait();
        });
        Load { took: all.into_inner().unwrap(), cpu: self.used().saturating_sub(before) }
    }

    fn used(&self) -> Duration {
        usage(self.id).cpu
    }
}

impl Asked {
    /// Asks for images that are verified, and gives the answer.
    pub fn verifies(&mut self, names: &[String]) -> String {
        let answer = self.codes(names);
        assert!(!answer.1.is_empty() && answer.1.iter().all(|code| code == "VERIFIED"), "{}", answer.0);
        answer.0
    }

    /// Asks for an image that is denied with this code.
    pub fn denies(&mut self, name: &str, code: &str) {
        let (body, codes) = self.codes(&[name.to_owned()]);
        assert_eq!(codes, [code], "{body}");
    }

    fn codes(&mut self, names: &[String]) -> (String, Vec<String>) {
        let (status, body) = self.0.post(VERIFY, &request(names)).unwrap();
        assert_eq!(status, 200, "{body}");
        let document: Value = serde_json::from_str(&body).unwrap();
        let items = document["response"]["items"].as_array().unwrap();
        let codes = items.iter().map(|item| item["value"]["code"].as_str().unwrap_or_default().to_owned());
        let codes = codes.collect();
        (body, codes)
    }
}

fn request(names: &[String]) -> String {
    json!({ "apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": { "keys": names } })
        .to_string()
}
