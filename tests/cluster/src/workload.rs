//! The containers of a Deployment or CronJob as processes of this machine: what a chart renders, run by nobody who knows the chart.
//!
//! Volumes become folders, and ports free ones of loopback, the same in all containers, as in a Pod. Commands are otherwise as rendered, and probes are
//! asked where they say.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image_integrity_e2e::{Ended, run};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    control_plane::ControlPlane,
    http::{self, Asking},
    kubectl::Kubectl,
    ports::free_port,
    program::Program,
    waiting::until,
};

/// Addresses that a container can listen on or ask at.
const ADDRESSES: [&str; 3] = ["0.0.0.0:", "127.0.0.1:", "localhost:"];

/// A Pod of a Deployment that runs.
pub struct Workload {
    namespace: String,
    spec: Value,
    containers: Vec<(String, Program)>,
    ca: PathBuf,
    ports: Ports,
    folder: TempDir,
}

/// Which port of this machine stands for one of the Pod.
#[derive(Default)]
struct Ports(BTreeMap<u16, u16>);

impl Workload {
    /// Runs the Pod of a Deployment that is in the cluster; a container's name says which program its image would hold. Waits until it is ready.
    pub fn start(cluster: &ControlPlane, namespace: &str, deployment: &str, program: impl Fn(&str) -> Command) -> Self {
        let pod = cluster
            .admin()
            .find(&["deployment", deployment, "--namespace", namespace])
            .expect("the deployment is there");
        let spec = &pod["spec"]["template"]["spec"];
        let folder = tempfile::tempdir().unwrap();
        for volume in list(spec, "volumes") {
            write_volume(cluster.admin(), namespace, volume, &folder.path().join(text(volume, "name")));
        }
        let account = spec["serviceAccountName"].as_str().filter(|_| spec["automountServiceAccountToken"] == true);
        let account = account.map(|account| cluster.service_account(namespace, account));

        let mut ports = Ports::default();
        let containers = list(spec, "containers").iter().map(|container| {
            let name = text(container, "name");
            let mut command = program(name);
            // A container's own images would set no command; one that is rendered would stand before the arguments.
            assert!(container["command"].is_null(), "{container}");
            for argument in list(container, "args") {
                command.arg(ports.here(&in_folders(argument.as_str().expect("a text"), container, folder.path())));
            }
            for variable in list(container, "env") {
                command.env(text(variable, "name"), text(variable, "value"));
            }
            if let Some(account) = &account {
                command.env("KUBECONFIG", account.kubeconfig());
            }
            (name.to_owned(), Program::start(&mut command))
        });
        let containers = containers.collect();
        let (namespace, spec) = (namespace.to_owned(), spec.clone());
        let workload = Self { namespace, spec, containers, ca: cluster.authority().certificate(), ports, folder };
        for container in list(&workload.spec, "containers") {
            for probe in ["livenessProbe", "readinessProbe"] {
                workload.wait_for(container, probe);
            }
        }
        workload
    }

    /// Runs the Pod of a CronJob that is in the cluster, as if it were its time, to its end. It has one container, and no volumes.
    pub fn run_job(cluster: &ControlPlane, namespace: &str, job: &str, mut program: Command) -> Ended {
        let job = cluster.admin().find(&["cronjob", job, "--namespace", namespace]).expect("the job is there");
        let spec = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let [container] = list(spec, "containers") else { panic!("{spec}") };
        assert!(container["command"].is_null() && list(spec, "volumes").is_empty(), "{spec}");
        let account = cluster.service_account(namespace, text(spec, "serviceAccountName"));
        let arguments = list(container, "args").iter().map(|argument| argument.as_str().expect("a text"));
        run(program.env("KUBECONFIG", account.kubeconfig()).args(arguments))
    }

