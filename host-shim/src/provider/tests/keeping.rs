//! What is kept, for whom and for how long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::{Notify, watch};

use super::world::{Asked, MUTATE, VERIFY, World, client, error, item};
use crate::decisions::KeptVerdicts;
use crate::testing::{
    fixture,
    registry::{self, demo, demo_layout, plain_demo},
    server::{Reply, Server},
};

#[tokio::test]
async fn fifty_who_ask_about_a_cold_image_cost_the_registry_four_requests() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let key = format!("{}/app:signed", server.host());
    let codes = join_all((0..50).map(|_| asked.code(&key))).await;
    assert!(codes.iter().all(|code| code == "VERIFIED"), "{codes:?}");
    assert_eq!(server.seen().len(), 4, "{:?}", server.paths());
}

#[tokio::test]
async fn a_warm_answer_asks_neither_the_registry_nor_the_engine() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    for tag in ["signed", "unsigned"] {
        let key = format!("{}/app:{tag}", server.host());
        let first = asked.code(&key).await;
        let before = (server.seen().len(), asked.judged.load(Ordering::SeqCst));
        assert_eq!(asked.code(&key).await, first);
        // No object of this namespace is configured: the cluster's answer is its own.
        assert_eq!(asked.code(&format!("[team-a]{key}")).await, first);
        assert_eq!((server.seen().len(), asked.judged.load(Ordering::SeqCst)), before, "{tag}");
    }
}

#[tokio::test]
async fn what_the_registry_says_again_is_not_verified_again() {
    let server = plain_demo().await;
    let asked = World { told_for: Duration::from_nanos(1), ..World::default() }.start().await;
    let key = format!("{}/app:signed", server.host());
    assert_eq!(asked.code(&key).await, "VERIFIED");
    let before = (server.seen().len(), asked.judged.load(Ordering::SeqCst));
    assert_eq!(asked.code(&key).await, "VERIFIED");
    // Tag and list are asked for, and one verdict says that a list is needed; no content is fetched, and no signature verified.
    assert_eq!((server.seen().len() - before.0, asked.judged.load(Ordering::SeqCst) - before.1), (2, 1));
}

#[tokio::test]
async fn where_a_rule_of_the_users_has_a_say_each_list_is_judged_anew() {
    let server = plain_demo().await;
    let world = World { told_for: Duration::from_nanos(1), verdicts: KeptVerdicts::None, ..World::default() };
    let asked = world.start().await;
    let key = format!("{}/app:signed", server.host());
    assert_eq!(asked.code(&key).await, "VERIFIED");
    let before = asked.judged.load(Ordering::SeqCst);
    assert_eq!(asked.code(&key).await, "VERIFIED");
    // Once for the list, once for the manifest, once for the envelope, and once for the verdict.
    assert_eq!(asked.judged.load(Ordering::SeqCst) - before, 4);
}

#[tokio::test]
async fn a_signature_that_is_withdrawn_is_missed_as_soon_as_the_list_is_asked_for_again() {
    let withdrawn = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&withdrawn);
    let server = demo(move |seen| {
        (seen.path().contains("/referrers/") && gone.load(Ordering::SeqCst)).then(|| registry::page("[]", &[]))
    })
    .await;
    let asked = World { told_for: Duration::from_nanos(1), ..World::default() }.start().await;
    let key = format!("{}/app:signed", server.host());
    assert_eq!(asked.code(&key).await, "VERIFIED");
    withdrawn.store(true, Ordering::SeqCst);
    assert_eq!(asked.code(&key).await, "SIGNATURE_NOT_FOUND");
}

#[tokio::test]
async fn a_failure_is_given_again_for_a_moment_and_then_tried_again() {
    let failing = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&failing);
    let layout = demo_layout();
    let server = Server::start(move |seen| {
        if fails.load(Ordering::SeqCst) { Reply::new(404, &[], "<html>") } else { registry::answer(&layout, seen) }
    })
    .await;
    let key = format!("{}/app:signed", server.host());
    let damped = World { damped_for: Duration::from_mins(1), ..World::default() }.start().await;
    let first = damped.code(&key).await;
    let requests = server.seen().len();
    failing.store(false, Ordering::SeqCst);
    assert_eq!(damped.code(&key).await, first);
    assert_eq!(server.seen().len(), requests);

    failing.store(true, Ordering::SeqCst);
    let eager = World { damped_for: Duration::from_nanos(1), ..World::default() }.start().await;
    assert_eq!(eager.code(&key).await, first);
    failing.store(false, Ordering::SeqCst);
    assert_eq!(eager.code(&key).await, "VERIFIED");
}

