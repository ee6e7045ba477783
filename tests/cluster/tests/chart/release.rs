//! A release of the chart, in Gatekeeper's namespace, with a mirror of ghcr.io that holds the demo's images.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use image_integrity_cluster::{Helm, Workload, chart, encoded, until};
use image_integrity_e2e::{Kind, Opa, Registry, shim};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::CLUSTER;

pub(crate) const NAMESPACE: &str = "gatekeeper-system";
pub(crate) const SIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:signed";
pub(crate) const UNSIGNED: &str = "ghcr.io/deislabs/ratify/notary-image:unsigned";
const NAME: &str = "image-integrity";

/// What helm has installed.
pub(crate) struct Release {
    helm: Helm,
    values: TempDir,
    /// Listens on behalf of ghcr.io.
    _registry: Registry,
    _turn: MutexGuard<'static, ()>,
}

impl Release {
    /// Installs the chart with these values beside those that bring it into this cluster.
    pub(crate) fn install(values: &Value) -> Self {
        static TURNS: Mutex<()> = Mutex::new(());
        let turn = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        let registry = Registry::plain(Kind::ReferrersApi);
        for tag in ["signed", "unsigned"] {
            registry.copy("demo/layout", tag, &format!("deislabs/ratify/notary-image:{tag}"));
        }
        certificates();
        let hosts = format!("server = \"{}\"\n", registry.origin());
        let mut all = json!({
            // The names in a certificate of the chart's own lead nowhere here.
            "certificates": {
                "source": "secret",
                "secretName": "provider-tls",
                "caBundle": CLUSTER.control_plane().authority().pem(),
            },
            "server": { "hosts": { "ghcr.io": hosts } },
        });
        for (name, value) in values.as_object().expect("values are an object") {
            all[name] = value.clone();
        }
        let helm = Helm::new(CLUSTER.admin());
        let folder = tempfile::tempdir().unwrap();
        let release = Self { helm, values: folder, _registry: registry, _turn: turn };
        fs::write(release.values(), all.to_string()).unwrap();
        release.helm.ok(&[
            "install",
            NAME,
            path(&chart()),
            "--namespace",
            NAMESPACE,
            "--values",
            path(&release.values()),
        ]);
        release
    }

    /// Changes single values, as `--set` has them, and nothing else.
    pub(crate) fn upgrade(&self, set: &str) {
        self.helm.ok(&["upgrade", NAME, path(&chart()), "--namespace", NAMESPACE, "--reuse-values", "--set", set]);
    }

    /// Runs the Deployment's Pod, and makes it what the Provider objects lead to.
    #[allow(clippy::unused_self, reason = "there is nothing to run before a release")]
    pub(crate) fn run(&self) -> Workload {
        let workload = Workload::start(CLUSTER.control_plane(), NAMESPACE, NAME, |container| match container {
            "image-integrity" => shim(),
            "opa" => Opa::command(),
            other => panic!("the Pod has a container {other}"),
        });
        for (provider, path) in [(NAME, "verify"), ("image-integrity-mutate", "mutate")] {
            let rendered = provider_url(provider);
            assert_eq!(rendered, format!("https://{NAME}.{NAMESPACE}.svc:6001/ratify/gatekeeper/v1/{path}"));
            let here = format!("https://127.0.0.1:{}/ratify/gatekeeper/v1/{path}", workload.port(6001));
            let patched = CLUSTER.admin().patch(&["provider", provider], &json!({ "spec": { "url": here } }));
            assert_eq!(patched.code, 0, "{patched:?}");
            CLUSTER.wait_for(&format!("provider.externaldata.gatekeeper.sh/{provider}"));
        }
        workload
    }

    /// Removes it, as people do.
    pub(crate) fn uninstall(self) {
        self.helm.ok(&["uninstall", NAME, "--namespace", NAMESPACE, "--wait"]);
    }

    pub(crate) fn helm(&self) -> &Helm {
        &self.helm
    }

    fn values(&self) -> PathBuf {
        self.values.path().join("values.json")
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        // The next test's release has the same name; after `uninstall` there is nothing to do.
        self.helm.run(&["uninstall", NAME, "--namespace", NAMESPACE, "--ignore-not-found", "--wait"]);
    }
}

/// The Secret that Gatekeeper keeps of its webhook, and one for the server.
fn certificates() {
    let authority = CLUSTER.control_plane().authority();
    let provider = authority.server("provider-of-the-chart", &[]);
    let read = |path: PathBuf| encoded(&fs::read_to_string(path).unwrap());
    let secret = |name: &str, kind: &str, data: Value| json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name, "namespace": NAMESPACE }, "type": kind, "data": data });
    let tls = json!({ "tls.crt": read(provider.certificate()), "tls.key": read(provider.key()) });
    for object in [
        secret("provider-tls", "kubernetes.io/tls", tls),
        secret("gatekeeper-webhook-server-cert", "Opaque", json!({ "ca.crt": encoded(&authority.pem()) })),
    ] {
        CLUSTER.admin().apply(&object.to_string());
    }
}

fn provider_url(name: &str) -> String {
    let provider = until("the Provider object is there", || CLUSTER.admin().find(&["provider", name]));
    provider["spec"]["url"].as_str().expect("a URL").to_owned()
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
