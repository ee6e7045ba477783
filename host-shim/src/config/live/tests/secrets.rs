//! Registry logins from secrets: which are asked for, for how long they are kept, and what is an error.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::advance;

use super::{
    super::super::{Logins, SecretName, ServiceAccountName},
    api::Api,
    *,
};

const REGISTRY: &str = "registry.example";

fn docker_config(user: &str) -> String {
    let login = STANDARD.encode(format!("{user}:pw"));
    json!({ "auths": { REGISTRY: { "auth": login } } }).to_string()
}

fn secret(of: &str, key: &str, text: &str) -> Value {
    json!({ "kind": "Secret", "apiVersion": "v1", "metadata": {}, "type": of, "data": { key: STANDARD.encode(text) } })
}

fn pull_secret(user: &str) -> Value {
    secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &docker_config(user))
}

fn account(pull_secrets: &[&str], secrets: &[&str]) -> Value {
    let names = |names: &[&str]| names.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>();
    json!({
        "kind": "ServiceAccount", "apiVersion": "v1", "metadata": {},
        "imagePullSecrets": names(pull_secrets), "secrets": names(secrets),
    })
}

fn of_store(secrets: &[&str]) -> Logins {
    let secrets = secrets.iter().map(|name| SecretName { namespace: "security".to_owned(), name: (*name).to_owned() });
    let service_account = ServiceAccountName { namespace: "security".to_owned(), name: "default".to_owned() };
    Logins::Secrets { service_account, secrets: secrets.collect() }
}

/// One with the default account of two namespaces.
fn api() -> (Api, ClusterSecrets) {
    let api = Api::default();
    api.put("/api/v1/namespaces/security/serviceaccounts/default", 200, account(&[], &[]));
    api.put("/api/v1/namespaces/team-a/serviceaccounts/default", 200, account(&[], &[]));
    let secrets = ClusterSecrets::new(api.client(), SECRETS_LIFE);
    (api, secrets)
}

fn put(api: &Api, name: &str, secret: Value) {
    let (namespace, name) = name.split_once('/').unwrap();
    api.put(&format!("/api/v1/namespaces/{namespace}/secrets/{name}"), 200, secret);
}

