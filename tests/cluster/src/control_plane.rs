//! etcd, kube-apiserver and kube-controller-manager.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
};

use image_integrity_e2e::remove_in_the_end;
use rcgen::KeyPair;
use tempfile::TempDir;

use crate::{
    authority::Authority,
    built::peer,
    http,
    kubectl::{Kubectl, Login},
    ports::free_port,
    program::Program,
    waiting::until,
};

/// What nodes and cloud providers would need is left out: there are none, and all of them cost seconds of start.
const CONTROLLERS: &str = "serviceaccount-controller,serviceaccount-token-controller,namespace-controller,\
    root-ca-certificate-publisher-controller,garbage-collector-controller,deployment-controller,replicaset-controller,daemonset-controller,\
    statefulset-controller,job-controller,cronjob-controller,resourcequota-controller,clusterrole-aggregation-controller";

/// A Kubernetes API with its controllers, on loopback.
pub struct ControlPlane {
    admin: Kubectl,
    server: String,
    // In the order in which they end: an API server whose etcd is gone does not, for long.
    _controllers: Program,
    api: Program,
    _etcd: Program,
    // What they read goes after them.
    authority: Authority,
    folder: TempDir,
}

impl ControlPlane {
    /// Starts one, and waits until Pods can be made in it.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        remove_in_the_end(folder.path());
        let authority = Authority::new("e2e-ca");
        let (etcd, etcd_at) = etcd(folder.path());
        let port = free_port();
        let server = format!("https://127.0.0.1:{port}");
        let api = api_server(folder.path(), &authority, &etcd_at, port);
        let user = |name: &str, group| {
            let identity = authority.client(name, group);
            Kubectl::new(folder.path(), name, &server, &authority.certificate(), &Login::Certificate(&identity))
        };
        let admin = user("admin", Some("system:masters"));
        until("the API server is ready", || (admin.run(&["get", "--raw", "/readyz"]).code == 0).then_some(()));
        let controllers =
            controllers(folder.path(), &authority, user("system:kube-controller-manager", None).kubeconfig());
        until("the controllers work", || admin.find(&["serviceaccount", "default", "--namespace", "default"]));
        Self { admin, authority, server, _controllers: controllers, api, _etcd: etcd, folder }
    }

    /// kubectl of a user who may do anything.
    pub fn admin(&self) -> &Kubectl {
        &self.admin
    }

    /// The CA of the cluster, which also Gatekeeper and the providers have their certificates of.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// kubectl of a service account, which must exist.
    pub fn service_account(&self, namespace: &str, name: &str) -> Kubectl {
        let token = self.admin.ok(&["create", "token", name, "--namespace", namespace, "--duration", "12h"]);
        let user = format!("{namespace}.{name}");
        Kubectl::new(
            self.folder.path(),
            &user,
            &self.server,
            &self.authority.certificate(),
            &Login::Token(token.trim()),
        )
    }

    /// Does this while the API server does not answer.
    pub fn while_frozen(&self, act: impl FnOnce()) {
        self.api.freeze();
        // Whatever comes of it: other tests need the API.
        let acted = catch_unwind(AssertUnwindSafe(act));
        self.api.thaw();
        if let Err(panic) = acted {
            resume_unwind(panic);
        }
    }

    /// A folder that lives as long as this.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn etcd(folder: &Path) -> (Program, String) {
    let (clients, peers) = (free_port(), free_port());
    let (at, peer_at) = (format!("http://127.0.0.1:{clients}"), format!("http://127.0.0.1:{peers}"));
    let mut command = peer("etcd");
    command.args(["--name", "e2e", "--unsafe-no-fsync"]).arg("--data-dir").arg(folder.join("etcd"));
    command.args(["--listen-client-urls", &at, "--advertise-client-urls", &at]);
    command.args(["--listen-peer-urls", &peer_at, "--initial-advertise-peer-urls", &peer_at]);
    command.args(["--initial-cluster", &format!("e2e={peer_at}")]);
    let etcd = Program::start(&mut command);
    until("etcd is healthy", || http::get(clients, "/health").ok().filter(|(status, _)| *status == 200));
    (etcd, at)
}

fn api_server(folder: &Path, authority: &Authority, etcd: &str, port: u16) -> Program {
    let accounts = KeyPair::generate().unwrap();
    let (public, private) = (folder.join("sa.pub"), folder.join("sa.key"));
    fs::write(&private, accounts.serialize_pem()).unwrap();
    fs::write(&public, accounts.public_key_pem()).unwrap();
    let tls = authority.server("kube-apiserver", &["10.96.0.1", "kubernetes.default.svc"]);

    let mut command = peer("controlplane");
    command.arg("kube-apiserver").arg(format!("--etcd-servers={etcd}")).arg(format!("--secure-port={port}"));
    // An address of loopback is not allowed in an endpoint, so none is kept.
    command.args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"]);
    command.args(["--service-cluster-ip-range=10.96.0.0/24", "--authorization-mode=RBAC", "--anonymous-auth=false"]);
    command.args(["--allow-privileged=true", "--profiling=false"]);
    command.arg("--client-ca-file").arg(authority.certificate());
    command.arg("--tls-cert-file").arg(tls.certificate()).arg("--tls-private-key-file").arg(tls.key());
    command.arg("--service-account-issuer=https://kubernetes.default.svc");
    command.arg("--service-account-key-file").arg(public).arg("--service-account-signing-key-file").arg(private);
    Program::start(&mut command)
}

fn controllers(folder: &Path, authority: &Authority, kubeconfig: &Path) -> Program {
    let mut command = peer("controlplane");
    command.arg("kube-controller-manager").args(["--secure-port=0", "--leader-elect=false"]);
    command.arg("--kubeconfig").arg(kubeconfig).arg("--use-service-account-credentials=true");
    command.arg("--service-account-private-key-file").arg(folder.join("sa.key"));
    command.arg("--root-ca-file").arg(authority.certificate()).arg(format!("--controllers={CONTROLLERS}"));
    Program::start(&mut command)
}