    /// Brings a volume up to date with the Secret or ConfigMap that it shows, as the kubelet does in its own time.
    pub fn refresh(&self, cluster: &ControlPlane, name: &str) {
        let volume = list(&self.spec, "volumes").iter().find(|volume| volume["name"] == name);
        write_volume(cluster.admin(), &self.namespace, volume.expect("there is such a volume"), &self.volume(name));
    }

    /// The port of this machine that stands for one of the Pod.
    pub fn port(&self, port: u16) -> u16 {
        self.ports.0[&port]
    }

    /// The folder that stands for a volume.
    pub fn volume(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The process of a container.
    pub fn container(&self, name: &str) -> &Program {
        &self.containers.iter().find(|(other, _)| other == name).expect("there is such a container").1
    }

    fn wait_for(&self, container: &Value, probe: &str) {
        let get = &container[probe]["httpGet"];
        let path = get["path"].as_str().unwrap_or_else(|| panic!("{probe} of {}", container["name"]));
        let named = |port: &&Value| port["name"] == get["port"];
        let port = list(container, "ports").iter().find(named).map_or(&get["port"], |port| &port["containerPort"]);
        let port = self.port(u16::try_from(port.as_u64().expect("a port")).unwrap());
        until(&format!("{probe} of {}", container["name"]), || {
            let answer = if get["scheme"] == "HTTPS" {
                Asking::new(port, &self.ca, None).get(path)
            } else {
                http::get(port, path)
            };
            answer.ok().filter(|(status, _)| *status == 200)
        });
    }
}

impl Ports {
    /// An argument with each address of the Pod replaced by one of this machine.
    fn here(&mut self, argument: &str) -> String {
        let found = ADDRESSES.iter().find_map(|address| argument.split_once(address));
        let Some((before, after)) = found else { return argument.to_owned() };
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (port, after) = after.split_at(digits);
        let here = self.0.entry(port.parse().unwrap_or_else(|_| panic!("{argument}"))).or_insert_with(free_port);
        format!("{before}127.0.0.1:{here}{after}")
    }
}

/// An argument with each mount of the container replaced by the folder of its volume.
fn in_folders(argument: &str, container: &Value, folder: &Path) -> String {
    let mounts = list(container, "volumeMounts").iter();
    let mount = mounts.filter_map(|mount| Some((argument.split_once(text(mount, "mountPath"))?, text(mount, "name"))));
    // Of `/run/a` and `/run/a/b` the longer one is meant.
    match mount.min_by_key(|((_, after), _)| after.len()) {
        Some(((before, after), volume)) => format!("{before}{}{after}", folder.join(volume).display()),
        None => argument.to_owned(),
    }
}

/// The files of a ConfigMap or Secret.
fn write_volume(admin: &Kubectl, namespace: &str, volume: &Value, folder: &Path) {
    let (kind, source, name) = match (&volume["configMap"], &volume["secret"]) {
        (source @ Value::Object(_), _) => ("configmap", source, text(source, "name")),
        (_, source @ Value::Object(_)) => ("secret", source, text(source, "secretName")),
        _ => panic!("a volume of another kind: {volume}"),
    };
    let object =
        admin.find(&[kind, name, "--namespace", namespace]).unwrap_or_else(|| panic!("{kind} {name} is missing"));
    let mut files = BTreeMap::new();
    for (key, value) in object["data"].as_object().into_iter().flatten() {
        let value = value.as_str().expect("a text");
        let value = if kind == "secret" { STANDARD.decode(value).unwrap() } else { value.into() };
        files.insert(key.as_str(), value);
    }
    for (key, value) in object["binaryData"].as_object().into_iter().flatten() {
        files.insert(key.as_str(), STANDARD.decode(value.as_str().expect("a text")).unwrap());
    }
    let items = list(source, "items");
    let chosen: Vec<_> = match items {
        [] => files.keys().map(|key| (*key, *key)).collect(),
        items => items.iter().map(|item| (text(item, "key"), text(item, "path"))).collect(),
    };
    for (key, path) in chosen {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).unwrap();
        fs::write(path, &files[key]).unwrap();
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}
