//! What changes under the server: objects, certificates, tags, and how the registry fares.

use std::{
    fs,
    sync::{
        PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use image_integrity_cluster::{Authority, Kubectl, until};
use image_integrity_load::{Fault, keys, verifier};

use crate::{
    truth::{Kind, Trust},
    world::{MOVING, World, asking},
};

const PAUSE: Duration = Duration::from_millis(1_500);
/// How soon a change of an object must count.
const SOON: Duration = Duration::from_secs(2);
/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(4);
/// Longer than what a fault leaves, so that no missing answer is excused for a while.
const CALM: Duration = Duration::from_secs(25);
/// What a fault leaves: a request that has still to be answered, pauses before the next try, and failures that are damped.
const AFTERMATH: Duration = Duration::from_secs(10);

/// One change after the other, in the same order again and again.
pub(crate) fn make(world: &World, over: &AtomicBool) {
    let mut clients = 0;
    let changes: [&dyn Fn(&World); 14] = [
        &|world| trust(world, Trust::Stranger),
        &|world| faulty(world, Fault::Throttling),
        &|world| trust(world, Trust::Ours),
        &|_| thread::sleep(CALM),
        &|world| broken_keys(world),
        &|world| server_certificate(world),
        &|world| faulty(world, Fault::Slow(Duration::from_secs(3))),
        &|world| trust(world, Trust::Nobody),
        &|world| trust(world, Trust::Ours),
        &|world| faulty(world, Fault::Failing),
        &|_| thread::sleep(CALM),
        &|world| other_objects(world),
        &|world| faulty(world, Fault::Cutting),
        &|world| unreachable_cluster(world),
    ];
    let mut round = 0_usize;
    while !over.load(Ordering::Relaxed) {
        // Each tag gets each kind in its turn.
        let kind = Kind::ALL[(round + round / MOVING) % Kind::ALL.len()];
        world.move_tag(round % MOVING, kind);
        world.truth.changed("tags moved");
        changes[round % changes.len()](world);
        if round % 10 == 9 {
            clients += 1;
            client_ca(world, clients);
        }
        round += 1;
        thread::sleep(PAUSE);
    }
}

fn trust(world: &World, trust: Trust) {
    world.truth.begins(trust);
    match trust {
        Trust::Ours => {
            world.apply(&keys(&world.ours.root()));
            world.apply(&verifier());
        }
        Trust::Stranger => world.apply(&keys(&world.stranger.root())),
        Trust::Nobody => _ = admin(world).ok(&["delete", "verifier", "verifier"]),
    }
    let changed = Instant::now();
    // Known already, so that no registry is in the way.
    let (name, kind) = world.known(0);
    until("the change counts", || (said(world, &name) == kind.code(trust)).then_some(()));
    if changed.elapsed() > SOON + Duration::from_secs(1) {
        world.truth.is_wrong(format!("{trust:?} counted only after {:?}", changed.elapsed()));
    }
    world.truth.counts();
    world.truth.changed("objects that change what is trusted");
}

/// The last good ones stay in force.
fn broken_keys(world: &World) {
    world.apply(&keys(&world.ours.broken_root()));
    until("the status tells", || {
        let object = admin(world).find(&["keymanagementprovider", "keys"])?;
        (object["status"]["issuccess"] == false).then_some(())
    });
    thread::sleep(PAUSE);
    world.apply(&keys(&world.ours.root()));
    until("the status tells that it is well", || {
        let object = admin(world).find(&["keymanagementprovider", "keys"])?;
        (object["status"]["issuccess"] == true).then_some(())
    });
    world.truth.changed("objects with a mistake");
}

/// Objects that change nothing for anybody.
fn other_objects(world: &World) {
    let mut other = keys(&world.stranger.root());
    let names: Vec<_> = (0..20).map(|number| format!("other-{number}")).collect();
    for name in &names {
        other["metadata"]["name"] = name.as_str().into();
        world.apply(&other);
    }
    let names: Vec<_> =
        ["delete", "keymanagementprovider"].into_iter().chain(names.iter().map(String::as_str)).collect();
    admin(world).ok(&names);
    world.truth.changed("twenty objects added and deleted");
}

fn unreachable_cluster(world: &World) {
    world.control_plane.while_frozen(|| thread::sleep(FAULT));
    world.truth.changed("API server frozen");
}

fn faulty(world: &World, fault: Fault) {
    world.truth.is_troubled(FAULT + AFTERMATH);
    world.registry.become_faulty(fault);
    thread::sleep(FAULT);
    world.registry.become_faulty(Fault::None);
    world.truth.changed("faults of the registry");
}

fn server_certificate(world: &World) {
    let other = world.control_plane.authority().server("renewed", &[]);
    world.server.identity().become_like(&other);
    world.truth.changed("certificates of the server");
}

/// The CA of the clients is another one: who was let in is not, once the server has read it.
fn client_ca(world: &World, number: u32) {
    let clients = Authority::new(&format!("clients-{number}"));
    let new = world.client_ca.with_extension("new");
    fs::write(&new, clients.pem()).unwrap();
    fs::rename(&new, &world.client_ca).unwrap();
    let before = world.asking();
    let now = asking(&world.server, world.control_plane.authority(), &clients);
    until("the new CA counts", || now.post("/ratify/gatekeeper/v1/verify", &"".into()).is_ok().then_some(()));
    *world.asking.write().unwrap_or_else(PoisonError::into_inner) = now;
    if let Ok(answer) = before.post("/ratify/gatekeeper/v1/verify", &"".into()) {
        world.truth.is_wrong(format!("a client of the CA before is let in: {answer:?}"));
    }
    world.truth.changed("CAs of the clients");
}

fn said(world: &World, name: &str) -> String {
    world.server.verify(&[name]).outcome(name)
}

fn admin(world: &World) -> &Kubectl {
    world.control_plane.admin()
}
