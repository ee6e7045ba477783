//! OPA as the webhook, without Gatekeeper: the policy of `rego/admission` and the objects of `deploy/opa`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image_integrity_cluster::{
    Configuration, Identity, Namespace, OnFailure, Server, Workload, encoded, source, until,
};
use image_integrity_e2e::{HostsDir, Kind, Opa, Registry, fixture, module, run, shim};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    CLUSTER,
    guarded::{SIGNED, UNSIGNED, assert_admitted, pod},
};

const NAMESPACE: &str = "image-integrity";

/// A key of RSA, as OPA expects where it is told nothing else.
const SIGNING_KEY: &str = "demo/keys/demo.key.pem";

#[test]
fn without_gatekeeper_an_opa_denies_what_the_module_does_not_verify_on_evidence_of_the_server() {
    let registry = Registry::plain(Kind::ReferrersApi);
    for tag in ["signed", "unsigned"] {
        registry.copy("demo/layout", tag, &format!("deislabs/ratify/notary-image:{tag}"));
    }
    let hosts = HostsDir::new("ghcr.io", &[&registry.origin()], "http://127.0.0.1:1");
    let configuration = fixture("demo/verify-config.yaml");
    let options = hosts.options().into_iter().chain(["--api-client".into(), "opa-client".into()]);
    let server = Server::start(CLUSTER.control_plane().authority(), Configuration::Files(&configuration), options);

    let folder = tempfile::tempdir().unwrap();
    install(&folder, &server);
    let opa = Workload::start(CLUSTER.control_plane(), NAMESPACE, "opa", |container| match container {
        "opa" => Opa::command(),
        other => panic!("the Pod has a container {other}"),
    });
    // Gatekeeper has no constraint there, and so nothing to say.
    let namespace = CLUSTER.namespace(OnFailure::Fail);
    let webhook = Webhook::new(&opa, &namespace);

    let denied = until("the webhook is asked", || {
        let ended = namespace.kubectl(&["run", "demo-unsigned", "--image", UNSIGNED, "--dry-run=server"]);
        (ended.code != 0).then_some(ended)
    });
    let told = format!("admission webhook \"{}\" denied the request: SIGNATURE_NOT_FOUND sha256:", webhook.name);
    assert!(denied.err.contains(&told), "{told}: {denied:?}");
    assert_admitted(&namespace.run("demo-signed", SIGNED));
    let spec = json!({
        "containers": [{ "name": "app", "image": SIGNED }],
        "initContainers": [{ "name": "init", "image": UNSIGNED }],
    });
    assert_eq!(namespace.create(&pod("init", &spec)).code, 1);
    let deployment = namespace.kubectl(&["create", "deployment", "d", &format!("--image={UNSIGNED}")]);
    assert!(deployment.err.contains("SIGNATURE_NOT_FOUND sha256:"), "{deployment:?}");

    drop(server);
    let denied = namespace.run("later", SIGNED);
    assert!(denied.code == 1 && denied.err.contains("denied the request: NO_EVIDENCE"), "{denied:?}");
    drop(opa);
    let refused = namespace.run("later", SIGNED);
    assert!(refused.code == 1 && refused.err.contains("failed calling webhook"), "{refused:?}");
}

/// What makes the API server ask OPA, for as long as the test is on.
struct Webhook {
    name: String,
}

impl Webhook {
    /// The webhook of `deploy/opa`, for one namespace, at where OPA listens here.
    fn new(opa: &Workload, namespace: &Namespace) -> Self {
        let text = fs::read_to_string(source("deploy/opa/webhook.yaml")).unwrap();
        let mut configuration = CLUSTER.admin().read_as_json(&text);
        let hook = &mut configuration["webhooks"][0];
        let path = hook["clientConfig"]["service"]["path"].as_str().expect("a path").to_owned();
        let ca = encoded(&CLUSTER.control_plane().authority().pem());
        hook["clientConfig"] = json!({ "url": format!("https://127.0.0.1:{}{path}", opa.port(8443)), "caBundle": ca });
        hook["namespaceSelector"] = json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace.name() } });
        let name = hook["name"].as_str().expect("a name").to_owned();
        CLUSTER.admin().create(&configuration);
        Self { name }
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        CLUSTER.admin().run(&["delete", "validatingwebhookconfiguration", "image-integrity"]);
    }
}

