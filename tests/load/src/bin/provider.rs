//! `./build.sh bench provider`: what the server costs, and what a provider in Go costs beside it. CPU time is the figure, since the machine is shared;
//! no time is asserted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use image_integrity_cluster::{Authority, Program, free_port, until};
use image_integrity_e2e::peer;
use image_integrity_load::{CONNECTIONS, Client, World};
use serde_json::json;

/// How long the registry takes for each request, as one in the same region does.
const LATENCY: Duration = Duration::from_millis(20);
const COLD: u64 = 50;
const TOGETHER: usize = 50;
const DIFFERENT: u64 = 10_000;

/// The provider in Go (`tests/peers/provider`), which knows the answers that ours gives.
struct InGo {
    client: Client,
    _program: Program,
}

fn main() {
    println!(
        "The server, with TLS 1.3 and a client certificate, before a registry that takes {LATENCY:?} a request.\n"
    );
    let world = World::start(LATENCY);
    cold(&world);
    together(&world);
    let in_go = InGo::start(world.authority());
    for count in [1, 10] {
        let names: Vec<_> = (0..count).map(|number| world.publish(2_000_000 + number)).collect();
        in_go.knows(&world.client().connect().verifies(&names));
        let asked = world.registry_requests();
        warm("ours", world.client(), &names);
        assert_eq!(world.registry_requests(), asked, "warm answers need no registry");
        warm("in Go", &in_go.client, &names);
    }
    drop((world, in_go));
    many(&World::start(Duration::ZERO));
}

fn cold(world: &World) {
    let mut connection = world.client().connect();
    let names: Vec<_> = (0..COLD).map(|number| world.publish(number)).collect();
    // The first one also connects to the registry.
    connection.verifies(&names[..1]);
    let (before, asked) = (world.usage().cpu, world.registry_requests());
    let mut took = Vec::new();
    for name in &names[1..] {
        let start = Instant::now();
        connection.verifies(std::slice::from_ref(name));
        took.push(start.elapsed());
    }
    let number = COLD - 1;
    println!(
        "cold, one image          {} ms at the median, {:.2} ms of CPU, {:.1} requests to the registry",
        millis(at(&mut took, 50)),
        each(world.usage().cpu.saturating_sub(before), number),
        float(world.registry_requests() - asked) / float(number),
    );
}

fn together(world: &World) {
    let name = [world.publish(1_000_000)];
    let asked = world.registry_requests();
    let barrier = Barrier::new(TOGETHER);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                let mut connection = world.client().connect();
                barrier.wait();
                connection.verifies(&name);
            });
        }
    });
    println!(
        "{TOGETHER} at once, one cold image  {} requests to the registry, {} ms with the handshakes",
        world.registry_requests() - asked,
        millis(start.elapsed())
    );
}

fn warm(whose: &str, client: &Client, names: &[String]) {
    let mut load = client.load(names);
    let (count, number) = (names.len(), u64::try_from(load.took.len()).unwrap());
    println!(
        "warm, {count:2} keys, {whose:5}     {:.3} ms of CPU, {} ms at the median, {} ms at p99 ({number} on {CONNECTIONS} connections)",
        each(load.cpu, number),
        millis(at(&mut load.took, 50)),
        millis(at(&mut load.took, 99)),
    );
}

fn many(world: &World) {
    let mut connection = world.client().connect();
    let before = world.usage().cpu;
    for start in (0..DIFFERENT).step_by(10) {
        let names: Vec<_> = (start..start + 10).map(|number| world.publish(number)).collect();
        connection.verifies(&names);
    }
    let usage = world.usage();
    println!(
        "{DIFFERENT} different images  {} MiB in memory, {} MiB at most, {:.2} ms of CPU for each",
        usage.resident >> 20,
        usage.most_resident >> 20,
        each(usage.cpu.saturating_sub(before), DIFFERENT),
    );
}

impl InGo {
    fn start(authority: &Authority) -> Self {
        let (port, identity) = (free_port(), authority.server("in-go", &[]));
        let mut command = peer("provider");
        command.arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--client-ca").arg(authority.certificate());
        command.arg("--tls-cert").arg(identity.certificate()).arg("--tls-key").arg(identity.key());
        let program = Program::start(&mut command);
        let client = Client::new(program.id(), port, authority);
        until("it answers", || client.asking().post("/keep", &json!({})).ok());
        Self { client, _program: program }
    }

    /// Tells it what to answer.
    fn knows(&self, answer: &str) {
        let (status, body) = self.client.asking().connect().unwrap().post("/keep", answer).unwrap();
        assert_eq!(status, 200, "{body}");
    }
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