/// Where the logins for the registry were found, in their order.
async fn found(keychain: &crate::registry::credentials::Keychain) -> Vec<String> {
    let candidates = keychain.candidates(REGISTRY, "app", crate::testing::ample()).await.unwrap();
    candidates.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_stores_secrets_come_before_those_of_its_account() {
    let (api, secrets) = api();
    put(&api, "security/a", pull_secret("a"));
    put(
        &api,
        "security/old",
        secret(
            "kubernetes.io/dockercfg",
            ".dockercfg",
            &json!({ REGISTRY: { "auth": STANDARD.encode("old:pw") } }).to_string(),
        ),
    );
    put(&api, "security/b", pull_secret("b"));
    api.put("/api/v1/namespaces/security/serviceaccounts/default", 200, account(&["b"], &[]));
    let keychain = secrets.keychain(&of_store(&["a", "old"])).await.unwrap();
    let found = found(&keychain).await;
    let names: Vec<_> = ["a", "old", "b"].into_iter().map(|name| format!("secret security/{name}")).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for (found, name) in found.iter().zip(names) {
        assert!(found.contains(&name), "{found} {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_are_fetched_again_after_their_time_and_the_keychain_stays_the_same_while_they_do() {
    let (api, secrets) = api();
    put(&api, "security/a", pull_secret("a"));
    let logins = of_store(&["a"]);
    let first = secrets.keychain(&logins).await.unwrap();
    advance(SECRETS_LIFE.mul_f64(0.9)).await;
    assert!(Arc::ptr_eq(&first, &secrets.keychain(&logins).await.unwrap()));
    assert_eq!(api.gets().len(), 2);
    advance(SECRETS_LIFE.mul_f64(0.2)).await;
    assert!(Arc::ptr_eq(&first, &secrets.keychain(&logins).await.unwrap()));
    assert_eq!(api.gets().len(), 4);
    put(&api, "security/a", pull_secret("b"));
    advance(SECRETS_LIFE).await;
    assert!(!Arc::ptr_eq(&first, &secrets.keychain(&logins).await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_had_is_an_error_and_never_an_empty_keychain() {
    let (api, secrets) = api();
    put(&api, "security/opaque", secret("Opaque", "password", "x"));
    put(&api, "security/empty", secret("kubernetes.io/dockerconfigjson", "other", "x"));
    put(&api, "security/broken", secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{\"auths\": 1}"));
    put(&api, "security/strange", json!({ "kind": "Secret", "data": "hunter2" }));
    api.put("/api/v1/namespaces/security/secrets/denied", 403, json!({}));
    api.put("/api/v1/namespaces/security/secrets/down", 500, json!({}));
    put(&api, "security/large", json!({ "kind": "Secret", "x": "x".repeat(3 << 20) }));
    for (name, reason) in [
        ("gone", "it is not there; create it, or take its name out where it is named"),
        (
            "opaque",
            "it is of the type Opaque; only kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg hold logins",
        ),
        ("empty", "it has no data under .dockerconfigjson"),
        (
            "broken",
            "the credentials in secret security/broken cannot be used: auths is a number, and must be an object",
        ),
        ("strange", "the answer of the API server is not what was asked for"),
        ("denied", "the service account of this server may not read it; give it the verb get on secrets"),
        ("down", "the API server did not answer: it says 500 Internal Server Error"),
        ("large", "the answer of the API server is larger than 3145728 bytes"),
    ] {
        let error = secrets.keychain(&of_store(&[name])).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the registry logins in secret security/{name} cannot be had: {reason}"));
    }
    // A failure lasts a second, so that many who wait do not ask one after the other.
    let gets = api.gets().len();
    put(&api, "security/gone", pull_secret("a"));
    secrets.keychain(&of_store(&["gone"])).await.unwrap_err();
    assert_eq!(api.gets().len(), gets);
    advance(Duration::from_secs(1)).await;
    secrets.keychain(&of_store(&["gone"])).await.unwrap();
}

#[tokio::test]
async fn a_namespaces_logins_are_those_of_its_default_account() {
    let (api, secrets) = api();
    put(&api, "team-a/pull", pull_secret("a"));
    put(&api, "team-a/legacy", pull_secret("b"));
    put(&api, "team-a/token", secret("kubernetes.io/service-account-token", "token", "x"));
    api.put(
        "/api/v1/namespaces/team-a/serviceaccounts/default",
        200,
        account(&["pull"], &["token", "legacy", "pull", "gone"]),
    );
    let keychain = secrets.keychain_of_namespace("team-a").await.unwrap();
    assert_eq!(found(&keychain).await.len(), 2);
    // One that pods would be given must be there.
    api.put("/api/v1/namespaces/team-a/serviceaccounts/default", 200, account(&["gone"], &[]));
    let fresh = ClusterSecrets::new(api.client(), SECRETS_LIFE);
    assert_eq!(
        fresh.keychain_of_namespace("team-a").await.unwrap_err().to_string(),
        "the registry logins in secret team-a/gone cannot be had: it is not there; create it, or take its name out where it is named"
    );
}

#[tokio::test]
async fn a_name_cannot_lead_into_another_namespace() {
    let (api, secrets) = api();
    api.put("/api/v1/namespaces/team-a/serviceaccounts/default", 200, account(&["../../security/secrets/a"], &[]));
    for namespace in ["team-a", "../x", "", "a/b", "A"] {
        secrets.keychain_of_namespace(namespace).await.unwrap_err();
    }
    assert_eq!(api.gets(), ["/api/v1/namespaces/team-a/serviceaccounts/default"]);
}

#[tokio::test]
async fn a_docker_config_is_not_a_secret_and_a_store_may_say_nothing() {
    let (_, secrets) = api();
    assert_eq!(
        secrets.keychain(&Logins::DockerConfig(None)).await.unwrap_err().to_string(),
        "the registry logins in the docker config of a Store cannot be had: it is a file, and not a secret of the cluster"
    );
    let none = secrets.keychain(&Logins::None).await.unwrap();
    assert!(!none.may_have(REGISTRY, "app"));
}