/// The objects of `deploy/opa` but for those of cert-manager, whose Secrets are made here, and the bundle as the documents make it.
fn install(folder: &TempDir, server: &Server) {
    let admin = CLUSTER.admin();
    admin.apply(&fs::read_to_string(source("deploy/opa/namespace.yaml")).unwrap());
    let authority = CLUSTER.control_plane().authority();
    for (name, identity) in [
        ("opa-server", authority.server("opa-server", &["opa.image-integrity.svc"])),
        ("opa-client", authority.client("opa-client", None)),
    ] {
        let mut data = json!({});
        for (file, path) in
            [("ca.crt", authority.certificate()), ("tls.crt", identity.certificate()), ("tls.key", identity.key())]
        {
            data[file] = encoded(&fs::read_to_string(path).unwrap()).into();
        }
        admin.create(&secret(name, &data));
    }
    let bundle =
        bundle(folder.path(), &client(&authority.client("opa-client", None), folder), &server.url("/v1/evidence"));
    let key = KeyPair::from_pem(&fs::read_to_string(fixture(SIGNING_KEY)).unwrap()).unwrap();
    let public = folder.path().join("public.pem");
    fs::write(&public, key.public_key_pem()).unwrap();
    let from = |name: &str, path: &Path| format!("--from-file={name}={}", path.display());
    admin.ok(&["--namespace", NAMESPACE, "create", "configmap", "opa-bundle", &from("bundle.tar.gz", &bundle)]);
    admin.ok(&["--namespace", NAMESPACE, "create", "configmap", "opa-bundle-key", &from("key.pem", &public)]);
    admin.apply(&fs::read_to_string(source("deploy/opa/opa.yaml")).unwrap());
}

/// The signed bundle: the policy, the module, and as data whom to trust and where the server is.
fn bundle(folder: &Path, client: &Path, evidence: &str) -> PathBuf {
    let data = folder.join("trust/image_integrity_config");
    fs::create_dir_all(data.join("config")).unwrap();
    let settings = fs::read_to_string(source("deploy/opa/bundle/image_integrity_config/data.yaml")).unwrap();
    let settings = settings.replace("/run/opa/client", client.to_str().expect("a path in UTF-8"));
    let settings = settings.replace("https://image-integrity.image-integrity.svc:6001/v1/evidence", evidence);
    assert!(settings.contains(evidence), "{settings}");
    fs::write(data.join("data.yaml"), settings).unwrap();
    let image = format!("oci:{}:signed", fixture("demo/layout").display());
    let fetched = run(shim().args(["fetch", "--config"]).arg(fixture("demo/verify-config.yaml")).arg(image));
    let input: Value = serde_json::from_str(&fetched.out).unwrap_or_else(|error| panic!("{error}: {fetched:?}"));
    fs::write(data.join("config/data.json"), input["config"].to_string()).unwrap();

    let out = folder.join("admission.tar.gz");
    let mut command = shim();
    command.arg("bundle").arg("--module").arg(module()).arg("--out").arg(&out);
    command.arg("--signing-key").arg(fixture(SIGNING_KEY));
    command.args([source("rego/lib"), source("rego/admission"), folder.join("trust")]);
    let ended = run(&mut command);
    assert_eq!(ended.code, 0, "{ended:?}");
    out
}

/// The folder that the bundle's data names, since the Secret's mount is elsewhere here.
fn client(identity: &Identity, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("client");
    fs::create_dir(&path).unwrap();
    let ca = CLUSTER.control_plane().authority().certificate();
    for (name, file) in [("ca.crt", ca), ("tls.crt", identity.certificate()), ("tls.key", identity.key())] {
        fs::copy(file, path.join(name)).unwrap();
    }
    path
}

fn secret(name: &str, data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "type": "kubernetes.io/tls",
        "data": data,
    })
}