#[tokio::test]
async fn fifty_who_want_what_cannot_be_had_ask_the_registry_once() {
    let server = Server::start(|_| Reply::new(404, &[], "<html>")).await;
    let asked = World::default().start().await;
    let image = format!("{}/app:signed", server.host());
    let keys = [image.as_str()];
    let mutations = join_all((0..50).map(|_| asked.keys(MUTATE, &keys))).await;
    for response in mutations {
        assert!(item(&response, &image)["error"].as_str().unwrap().starts_with("IMAGE_NOT_FOUND: "), "{response}");
    }
    assert_eq!(server.seen().len(), 1, "{:?}", server.paths());
    let body = json!({ "images": [image] }).to_string();
    for (_, answer) in join_all((0..50).map(|_| asked.ask_as(client("opa"), "/v1/evidence", body.clone()))).await {
        assert_eq!(answer["input"]["images"][&image]["failures"][0]["kind"], "subject", "{answer}");
    }
    assert_eq!(server.seen().len(), 1, "{:?}", server.paths());
}

#[tokio::test]
async fn no_answer_is_under_a_configuration_that_was_replaced() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let key = format!("{}/app:signed", server.host());
    assert_eq!(asked.code(&key).await, "VERIFIED");
    let other = std::fs::read_to_string(fixture("demo/wrong-identity.yaml")).unwrap();
    asked.configure(&other).await;
    assert_eq!(asked.code(&key).await, "IDENTITY_MISMATCH");
}

/// A registry whose first answer to such a request waits.
struct Held {
    server: Server,
    reached: Arc<Notify>,
    go: Arc<Notify>,
}

