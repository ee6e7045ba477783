//! Who asks the server.

use std::{
    collections::BTreeMap,
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use image_integrity_cluster::{Answer, Connection};
use serde_json::{Value, json};

use crate::{
    truth::{Kind, Moment},
    world::{MOVING, World},
};

const VERIFY: &str = "/ratify/gatekeeper/v1/verify";
const MUTATE: &str = "/ratify/gatekeeper/v1/mutate";
/// Requests on one connection.
const REQUESTS: u64 = 200;
const PAUSE: Duration = Duration::from_millis(2);
const KEYS: u64 = 6;

/// What an image was when it was asked about.
enum Asked {
    For(Kind),
    /// The tag by this number.
    ForMoving(usize, Vec<Kind>),
}

/// Asks about images of all kinds, until it is over.
pub(crate) fn ask(world: &World, caller: u64, over: &AtomicBool) {
    // Any sequence that is not that of the other callers.
    let mut random = Random(caller * 7_919 + 1);
    while !over.load(Ordering::Relaxed) {
        let Ok(mut connection) = world.asking().connect() else {
            world.truth.lost();
            thread::sleep(PAUSE);
            continue;
        };
        for _ in 0..REQUESTS {
            if over.load(Ordering::Relaxed) {
                return;
            }
            // A certificate that is not accepted any more, or a connection that the server has ended: the next one is new.
            if once(world, &mut random, &mut connection).is_err() {
                world.truth.lost();
                break;
            }
            thread::sleep(PAUSE);
        }
    }
}

fn once(world: &World, random: &mut Random, connection: &mut Connection) -> io::Result<()> {
    let asked = world.truth.now();
    let mut images = BTreeMap::new();
    for _ in 0..=random.below(KEYS) {
        let (name, asked) = match random.below(10) {
            0 => {
                let kind = Kind::ALL[usize::try_from(random.below(4)).unwrap()];
                (world.publish(kind), Asked::For(kind))
            }
            1 | 2 => {
                let tag = usize::try_from(random.below(MOVING as u64)).unwrap();
                let (name, kinds) = world.moving(tag);
                (name, Asked::ForMoving(tag, kinds))
            }
            _ => {
                let (name, kind) = world.known(random.below(32));
                (name, Asked::For(kind))
            }
        };
        images.insert(name, asked);
    }
    if random.below(20) == 0 {
        return mutate(world, &images, connection);
    }
    // As a template asks, for its own namespace.
    let namespace = if random.below(2) == 0 { "" } else { "[team-a]" };
    let keys: Vec<_> = images.keys().map(|name| format!("{namespace}{name}")).collect();
    let document = posted(connection, VERIFY, &keys)?;
    world.truth.requested();
    let answer = Answer { document };
    for (key, kinds) in keys.iter().zip(images.values()) {
        world.truth.said(asked, &kinds.until_now(world), key, &answer.outcome(key));
    }
    consistent(world, asked, &answer);
    Ok(())
}

impl Asked {
    /// What it has been from the question to the answer.
    fn until_now(&self, world: &World) -> Vec<Kind> {
        match self {
            Self::For(kind) => vec![*kind],
            Self::ForMoving(tag, kinds) => [kinds.clone(), world.moving(*tag).1].concat(),
        }
    }
}

/// No item says that it is fine under another code, or the other way round.
fn consistent(world: &World, asked: Moment, answer: &Answer) {
    for item in answer.document["response"]["items"].as_array().into_iter().flatten() {
        let value = &item["value"];
        if (value["isSuccess"] == true) != (value["code"] == "VERIFIED") {
            world.truth.is_wrong(format!("{item} under {asked:?}"));
        }
    }
}

fn mutate(world: &World, images: &BTreeMap<String, Asked>, connection: &mut Connection) -> io::Result<()> {
    let keys: Vec<_> = images.keys().cloned().collect();
    let document = posted(connection, MUTATE, &keys)?;
    world.truth.requested();
    for item in document["response"]["items"].as_array().into_iter().flatten() {
        let (key, value) = (item["key"].as_str().unwrap_or_default(), item["value"].as_str().unwrap_or_default());
        if item["error"].is_null()
            && !value.starts_with(&format!("{}@sha256:", key.rsplit_once(':').unwrap_or_default().0))
        {
            world.truth.is_wrong(format!("{key} was changed to {value}"));
        }
    }
    Ok(())
}

fn posted(connection: &mut Connection, path: &str, keys: &[String]) -> io::Result<Value> {
    let request = json!({
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": { "keys": keys },
    });
    let (status, body) = connection.post(path, &request.to_string())?;
    assert_eq!(status, 200, "{body}");
    Ok(serde_json::from_str(&body)?)
}

/// Asks, and does not wait for the answer; or does not ask to the end.
pub(crate) fn give_up_halfway(world: &World, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let name = world.publish(Kind::Ours);
        if let Ok(connection) = world.asking().connect() {
            let request = json!({
                "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
                "kind": "ProviderRequest",
                "request": { "keys": [name] },
            });
            // An error is what it is here for.
            let _ = connection.leave_after(VERIFY, &request.to_string(), name.len());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Numbers without order (splitmix64): the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
