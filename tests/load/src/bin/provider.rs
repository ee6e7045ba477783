//! `./build.sh bench provider`: what the server costs, and what a provider in Go costs beside it. CPU time is the figure, since the machine is shared;
//! nothing here is asserted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::{
    ffi::OsString,
    fs,
    sync::{Barrier, Mutex},
    thread,
    time::{Duration, Instant},
};

use image_integrity_cluster::{Asking, Authority, Configuration, Program, Server, free_port, until};
use image_integrity_e2e::peer;
use image_integrity_load::{Image, Registry, Signer, keys, store, usage, verifier};
use serde_json::{Value, json};

const VERIFY: &str = "/ratify/gatekeeper/v1/verify";
const REPOSITORY: &str = "team/app";
/// How long the registry takes for each request, as one in the same region does.
const LATENCY: Duration = Duration::from_millis(20);
const COLD: u64 = 50;
const CONNECTIONS: usize = 64;
/// On each connection; all of it is over before what a tag means is asked for again.
const REQUESTS: usize = 250;
const TOGETHER: usize = 50;
const DIFFERENT: u64 = 10_000;

/// A running server before a registry, and who asks it.
struct World {
    server: Server,
    registry: Registry,
    signer: Signer,
    client: Client,
    authority: Authority,
    _folder: tempfile::TempDir,
}

/// A client of one of the two.
struct Client {
    name: &'static str,
    /// The process that is asked.
    id: u32,
    asking: Asking,
}

/// The provider in Go (`tests/peers/provider`), which knows the answers that ours gives.
struct InGo {
    client: Client,
    _program: Program,
}

fn main() {
    println!(
        "The server, with TLS 1.3 and a client certificate, before a registry that takes {LATENCY:?} a request.\n"
    );
    let world = World::new(LATENCY);
    world.cold();
    world.together();
    let in_go = InGo::start(&world.authority);
    for count in [1, 10] {
        let names: Vec<_> = (0..count).map(|number| world.publish(2_000_000 + number)).collect();
        let request = request(&names);
        let answer = world.client.asking.connect().unwrap().post(VERIFY, &request).unwrap();
        verified(&answer);
        in_go.knows(&answer.1);
        world.client.warm(count, &request, &world.registry);
        in_go.client.warm(count, &request, &world.registry);
    }
    drop((world, in_go));
    World::new(Duration::ZERO).many();
}

impl World {
    fn new(latency: Duration) -> Self {
        let (registry, signer, authority) =
            (Registry::start(latency), Signer::new("bench"), Authority::new("bench-ca"));
        let folder = tempfile::tempdir().unwrap();
        let objects = [keys(&signer.root()), store(), verifier()].map(|object| object.to_string());
        fs::write(folder.path().join("objects.yaml"), objects.join("\n---\n")).unwrap();
        let options = ["--log-level", "info"].map(OsString::from);
        let server = Server::start(&authority, Configuration::Files(folder.path()), options);
        let client = Client::new("ours", server.program().id(), server.port(), &authority);
        Self { server, registry, signer, client, authority, _folder: folder }
    }

    /// Takes a signed image, which nobody has asked for, and gives its name.
    fn publish(&self, number: u64) -> String {
        let tag = format!("v{number}");
        self.registry.put(REPOSITORY, &tag, &Image::new(number).signed_by(&self.signer));
        self.registry.name(REPOSITORY, &tag)
    }

    fn cold(&self) {
        let mut connection = self.client.asking.connect().unwrap();
        let names: Vec<_> = (0..COLD).map(|number| self.publish(number)).collect();
        // The first one also connects to the registry.
        verified(&connection.post(VERIFY, &request(&names[..1])).unwrap());
        let (before, asked) = (self.used(), self.registry.requests());
        let mut took = Vec::new();
        for name in &names[1..] {
            let start = Instant::now();
            let answer = connection.post(VERIFY, &request(std::slice::from_ref(name))).unwrap();
            took.push(start.elapsed());
            verified(&answer);
        }
        let number = COLD - 1;
        println!(
            "cold, one image          {} ms at the median, {:.2} ms of CPU, {:.1} requests to the registry",
            millis(at(&mut took, 50)),
            each(self.used().saturating_sub(before), number),
            float(self.registry.requests() - asked) / float(number),
        );
    }

