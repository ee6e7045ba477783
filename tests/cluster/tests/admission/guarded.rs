//! A namespace in which images of ghcr.io are verified, by a mirror that holds the demo's.

use std::{ffi::OsString, fs};

use image_integrity_cluster::{Configuration, Engine, Gate, Namespace, OnFailure, Placed, Server, source};
use image_integrity_e2e::{Ended, HostsDir, Kind, Registry, fixture};
use serde_json::{Value, json};

use crate::CLUSTER;

/// The image of the AKS article, and the same name with what it is not.
pub(crate) const SIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:signed";
pub(crate) const UNSIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:unsigned";
/// Signed by somebody whom the demo's configuration does not trust.
pub(crate) const UNTRUSTED: &str = "ghcr.io/deislabs/ratify/notary-image:untrusted";

/// What a test wants otherwise than most do.
pub(crate) struct Wanted<'a> {
    /// The constraint, of `rego/gatekeeper/constraints`.
    pub(crate) constraint: &'a str,
    pub(crate) on_failure: OnFailure,
    /// What is added to the constraint's parameters.
    pub(crate) parameters: Value,
    /// The objects that the server reads, of `tests/fixtures`.
    pub(crate) configuration: &'a str,
    /// More options of the server.
    pub(crate) options: Vec<OsString>,
    /// Where it is not that of the run.
    pub(crate) engine: Option<Engine>,
}

/// All that belongs to one test, in the order in which it ends.
pub(crate) struct Guarded {
    pub(crate) constraint: Placed,
    pub(crate) provider: Placed,
    pub(crate) server: Server,
    /// Before the registry.
    pub(crate) gate: Gate,
    pub(crate) registry: Registry,
    pub(crate) namespace: Namespace,
    _hosts: HostsDir,
    _engine: Engine,
}

impl Default for Wanted<'_> {
    fn default() -> Self {
        Self {
            constraint: "deny",
            on_failure: OnFailure::Fail,
            parameters: json!({}),
            configuration: "demo/verify-config.yaml",
            options: Vec::new(),
            engine: None,
        }
    }
}

impl Guarded {
    /// The constraint that denies, with the demo's configuration.
    pub(crate) fn new() -> Self {
        Self::with(Wanted::default())
    }

    pub(crate) fn with(wanted: Wanted<'_>) -> Self {
        let registry = Registry::plain(Kind::ReferrersApi);
        for tag in ["signed", "unsigned", "untrusted"] {
            registry.copy("demo/layout", tag, &format!("deislabs/ratify/notary-image:{tag}"));
        }
        let port = registry.host().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let gate = Gate::before(port);
        let hosts = HostsDir::new("ghcr.io", &[&format!("http://127.0.0.1:{}", gate.port())], "http://127.0.0.1:1");
        let configuration = fixture(wanted.configuration);
        // A tag that a test moves is asked for again at once.
        let engine = wanted.engine.unwrap_or_else(Engine::of_this_run);
        let options = hosts.options().into_iter().chain(["--tag-ttl".into(), "50ms".into()]);
        let options = options.chain(engine.options()).chain(wanted.options);
        let ca = CLUSTER.control_plane().authority();
        let server = Server::start(ca, Configuration::Files(&configuration), options);

        let namespace = CLUSTER.namespace(wanted.on_failure);
        let provider = CLUSTER.provider(namespace.name(), &server.url("/ratify/gatekeeper/v1/verify"));
        let constraint = constraint(wanted.constraint, namespace.name(), &wanted.parameters);
        let constraint = CLUSTER.place(&constraint);
        Self { constraint, provider, server, gate, registry, namespace, _hosts: hosts, _engine: engine }
    }

    /// The key that Gatekeeper asks for about an image here.
    pub(crate) fn key(&self, image: &str) -> String {
        format!("[{}]{image}", self.namespace.name())
    }

    /// Asserts that Gatekeeper has denied, by this namespace's constraint, with this code.
    pub(crate) fn assert_denied(&self, ended: &Ended, code: &str) {
        let reason = format!("denied the request: [{}] {code} ", self.namespace.name());
        assert!(ended.code == 1 && ended.err.contains(&reason), "{code}: {ended:?}");
    }
}

/// Asserts that a Pod or whatever it is was let in without a word.
pub(crate) fn assert_admitted(ended: &Ended) {
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
}

/// A constraint of the project for one namespace, which asks the provider of that name and has it itself.
fn constraint(file: &str, namespace: &str, parameters: &Value) -> Value {
    let text = fs::read_to_string(source(&format!("rego/gatekeeper/constraints/{file}.yaml"))).unwrap();
    let mut constraint = CLUSTER.admin().read_as_json(&text);
    constraint["metadata"]["name"] = namespace.into();
    constraint["spec"]["match"]["namespaces"] = json!([namespace]);
    constraint["spec"]["parameters"]["provider"] = namespace.into();
    for (name, value) in parameters.as_object().expect("parameters are an object") {
        constraint["spec"]["parameters"][name] = value.clone();
    }
    constraint
}

/// The Assign objects of the project for one namespace, which ask the provider of that name.
pub(crate) fn mutations(namespace: &str, provider: &str) -> Vec<Placed> {
    let text = fs::read_to_string(source("rego/gatekeeper/mutation.yaml")).unwrap();
    let documents = text.split("\n---\n").map(|document| CLUSTER.admin().read_as_json(document));
    let placed = documents.map(|mut assign| {
        let name = format!("{namespace}-{}", assign["metadata"]["name"].as_str().expect("a name"));
        assign["metadata"]["name"] = name.into();
        assign["spec"]["match"]["namespaces"] = json!([namespace]);
        assign["spec"]["parameters"]["assign"]["externalData"]["provider"] = provider.into();
        CLUSTER.place(&assign)
    });
    placed.collect()
}

/// A Pod of these parts of a spec.
pub(crate) fn pod(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec })
}
