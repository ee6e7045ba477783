//! What happens where something does not answer: nobody is let in by that, unless the webhook itself says so.

use std::{
    thread,
    time::{Duration, Instant},
};

use image_integrity_cluster::{Door, OnFailure, until};
use serde_json::json;

use crate::guarded::{Guarded, SIGNED, UNSIGNED, Wanted, assert_admitted};

#[test]
fn a_provider_that_is_down_denies() {
    let guarded = Guarded::new();
    let Guarded { server, namespace, constraint, provider, .. } = guarded;
    drop(server);
    let denied = namespace.run("demo-signed", SIGNED);
    assert_eq!(denied.code, 1, "{denied:?}");
    assert!(denied.err.contains(&format!("denied the request: [{}] NO_ANSWER ", namespace.name())), "{denied:?}");
    assert!(denied.err.contains("connection refused"), "{denied:?}");
    drop((constraint, provider));
}

#[test]
fn a_provider_that_hangs_denies_before_the_webhook_gives_up_whatever_that_would_do() {
    for on_failure in [OnFailure::Fail, OnFailure::Ignore] {
        let guarded = Guarded::with(Wanted { on_failure, ..Wanted::default() });
        guarded.server.program().freeze();
        let denied = guarded.namespace.run("demo-signed", SIGNED);
        guarded.assert_denied(&denied, "NO_ANSWER");
        assert!(denied.err.contains("context deadline exceeded"), "{denied:?}");
        guarded.server.program().thaw();
        assert_admitted(&guarded.namespace.run("again", SIGNED));
    }
}

#[test]
fn a_provider_slower_than_the_webhook_is_an_error_under_fail_and_lets_in_under_ignore() {
    for on_failure in [OnFailure::Fail, OnFailure::Ignore] {
        let guarded = Guarded::with(Wanted { on_failure, ..Wanted::default() });
        guarded.provider.change("gatekeeper", &json!({ "spec": { "timeout": 5 } }));
        guarded.server.program().freeze();
        let ended = guarded.namespace.run("demo-unsigned", UNSIGNED);
        match on_failure {
            OnFailure::Fail => {
                assert_eq!(ended.code, 1, "{ended:?}");
                assert!(ended.err.contains("failed calling webhook \"validation.gatekeeper.sh\""), "{ended:?}");
            }
            // Why Provider.timeout is 2 s, and our own deadline below that.
            OnFailure::Ignore => assert_admitted(&ended),
        }
        guarded.server.program().thaw();
    }
}

#[test]
fn a_provider_that_is_killed_while_it_is_asked_denies() {
    let guarded = Guarded::new();
    guarded.gate.set(Door::Held);
    let Guarded { server, namespace, gate, .. } = &guarded;
    let denied = thread::scope(|scope| {
        let asking = scope.spawn(|| namespace.run("demo-signed", SIGNED));
        gate.wait_for_visitor();
        server.program().kill();
        asking.join().expect("kubectl ended")
    });
    guarded.assert_denied(&denied, "NO_ANSWER");
}

#[test]
fn a_registry_that_is_down_denies_and_is_named() {
    let guarded = Guarded::new();
    guarded.gate.set(Door::Shut);
    let denied = guarded.namespace.run("demo-signed", SIGNED);
    guarded.assert_denied(&denied, "NO_ANSWER");
    assert!(denied.err.contains("REGISTRY_UNAVAILABLE"), "{denied:?}");
    guarded.gate.set(Door::Open);
    until("the failure is not kept", || (guarded.namespace.run("again", SIGNED).code == 0).then_some(()));
}

#[test]
fn a_registry_that_hangs_is_answered_for_before_anybody_s_deadline_and_the_retry_is_warm() {
    let guarded = Guarded::with(Wanted { on_failure: OnFailure::Ignore, ..Wanted::default() });
    guarded.gate.set(Door::Held);
    let start = Instant::now();
    let denied = guarded.namespace.run("demo-signed", SIGNED);
    guarded.assert_denied(&denied, "NO_ANSWER");
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    // The server's own word, not Gatekeeper's of it.
    assert!(!denied.err.contains("context deadline exceeded"), "{denied:?}");
    guarded.gate.set(Door::Open);
    until("the fetch in the background is over", || (guarded.namespace.run("again", SIGNED).code == 0).then_some(()));
}

#[test]
fn a_registry_that_throttles_denies_and_is_named() {
    let guarded = Guarded::new();
    guarded.gate.set(Door::Answers(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ));
    let denied = guarded.namespace.run("demo-signed", SIGNED);
    guarded.assert_denied(&denied, "NO_ANSWER");
    assert!(denied.err.contains("429 Too Many Requests"), "{denied:?}");
    guarded.gate.set(Door::Open);
    until("the failure is not kept", || (guarded.namespace.run("again", SIGNED).code == 0).then_some(()));
}

#[test]
fn a_thousand_keys_in_one_request_are_answered_or_refused_and_none_is_forgotten() {
    let guarded = Guarded::new();
    let keys: Vec<_> = (0..1000).map(|at| guarded.key(&format!("ghcr.io/deislabs/ratify/notary-image:{at}"))).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let answer = guarded.server.verify(&keys);
    let told = answer.document["response"]["systemError"].as_str().unwrap_or_default();
    let unanswered = keys.iter().filter(|key| answer.item(key).is_none()).count();
    assert!(unanswered == 0 || !told.is_empty(), "{unanswered} keys are missing, and nothing says why");
}