impl Held {
    async fn at(path: &'static str) -> Self {
        let (reached, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (arrived, wait) = (Arc::clone(&reached), Arc::clone(&go));
        let held = AtomicBool::new(true);
        let layout = demo_layout();
        let server = demo(move |seen| {
            let is_first = seen.path().contains(path) && held.swap(false, Ordering::SeqCst);
            is_first.then(|| {
                arrived.notify_one();
                registry::answer(&layout, seen).not_before(&wait)
            })
        })
        .await;
        Self { server, reached, go }
    }

    /// What is answered where the configuration changes while the registry is waited for.
    async fn meanwhile<T>(&self, asked: &Asked, config: &str, asking: impl Future<Output = T>) -> T {
        let (answer, ()) = tokio::join!(asking, async {
            self.reached.notified().await;
            asked.configure(config).await;
            self.go.notify_one();
        });
        answer
    }
}

fn wrong_identity() -> String {
    std::fs::read_to_string(fixture("demo/wrong-identity.yaml")).unwrap()
}

#[tokio::test]
async fn who_waits_while_the_configuration_changes_is_answered_under_the_new_one() {
    let (held, asked) = (Held::at("/blobs/").await, World::default().start().await);
    let key = format!("{}/app:signed", held.server.host());
    assert_eq!(held.meanwhile(&asked, &wrong_identity(), asked.code(&key)).await, "IDENTITY_MISMATCH");
}

#[tokio::test]
async fn all_keys_of_a_request_are_answered_under_one_configuration() {
    let (held, known, asked) = (Held::at("/blobs/").await, plain_demo().await, World::default().start().await);
    let keys = [format!("{}/app:signed", known.host()), format!("{}/app:signed", held.server.host())];
    assert_eq!(asked.code(&keys[0]).await, "VERIFIED");
    let keys = keys.each_ref().map(String::as_str);
    let response = held.meanwhile(&asked, &wrong_identity(), asked.keys(VERIFY, &keys)).await;
    for key in keys {
        assert_eq!(item(&response, key)["value"]["code"], "IDENTITY_MISMATCH", "{response}");
    }

    let (held, asked) = (Held::at("/blobs/").await, World::default().start().await);
    let images = [keys[0].to_owned(), format!("{}/app:signed", held.server.host())];
    let body = json!({ "images": images }).to_string();
    let asking = asked.ask_as(client("opa"), "/v1/verify", body);
    let (_, answer) = held.meanwhile(&asked, &wrong_identity(), asking).await;
    for image in images {
        assert_eq!(answer["images"][&image]["code"], "IDENTITY_MISMATCH", "{answer}");
    }
}

#[tokio::test]
async fn all_keys_of_a_mutation_are_answered_under_one_configuration() {
    let (held, known, asked) = (Held::at("/manifests/").await, plain_demo().await, World::default().start().await);
    let keys = [format!("{}/app:signed", known.host()), format!("{}/app:signed", held.server.host())];
    let keys = keys.each_ref().map(String::as_str);
    let with_a_login = World::default().config.replace(
        "spec:\n  name: oras\n",
        "spec:\n  name: oras\n  parameters: {authProvider: {name: dockerConfig, configPath: /is/missing}}\n",
    );
    let response = held.meanwhile(&asked, &with_a_login, asked.keys(MUTATE, &keys)).await;
    for key in keys {
        let error = item(&response, key)["error"].as_str().unwrap_or_else(|| panic!("{response}"));
        assert!(error.starts_with("CREDENTIAL_UNAVAILABLE: "), "{error}");
    }
}

#[tokio::test]
async fn what_changes_in_one_namespace_leaves_the_decisions_of_others() {
    let server = plain_demo().await;
    let of_team_a = "---\napiVersion: config.ratify.deislabs.io/v1beta1\nkind: NamespacedStore\n\
                     metadata:\n  name: s\n  namespace: team-a\nspec:\n  name: oras\n";
    let config = World::default().config + of_team_a;
    let (plain, with_team_a) = (World::default().start().await, World { config, ..World::default() }.start().await);
    let plain = plain.live.borrow().clone();
    let changed = plain.with_namespace_of(&with_team_a.live.borrow(), "team-a");
    let (change, live) = watch::channel(plain);
    let asked = World { live: Some(live), ..World::default() }.start().await;
    let key = |namespace: &str| format!("[{namespace}]{}/app:signed", server.host());
    assert_eq!(asked.code(&key("team-a")).await, "VERIFIED");
    assert_eq!(asked.code(&key("team-b")).await, "VERIFIED");
    let before = (server.seen().len(), asked.judged.load(Ordering::SeqCst));
    change.send(Arc::new(changed)).unwrap();
    assert_eq!(asked.code(&key("team-b")).await, "VERIFIED");
    assert_eq!((server.seen().len(), asked.judged.load(Ordering::SeqCst)), before);
    assert_eq!(asked.code(&key("team-a")).await, "VERIFIED");
    assert!(asked.judged.load(Ordering::SeqCst) > before.1);
}

#[tokio::test]
async fn evidence_is_what_the_configuration_of_this_moment_needs() {
    let (held, asked) = (Held::at("/manifests/").await, World::default().start().await);
    let image = format!("{}/app:signed", held.server.host());
    let elsewhere =
        World::default().config.replace("- \"*\"\n          signature", "- other.example/app\n          signature");
    let asking = asked.ask_as(client("opa"), "/v1/evidence", json!({ "images": [image] }).to_string());
    let (_, answer) = held.meanwhile(&asked, &elsewhere, asking).await;
    let evidence = answer["input"]["images"].as_object().unwrap().values().next().unwrap();
    // No policy is for this image any more, so nothing that refers to it is asked for.
    assert!(evidence["subject"].is_object() && evidence.get("referrers").is_none(), "{answer}");
}

#[tokio::test]
async fn a_fetch_goes_on_when_its_question_is_over_and_the_retry_finds_it_done() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let layout = demo_layout();
    let server =
        demo(move |seen| seen.path().contains("/blobs/").then(|| registry::answer(&layout, seen).not_before(&wait)))
            .await;
    let asked = World { verify_deadline: Duration::from_secs(1), ..World::default() }.start().await;
    let key = format!("{}/app:signed", server.host());
    let response = asked.keys(VERIFY, &[&key]).await;
    assert!(error(&response).contains("REGISTRY_TIMEOUT"), "{response}");
    go.notify_one();
    assert_eq!(item(&asked.keys(VERIFY, &[&key]).await, &key)["value"]["code"], "VERIFIED");
    assert_eq!(server.seen().len(), 4, "{:?}", server.paths());
}