    fn together(&self) {
        let name = self.publish(1_000_000);
        let asked = self.registry.requests();
        let barrier = Barrier::new(TOGETHER);
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..TOGETHER {
                scope.spawn(|| {
                    let mut connection = self.client.asking.connect().unwrap();
                    barrier.wait();
                    verified(&connection.post(VERIFY, &request(std::slice::from_ref(&name))).unwrap());
                });
            }
        });
        println!(
            "{TOGETHER} at once, one cold image  {} requests to the registry, {} ms with the handshakes",
            self.registry.requests() - asked,
            millis(start.elapsed())
        );
    }

    fn many(&self) {
        let mut connection = self.client.asking.connect().unwrap();
        let before = self.used();
        for start in (0..DIFFERENT).step_by(10) {
            let names: Vec<_> = (start..start + 10).map(|number| self.publish(number)).collect();
            verified(&connection.post(VERIFY, &request(&names)).unwrap());
        }
        let id = self.server.program().id();
        println!(
            "{DIFFERENT} different images  {} MiB in memory, {} MiB at most, {:.2} ms of CPU for each",
            usage(id).resident >> 20,
            usage(id).most_resident >> 20,
            each(self.used().saturating_sub(before), DIFFERENT),
        );
    }

    fn used(&self) -> Duration {
        self.client.used()
    }
}

impl Client {
    fn new(name: &'static str, id: u32, port: u16, authority: &Authority) -> Self {
        let identity = authority.client("gatekeeper", None);
        Self { name, id, asking: Asking::new(port, &authority.certificate(), Some(&identity)) }
    }

    fn warm(&self, count: u64, request: &str, registry: &Registry) {
        let barrier = Barrier::new(CONNECTIONS + 1);
        let all = Mutex::new(Vec::new());
        let mut before = Duration::ZERO;
        let mut asked = 0;
        thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| {
                    let mut connection = self.asking.connect().unwrap();
                    verified(&connection.post(VERIFY, request).unwrap());
                    barrier.wait();
                    barrier.wait();
                    let mut took = Vec::with_capacity(REQUESTS);
                    for _ in 0..REQUESTS {
                        let start = Instant::now();
                        let answer = connection.post(VERIFY, request).unwrap();
                        took.push(start.elapsed());
                        assert_eq!(answer.0, 200, "{}", answer.1);
                    }
                    all.lock().unwrap().extend(took);
                });
            }
            barrier.wait();
            (before, asked) = (self.used(), registry.requests());
            barrier.wait();
        });
        let mut took = all.into_inner().unwrap();
        let number = u64::try_from(took.len()).unwrap();
        println!(
            "warm, {count:2} keys, {:5}     {:.3} ms of CPU, {} ms at the median, {} ms at p99, {} requests to the registry ({number} on {CONNECTIONS} connections)",
            self.name,
            each(self.used().saturating_sub(before), number),
            millis(at(&mut took, 50)),
            millis(at(&mut took, 99)),
            registry.requests() - asked,
        );
    }

    fn used(&self) -> Duration {
        usage(self.id).cpu
    }
}

impl InGo {
    fn start(authority: &Authority) -> Self {
        let (port, identity) = (free_port(), authority.server("in-go", &[]));
        let mut command = peer("provider");
        command.arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--client-ca").arg(authority.certificate());
        command.arg("--tls-cert").arg(identity.certificate()).arg("--tls-key").arg(identity.key());
        let program = Program::start(&mut command);
        let client = Client::new("in Go", program.id(), port, authority);
        until("it answers", || client.asking.post("/keep", &json!({})).ok());
        Self { client, _program: program }
    }

    /// Tells it what to answer.
    fn knows(&self, answer: &str) {
        let (status, body) = self.client.asking.connect().unwrap().post("/keep", answer).unwrap();
        assert_eq!(status, 200, "{body}");
    }
}

fn request(names: &[String]) -> String {
    json!({ "apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": { "keys": names } })
        .to_string()
}

fn verified((status, body): &(u16, String)) {
    let document: Value = serde_json::from_str(body).unwrap();
    let items = document["response"]["items"].as_array();
    let all =
        items.is_some_and(|items| !items.is_empty() && items.iter().all(|item| item["value"]["code"] == "VERIFIED"));
    assert!(*status == 200 && all, "{status} {body}");
}

/// The value below which so many of a hundred are.
fn at(took: &mut [Duration], percent: usize) -> Duration {
    took.sort_unstable();
    took[(took.len() * percent / 100).min(took.len() - 1)]
}

fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

fn each(time: Duration, number: u64) -> f64 {
    time.as_secs_f64() * 1e3 / float(number)
}

#[allow(clippy::cast_precision_loss, reason = "figures for people")]
fn float(number: u64) -> f64 {
    number as f64
}
