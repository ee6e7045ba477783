//! A cluster with a server that is configured by its objects, before a registry.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs,
    path::PathBuf,
    sync::{
        Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use image_integrity_cluster::{Asking, Authority, Configuration, ControlPlane, Server, source, until};
use image_integrity_load::{Image, Registry, Signer, keys, store, verifier};
use serde_json::Value;
use tempfile::TempDir;

use crate::truth::{Kind, Truth};

pub(crate) const TTL: Duration = Duration::from_secs(2);
const REPOSITORY: &str = "team/app";
/// Images that are there at a time; the oldest is forgotten for a new one.
const IMAGES: usize = 3_000;
/// Tags that are moved.
pub(crate) const MOVING: usize = 4;

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) control_plane: ControlPlane,
    pub(crate) registry: Registry,
    pub(crate) ours: Signer,
    pub(crate) stranger: Signer,
    pub(crate) truth: Truth,
    /// Who asks; another one, whenever the CA of the clients has changed.
    pub(crate) asking: RwLock<Asking>,
    pub(crate) client_ca: PathBuf,
    images: Mutex<VecDeque<(String, Kind, Image)>>,
    moving: Mutex<[Moving; MOVING]>,
    made: AtomicU64,
    _folder: TempDir,
}

/// A tag that is moved from one image to another.
#[derive(Clone, Copy, Debug)]
struct Moving {
    kind: Kind,
    before: Option<(Kind, Instant)>,
}

impl World {
    pub(crate) fn start() -> Self {
        let control_plane = ControlPlane::start();
        let admin = control_plane.admin();
        let definitions = source("deploy/crds");
        admin.ok(&["apply", "--server-side", "--filename", definitions.to_str().expect("a path in UTF-8")]);
        admin.ok(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
        let (ours, stranger) = (Signer::new("ours"), Signer::new("stranger"));
        for object in [keys(&ours.root()), store(), verifier()] {
            admin.create(&object);
        }
        let folder = tempfile::tempdir().unwrap();
        let client_ca = folder.path().join("clients.pem");
        let clients = Authority::new("clients-0");
        fs::write(&client_ca, clients.pem()).unwrap();
        let mut options: Vec<OsString> =
            ["--log-level", "error", "--tag-ttl", "2s", "--cache-size", "16"].map(Into::into).into();
        options.extend(["--client-ca".into(), client_ca.clone().into()]);
        let authority = control_plane.authority();
        let server = Server::start(authority, Configuration::Cluster(admin, "gatekeeper-system"), options);
        let asking = asking(&server, authority, &clients);
        let moving = [Moving { kind: Kind::Unsigned, before: None }; MOVING];
        let world = Self {
            registry: Registry::start(Duration::from_millis(1)),
            images: Mutex::default(),
            moving: Mutex::new(moving),
            made: AtomicU64::new(0),
            asking: RwLock::new(asking),
            truth: Truth::new(),
            _folder: folder,
            server,
            control_plane,
            ours,
            stranger,
            client_ca,
        };
        for tag in 0..MOVING {
            world.move_tag(tag, Kind::Unsigned);
        }
        for _ in 0..8 {
            for kind in Kind::ALL {
                world.publish(kind);
            }
        }
        until("the server verifies", || {
            let (name, _) = world.known(0);
            (world.server.verify(&[&name]).outcome(&name) == "VERIFIED").then_some(())
        });
        world
    }

    /// A new image of that kind; its name.
    pub(crate) fn publish(&self, kind: Kind) -> String {
        let (number, image) = self.image(kind);
        let tag = format!("v{number}");
        self.registry.put(REPOSITORY, &tag, &image);
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.push_back((tag.clone(), kind, image));
        // The first ones stay, so that something is asked for again and again.
        if images.len() > IMAGES
            && let Some((old, _, image)) = images.remove(32)
        {
            self.registry.remove(REPOSITORY, &old, &image);
        }
        self.registry.name(REPOSITORY, &tag)
    }

    /// One of the images that stay, by any number.
    pub(crate) fn known(&self, number: u64) -> (String, Kind) {
        let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        let (tag, kind, _) = &images[usize::try_from(number).unwrap() % 32];
        (self.registry.name(REPOSITORY, tag), *kind)
    }

    /// Moves a tag to a new image of that kind.
    pub(crate) fn move_tag(&self, tag: usize, kind: Kind) {
        let (_, image) = self.image(kind);
        let mut moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        self.registry.put(REPOSITORY, &format!("moving-{tag}"), &image);
        let before = moving[tag].kind;
        moving[tag] = Moving { kind, before: Some((before, Instant::now())) };
    }

    /// A tag that moves: its name, and what it may be for who asks now.
    pub(crate) fn moving(&self, tag: usize) -> (String, Vec<Kind>) {
        let Moving { kind, before } = self.moving.lock().unwrap_or_else(PoisonError::into_inner)[tag];
        // What was told a moment before it moved counts for its life, and the answer takes time.
        let before = before.filter(|(_, moved)| moved.elapsed() < TTL + Duration::from_secs(3)).map(|(kind, _)| kind);
        let name = self.registry.name(REPOSITORY, &format!("moving-{tag}"));
        (name, [Some(kind), before].into_iter().flatten().collect())
    }

    /// Who asks now.
    pub(crate) fn asking(&self) -> Asking {
        self.asking.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes or adds an object of the configuration.
    pub(crate) fn apply(&self, object: &Value) {
        self.control_plane.admin().apply(&object.to_string());
    }

    fn image(&self, kind: Kind) -> (u64, Image) {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let image = Image::new(number);
        let image = match kind {
            Kind::Ours => image.signed_by(&self.ours),
            Kind::Strangers => image.signed_by(&self.stranger),
            Kind::Unsigned => image,
            Kind::Transplanted => image.with_signature_of_another(&self.ours),
        };
        (number, image)
    }
}

/// A client with a certificate of this CA.
pub(crate) fn asking(server: &Server, servers: &Authority, clients: &Authority) -> Asking {
    Asking::new(server.port(), &servers.certificate(), Some(&clients.client("gatekeeper", None)))
}
