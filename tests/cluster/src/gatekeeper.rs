//! Gatekeeper as a process, under the rights of its own manifest, called by the API server as in any cluster.

use std::fs;

use serde_json::{Value, json};

use crate::{
    authority::Identity,
    built::{gatekeeper_manifest, peer},
    control_plane::ControlPlane,
    http,
    kubectl::Kubectl,
    namespace::{GATEKEEPER, ON_FAILURE, OnFailure},
    objects::encoded,
    ports::free_port,
    program::Program,
    waiting::until,
};

const NAMESPACE: &str = "gatekeeper-system";

/// Of its manifest, what is no workload and no webhook: those name Pods that cannot run here.
const KINDS: [&str; 7] = [
    "Namespace",
    "CustomResourceDefinition",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
];

/// Every operation of Gatekeeper's own two Deployments together.
const ALL: [&str; 7] =
    ["webhook", "mutation-webhook", "mutation-controller", "audit", "status", "mutation-status", "generate"];
/// What a further Gatekeeper does, as the replicas of its Deployment for webhooks do.
const WEBHOOKS: [&str; 3] = ["webhook", "mutation-webhook", "mutation-controller"];

/// How a Gatekeeper is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Its Pod's name. The first of a cluster is [`Setup::FIRST`]; another one only admits, and only in the namespaces that name it.
    pub name: &'static str,
    /// How long it keeps answers of providers.
    pub cache: &'static str,
}

/// A running Gatekeeper.
pub struct Gatekeeper {
    setup: Setup,
    program: Program,
    identity: Identity,
    port: u16,
}

/// What makes the API server call a Gatekeeper.
pub struct Webhooks {
    kubectl: Kubectl,
    names: Vec<String>,
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        let names: Vec<_> = self.names.iter().map(String::as_str).collect();
        self.kubectl.run(&[&["delete", "--ignore-not-found"], &names[..]].concat());
    }
}

impl Setup {
    /// Audits each five seconds, and keeps no answers: a test that signs an image wants the next answer at once.
    pub const FIRST: Self = Self { name: "gatekeeper", cache: "0s" };
}

impl Gatekeeper {
    /// Starts one. What it admits then is up to [`Gatekeeper::guard`].
    pub fn start(cluster: &ControlPlane, setup: Setup) -> Self {
        install(cluster.admin());
        cluster.admin().create(&pod(setup.name));
        let account = cluster.service_account(NAMESPACE, "gatekeeper-admin");
        let identity = cluster.authority().server(&format!("{}.webhook", setup.name), &[]);
        let (port, health) = (free_port(), free_port());
        let operations = if setup.name == Setup::FIRST.name { &ALL[..] } else { &WEBHOOKS[..] };
        // Its content is deleted at each audit.
        let audits = cluster.folder().join(format!("{}-audits", setup.name));
        fs::create_dir(&audits).unwrap();

        let mut command = peer("gatekeeper");
        command.env_clear().envs([
            ("POD_NAME", setup.name),
            ("POD_NAMESPACE", NAMESPACE),
            ("NAMESPACE", NAMESPACE),
            ("CONTAINER_NAME", "manager"),
        ]);
        command.arg("--kubeconfig").arg(account.kubeconfig()).args(["--host=127.0.0.1", &format!("--port={port}")]);
        command.arg("--cert-dir").arg(identity.folder()).arg("--disable-cert-rotation");
        command.args([&format!("--health-addr=127.0.0.1:{health}"), &format!("--prometheus-port={}", free_port())]);
        command.args(["--logtostderr", "--log-denies", "--exempt-namespace=gatekeeper-system"]);
        command.args(["--disable-opa-builtin={http.send}", "--audit-interval=5", "--shutdown-delay=0"]);
        command.arg("--api-cache-dir").arg(audits);
        command.arg(format!("--external-data-provider-response-cache-ttl={}", setup.cache));
        command.args(operations.iter().map(|operation| format!("--operation={operation}")));
        let program = Program::start(&mut command);
        until("Gatekeeper is ready", || http::get(health, "/readyz").ok().filter(|(status, _)| *status == 200));
        Self { setup, program, identity, port }
    }

