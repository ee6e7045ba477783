//! The whole way from an API server that is scripted: lists, watches, failures, statuses.

use kube::Client;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{super::super::object::Kind, api::Api, objects::*, *};

fn options() -> ClusterOptions {
    ClusterOptions {
        release_namespace: "security".to_owned(),
        namespaced_objects: NamespacedObjects::Add,
        start_within: Duration::from_secs(10),
    }
}

async fn start(api: &Api) -> (Live, Arc<LiveHealth>) {
    let health = Arc::new(LiveHealth::default());
    (watch_cluster(api.client(), options(), Arc::clone(&health)).await.unwrap(), health)
}

fn with_good_objects() -> Api {
    let api = Api::with_all_kinds();
    for object in [certificates("default/c"), verifier("v", "c"), store("s", json!({}))] {
        api.apply(&object);
    }
    api
}

/// Waits until the newest snapshot is as it should be.
async fn until(live: &mut Live, is: impl Fn(&Snapshot) -> bool) {
    let wait = live.wait_for(|snapshot| is(snapshot));
    timeout(Duration::from_mins(10), wait).await.expect("it is so in time").unwrap();
}

/// Waits until something is so that nobody tells of. The clock is the test's.
async fn eventually(is: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it never is");
}

fn is_usable(snapshot: &Snapshot) -> bool {
    snapshot.of_cluster().configuration().is_ok()
}

fn watching(health: &LiveHealth) -> usize {
    health.kinds().iter().filter(|kind| kind.watching).count()
}

#[tokio::test(start_paused = true)]
async fn the_first_snapshot_holds_all_objects_and_each_gets_its_status_once() {
    let api = with_good_objects();
    let (mut live, health) = start(&api).await;
    assert!(is_usable(&live.borrow()));
    eventually(|| api.patches().len() == 3 && watching(&health) == 9).await;
    // Our own statuses come back by the watch, and change nothing.
    sleep(Duration::from_mins(1)).await;
    let mut names: Vec<_> = api.patches().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["certificatestores/default/c", "stores/s", "verifiers/v"]);
    assert_eq!(live.borrow_and_update().generation(), 1);
    assert!(!live.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_is_applied_and_deleted_takes_effect() {
    let api = with_good_objects();
    let (mut live, _) = start(&api).await;
    api.apply(&store("s", json!({ "useHttp": true })));
    until(&mut live, |snapshot| snapshot.of_cluster().configuration().unwrap().plain_http()).await;
    api.apply(&misspelt(verifier("v", "c")));
    eventually(|| api.patches().iter().any(|(name, status)| name == "verifiers/v" && status["error"] == MISSPELT))
        .await;
    assert!(is_usable(&live.borrow()));
    api.delete(&verifier("v", "c"));
    until(&mut live, |snapshot| snapshot.of_cluster().configuration().err() == Some(NO_VERIFIER)).await;
    assert!(live.borrow().generation() >= 3);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_leaves_the_configuration_in_force_and_is_told_once() {
    let log = Log::default();
    let _guard = log.listen();
    let api = with_good_objects();
    let (mut live, health) = start(&api).await;
    eventually(|| watching(&health) == 9).await;
    api.go_down();
    eventually(|| watching(&health) == 0).await;
    sleep(Duration::from_mins(5)).await;
    assert!(is_usable(&live.borrow()));
    let told = "cannot watch verifiers.config.ratify.deislabs.io; the last good configuration stays in force (the server is starting)";
    assert_eq!(log.lines_with(told), 1, "{}", log.text());
    // What happens meanwhile is learnt afterwards.
    api.delete(&verifier("v", "c"));
    api.come_back();
    until(&mut live, |snapshot| !is_usable(snapshot)).await;
    eventually(|| watching(&health) == 9).await;
    assert_eq!(log.lines_with("the kind Verifier is watched again"), 1);
}

#[tokio::test(start_paused = true)]
async fn kinds_that_are_not_defined_have_no_objects_until_they_are() {
    let api = Api::default();
    let (mut live, health) = start(&api).await;
    assert_eq!(live.borrow().of_cluster().configuration().err(), Some(NO_VERIFIER));
    assert_eq!(health.kinds(), []);
    api.define(Kind::CertificateStore);
    api.define(Kind::Verifier);
    api.apply(&certificates("default/c"));
    api.apply(&verifier("v", "c"));
    until(&mut live, |snapshot| {
        snapshot
            .of_cluster()
            .configuration()
            .is_ok_and(|it| it.config().verifiers[0].trust_stores["ca:certs"].len() == 1)
    })
    .await;
    assert_eq!(health.kinds().iter().map(|kind| kind.kind).collect::<Vec<_>>(), ["CertificateStore", "Verifier"]);
}

async fn refusal(client: Client) -> String {
    watch_cluster(client, options(), Arc::default()).await.unwrap_err().to_string()
}

#[tokio::test(start_paused = true)]
async fn without_the_rights_the_start_ends_with_their_names() {
    let api = with_good_objects();
    api.deny("list", Kind::Verifier);
    api.deny("list", Kind::Policy);
    assert_eq!(
        refusal(api.client()).await,
        "the service account may not list verifiers.config.ratify.deislabs.io, list policies.config.ratify.deislabs.io: give it the verbs list and watch on them"
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_ends_the_start_in_time() {
    let api = with_good_objects();
    api.go_down();
    assert_eq!(
        refusal(api.client()).await,
        "the API server did not say within 10 seconds which kinds there are: the server is starting"
    );
}

#[tokio::test(start_paused = true)]
async fn a_status_that_cannot_be_written_is_tried_again_and_delays_nothing() {
    let log = Log::default();
    let _guard = log.listen();
    let api = with_good_objects();
    api.deny("patch", Kind::Verifier);
    let (mut live, _) = start(&api).await;
    log.until("the status of Verifier v is not written: may not patch it; give the service account the verb patch on verifiers.config.ratify.deislabs.io/status").await;
    api.apply(&store("s", json!({ "useHttp": true })));
    until(&mut live, |snapshot| snapshot.of_cluster().configuration().unwrap().plain_http()).await;
    eventually(|| api.patches().iter().filter(|(name, _)| name == "stores/s").count() == 2).await;
    api.allow("patch", Kind::Verifier);
    eventually(|| api.patches().iter().any(|(name, status)| name == "verifiers/v" && *status == success())).await;
    assert_eq!(log.lines_with("the status of Verifier v is not written"), 1);
}

fn success() -> Value {
    json!({ "issuccess": true, "error": null, "brieferror": null })
}

#[tokio::test(start_paused = true)]
async fn the_watches_end_with_the_last_who_listens() {
    let api = with_good_objects();
    let (live, health) = start(&api).await;
    eventually(|| watching(&health) == 9 && api.watches() == 9).await;
    drop(live);
    eventually(|| api.watches() == 0).await;
}
