//! One test's time with the cluster's configuration, which begins without any.

use std::{
    ffi::OsString,
    fs,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use image_integrity_cluster::{
    Cluster, Configuration, Engine, Kubectl, Namespace, OnFailure, Placed, Server, source, until, within,
};
use image_integrity_e2e::{HostsDir, Kind, Registry, fixture};
use serde_json::{Value, json};

use crate::CLUSTER;

/// The namespace in which the server would be installed.
pub(crate) const RELEASE: &str = "gatekeeper-system";
pub(crate) const SIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:signed";
pub(crate) const UNSIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:unsigned";
/// How soon a change must count in the server's answers.
pub(crate) const SOON: Duration = Duration::from_secs(2);

const CLUSTER_KINDS: &str = "stores,verifiers,policies,keymanagementproviders";
const NAMESPACED_KINDS: &str =
    "certificatestores,namespacedstores,namespacedverifiers,namespacedpolicies,namespacedkeymanagementproviders";

/// A server that reads the cluster, before a mirror of ghcr.io that holds the demo's images.
pub(crate) struct Turn {
    pub(crate) server: Server,
    _registry: Registry,
    _hosts: HostsDir,
    _engine: Engine,
    _mine: MutexGuard<'static, ()>,
}

/// Makes the kinds of the configuration known to a cluster.
pub(crate) fn define(cluster: &Cluster) {
    cluster.admin().apply(&yaml_in(&source("deploy/charts/image-integrity/crds")));
    cluster.admin().ok(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]);
}

impl Turn {
    pub(crate) fn new() -> Self {
        Self::with(Vec::new())
    }

    /// The same with more options of the server.
    pub(crate) fn with(options: Vec<OsString>) -> Self {
        static TURNS: Mutex<()> = Mutex::new(());
        // A test that failed in its turn has left nothing behind that this does not remove.
        let turn = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        admin().ok(&["delete", CLUSTER_KINDS, "--all"]);
        admin().ok(&["delete", NAMESPACED_KINDS, "--all", "--all-namespaces"]);

        let registry = Registry::plain(Kind::ReferrersApi);
        for tag in ["signed", "unsigned", "untrusted"] {
            registry.copy("demo/layout", tag, &format!("deislabs/ratify/notary-image:{tag}"));
        }
        let hosts = HostsDir::new("ghcr.io", &[&registry.origin()], "http://127.0.0.1:1");
        let engine = Engine::of_this_run();
        let options = hosts.options().into_iter().chain(engine.options()).chain(options);
        let configuration = Configuration::Cluster(admin(), RELEASE);
        let server = Server::launch(CLUSTER.control_plane().authority(), configuration, options);
        // Not ready: there is no verifier yet.
        until("the server is there", || server.health("/healthz").ok().filter(|(status, _)| *status == 200));
        Self { server, _registry: registry, _hosts: hosts, _engine: engine, _mine: turn }
    }

    /// Applies a file of the fixtures as people do, in the namespace `default`.
    #[allow(clippy::unused_self, reason = "the objects are the cluster's, so only who has the turn may")]
    pub(crate) fn apply(&self, file: &str) {
        let file = fixture(file);
        admin().ok(&["apply", "--filename", file.to_str().expect("a path in UTF-8")]);
    }

    /// A namespace where Gatekeeper asks this server, and denies.
    pub(crate) fn guarded(&self) -> (Namespace, [Placed; 2]) {
        let namespace = CLUSTER.namespace(OnFailure::Fail);
        let placed = self.guard(&namespace);
        (namespace, placed)
    }

    /// Lets Gatekeeper ask this server about a namespace, and deny.
    pub(crate) fn guard(&self, namespace: &Namespace) -> [Placed; 2] {
        let name = namespace.name();
        let provider = CLUSTER.provider(name, &self.server.url("/ratify/gatekeeper/v1/verify"));
        let constraint = CLUSTER.place(&json!({
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": "ImageIntegrity",
            "metadata": { "name": name },
            "spec": {
                "match": { "kinds": [{ "apiGroups": [""], "kinds": ["Pod"] }], "namespaces": [name] },
                "parameters": { "provider": name },
            },
        }));
        [constraint, provider]
    }

    /// What the server itself says of an image for a namespace: a code.
    pub(crate) fn code(&self, namespace: &str, image: &str) -> String {
        let key = format!("[{namespace}]{image}");
        self.server.verify(&[&key]).outcome(&key)
    }

    /// Waits until an image has this code, as soon as a change must count.
    pub(crate) fn soon(&self, namespace: &str, image: &str, code: &str) {
        within(SOON, &format!("{image} is {code} in {namespace}"), || {
            (self.code(namespace, image) == code).then_some(())
        });
    }
}

/// kubectl of a user who may do anything.
pub(crate) fn admin() -> &'static Kubectl {
    CLUSTER.admin()
}

/// Waits until an object's status says whether it is well, and gives the status.
pub(crate) fn status(object: &[&str], is_well: bool) -> Value {
    until(&format!("{object:?} is told to be well: {is_well}"), || {
        let status = admin().find(object)?["status"].clone();
        (status["issuccess"] == is_well).then_some(status)
    })
}

fn yaml_in(folder: &Path) -> String {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect::<Vec<_>>().join("\n---\n")
}