    /// Makes the API server call it: in namespaces that name it, and with what they want done where it does not answer.
    ///
    /// Before this it must be ready: what refuses everything would also refuse what it waits for.
    ///
    /// They are deleted when what this returns is dropped: nobody would answer where it is gone.
    #[must_use]
    pub fn guard(&self, cluster: &ControlPlane) -> Webhooks {
        let configurations =
            [OnFailure::Fail, OnFailure::Ignore].map(|policy| self.webhooks(&cluster.authority().pem(), policy));
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": configurations.concat() });
        cluster.admin().apply(&list.to_string());
        let name =
            |object: &Value| Some(format!("{}/{}", object["kind"].as_str()?, object["metadata"]["name"].as_str()?));
        Webhooks { kubectl: cluster.admin().clone(), names: configurations.iter().flatten().filter_map(name).collect() }
    }

    /// The process.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The certificate that it serves with, and shows to providers.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The port at which the API server calls it.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its Pod's name.
    pub fn name(&self) -> &'static str {
        self.setup.name
    }

    pub(crate) fn setup(&self) -> Setup {
        self.setup
    }

    fn webhooks(&self, ca: &str, on_failure: OnFailure) -> Vec<Value> {
        let hook = |name: &str, path: &str, seconds: u32, resources: &[&str]| {
            json!([{
                "name": name,
                "admissionReviewVersions": ["v1", "v1beta1"],
                "clientConfig": { "url": format!("https://127.0.0.1:{}/v1/{path}", self.port), "caBundle": encoded(ca) },
                "failurePolicy": on_failure.policy(),
                "matchPolicy": "Exact",
                "namespaceSelector": { "matchLabels": { GATEKEEPER: self.setup.name, ON_FAILURE: on_failure.policy() } },
                "rules": [{ "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": resources }],
                "sideEffects": "None",
                "timeoutSeconds": seconds,
            }])
        };
        let configuration = |kind: &str, hooks: Value| {
            let name = format!("{}-{}-{}", self.setup.name, kind.to_lowercase(), on_failure.policy().to_lowercase());
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": format!("{kind}WebhookConfiguration"),
                "metadata": { "name": name },
                "webhooks": hooks,
            })
        };
        // Resources, names and times are those of its manifest.
        vec![
            configuration("Mutating", hook("mutation.gatekeeper.sh", "mutate", 1, &["*"])),
            configuration(
                "Validating",
                hook("validation.gatekeeper.sh", "admit", 3, &["*", "pods/ephemeralcontainers"]),
            ),
        ]
    }
}

/// Applies its objects, which does nothing where they are there.
fn install(admin: &Kubectl) {
    let manifest = gatekeeper_manifest();
    let wanted = |document: &&str| {
        let kind = document.lines().find_map(|line| line.strip_prefix("kind: "));
        kind.is_some_and(|kind| KINDS.contains(&kind))
    };
    let documents: Vec<_> = manifest.split("\n---\n").filter(wanted).collect();
    assert!(documents.len() > 20, "the manifest is read as it was written");
    admin.apply(&documents.join("\n---\n"));
    admin.ok(&[
        "wait",
        "--for=condition=Established",
        "--timeout=60s",
        "crd",
        "--selector",
        "gatekeeper.sh/system=yes",
    ]);
}

/// A Pod that nothing runs. The objects in which Gatekeeper tells its status belong to it, and the garbage collector deletes those of a Pod that does not
/// exist.
fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": {
            "serviceAccountName": "gatekeeper-admin",
            "nodeSelector": { "never": "scheduled" },
            "containers": [{
                "name": "manager",
                "image": "openpolicyagent/gatekeeper",
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "runAsNonRoot": true,
                    "capabilities": { "drop": ["ALL"] },
                    "seccompProfile": { "type": "RuntimeDefault" },
                },
            }],
        },
    })
}
