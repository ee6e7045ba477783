//! Logins that the cluster holds, and whom they serve.

use image_integrity_cluster::OnFailure;
use image_integrity_e2e::{PASSWORD, Registry, USER};
use serde_json::{Value, json};

use crate::{
    CLUSTER,
    turn::{RELEASE, Turn, admin},
};

#[test]
fn a_registry_that_wants_a_login_is_asked_with_the_secret_that_the_store_names() {
    let registry = Registry::with_htpasswd();
    let image = registry.copy("demo/layout", "signed", "private/app:signed");
    let turn = Turn::with(vec!["--ca-file".into(), registry.ca().expect("it is on TLS").into()]);
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", &image, "REGISTRY_UNAUTHORIZED");
    admin().create(&login("registry-login", RELEASE, &registry));
    let credentials = json!({
        "spec": { "parameters": { "authProvider": { "name": "k8Secrets", "secrets": [{ "secretName": "registry-login" }] } } },
    });
    let patched = admin().patch(&["store", "store-oras"], &credentials);
    assert_eq!(patched.code, 0, "{patched:?}");
    turn.soon("default", &image, "VERIFIED");
    admin().ok(&["delete", "secret", "registry-login", "--namespace", RELEASE]);
}

#[test]
fn the_pull_secrets_of_a_namespace_serve_that_namespace_where_the_administrator_says_so() {
    let registry = Registry::with_htpasswd();
    let image = registry.copy("demo/layout", "signed", "private/app:signed");
    let ca = registry.ca().expect("it is on TLS");
    let turn = Turn::with(vec!["--ca-file".into(), ca.into(), "--pod-pull-secrets".into()]);
    turn.apply("demo/verify-config.yaml");
    let (with, without) = (CLUSTER.namespace(OnFailure::Fail), CLUSTER.namespace(OnFailure::Fail));
    admin().create(&login("pull", with.name(), &registry));
    let patched =
        with.kubectl(&["patch", "serviceaccount", "default", "--patch", r#"{"imagePullSecrets":[{"name":"pull"}]}"#]);
    assert_eq!(patched.code, 0, "{patched:?}");
    turn.soon(with.name(), &image, "VERIFIED");
    // What one tenant's login has fetched answers no other one.
    assert_eq!(turn.code(without.name(), &image), "REGISTRY_UNAUTHORIZED");
}

fn login(name: &str, namespace: &str, registry: &Registry) -> Value {
    let config = json!({ "auths": { registry.host(): { "username": USER, "password": PASSWORD } } });
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "namespace": namespace },
        "type": "kubernetes.io/dockerconfigjson",
        "stringData": { ".dockerconfigjson": config.to_string() },
    })
}
