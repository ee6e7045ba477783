//! What is added, replaced or deleted counts at once in the server's answers, and through Gatekeeper when its cache is over.

use std::time::Duration;

use image_integrity_cluster::{Gatekeeper, OnFailure, Setup, within};

use crate::{
    CLUSTER,
    turn::{SIGNED, SOON, Turn, admin},
};

#[test]
fn an_object_that_is_added_replaced_or_deleted_counts_within_two_seconds() {
    let turn = Turn::new();
    assert_eq!(turn.code("default", SIGNED), "CONFIGURATION_UNUSABLE", "there is nothing yet");
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    turn.apply("demo/aks-verify-config.yaml");
    turn.soon("default", SIGNED, "CERTIFICATE_UNTRUSTED");
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    turn.apply("demo/wrong-identity.yaml");
    turn.soon("default", SIGNED, "IDENTITY_MISMATCH");
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    admin().ok(&["delete", "verifier", "verifier-notary-inline"]);
    within(SOON, "without a verifier nothing is verified", || {
        (turn.code("default", SIGNED) != "VERIFIED").then_some(())
    });
}

#[test]
fn through_a_gatekeeper_without_a_cache_a_change_counts_as_soon() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let (namespace, _placed) = turn.guarded();
    assert_eq!(namespace.run("before", SIGNED).code, 0);
    turn.apply("demo/aks-verify-config.yaml");
    within(SOON, "Gatekeeper denies", || (dry_run(&namespace).code == 1).then_some(()));
}

#[test]
fn through_a_gatekeeper_with_a_cache_a_change_counts_when_what_it_keeps_is_too_old() {
    let turn = Turn::new();
    let gatekeeper = Gatekeeper::start(CLUSTER.control_plane(), Setup { name: "caching", cache: "1s" });
    let hooks = gatekeeper.guard(CLUSTER.control_plane());
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    let namespace = CLUSTER.namespace_of(&gatekeeper, OnFailure::Fail);
    let placed = turn.guard(&namespace);
    for object in &placed {
        object.wait(gatekeeper.name());
    }
    assert_eq!(namespace.run("before", SIGNED).code, 0);
    turn.apply("demo/aks-verify-config.yaml");
    within(SOON + Duration::from_secs(1), "Gatekeeper denies", || (dry_run(&namespace).code == 1).then_some(()));
    turn.apply("demo/verify-config.yaml");
    within(SOON + Duration::from_secs(1), "Gatekeeper lets in", || (dry_run(&namespace).code == 0).then_some(()));
    drop((placed, hooks));
}

#[test]
fn a_server_that_loses_the_cluster_goes_on_with_what_it_knew() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    turn.soon("default", SIGNED, "VERIFIED");
    CLUSTER.control_plane().while_frozen(|| {
        assert_eq!(turn.code("default", SIGNED), "VERIFIED");
        assert_eq!(turn.server.health("/readyz").unwrap().0, 200);
    });
    turn.apply("demo/aks-verify-config.yaml");
    within(Duration::from_secs(30), "the watch goes on", || {
        (turn.code("default", SIGNED) == "CERTIFICATE_UNTRUSTED").then_some(())
    });
}

fn dry_run(namespace: &image_integrity_cluster::Namespace) -> image_integrity_e2e::Ended {
    namespace.kubectl(&["run", "probe", "--image", SIGNED, "--dry-run=server"])
}
