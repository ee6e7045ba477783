//! Images that Gatekeeper names by digest before they are judged.

use image_integrity_cluster::{Door, Placed, kubernetes, until};
use serde_json::{Value, json};

use crate::{
    CLUSTER,
    guarded::{Guarded, SIGNED, UNSIGNED, Wanted, assert_admitted, mutations, pod},
};

/// A namespace with the mutations of the project, and a constraint that asks for digests.
fn mutating() -> (Guarded, Placed, Vec<Placed>) {
    let guarded = Guarded::with(Wanted { parameters: json!({ "requireDigest": true }), ..Wanted::default() });
    let name = format!("{}-mutate", guarded.namespace.name());
    let provider = CLUSTER.provider(&name, &guarded.server.url("/ratify/gatekeeper/v1/mutate"));
    let mutations = mutations(guarded.namespace.name(), &name);
    (guarded, provider, mutations)
}

#[test]
fn every_image_of_a_pod_is_named_by_the_digest_that_was_verified() {
    let (guarded, _provider, _mutations) = mutating();
    let mut spec = json!({
        "containers": [{ "name": "app", "image": SIGNED }, { "name": "side", "image": SIGNED }],
        "initContainers": [{ "name": "init", "image": SIGNED }],
    });
    if kubernetes() != "1.30" {
        spec["volumes"] = json!([{ "name": "model", "image": { "reference": SIGNED } }]);
    }
    assert_admitted(&guarded.namespace.create(&pod("app", &spec)));
    let digest = guarded.server.mutate(&[SIGNED]).value(SIGNED).as_str().expect("a name").to_owned();
    assert!(digest.starts_with("ghcr.io/deislabs/ratify/notary-image@sha256:"), "{digest}");
    let made = guarded.namespace.find(&["pod", "app"]).unwrap()["spec"].clone();
    let image = |list: &str, at: usize| made[list][at]["image"].clone();
    let mut named = vec![image("containers", 0), image("containers", 1), image("initContainers", 0)];
    if kubernetes() != "1.30" {
        let volumes = made["volumes"].as_array().expect("volumes");
        named.extend(
            volumes
                .iter()
                .filter(|volume| volume["name"] == "model")
                .map(|volume| volume["image"]["reference"].clone()),
        );
        assert_eq!(named.len(), 4, "{volumes:?}");
    }
    for name in named {
        assert_eq!(name, Value::from(digest.as_str()));
    }
}

#[test]
fn the_tag_of_a_deployment_stays_and_its_pods_have_the_digest() {
    let (guarded, _provider, _mutations) = mutating();
    assert_admitted(&guarded.namespace.kubectl(&["create", "deployment", "d", &format!("--image={SIGNED}")]));
    let pod = until("the deployment has its Pod", || {
        guarded.namespace.find(&["pods", "--selector", "app=d"])?["items"].as_array()?.first().cloned()
    });
    let image = pod["spec"]["containers"][0]["image"].as_str().expect("an image").to_owned();
    assert!(image.starts_with("ghcr.io/deislabs/ratify/notary-image@sha256:"), "{image}");
    let deployment = guarded.namespace.find(&["deployment", "d"]).unwrap();
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["image"], SIGNED);
}

#[test]
fn mutation_does_not_verify_and_what_it_named_is_denied_like_any() {
    let (guarded, _provider, _mutations) = mutating();
    let denied = guarded.namespace.run("demo-unsigned", UNSIGNED);
    guarded.assert_denied(&denied, "SIGNATURE_NOT_FOUND");
    assert!(denied.err.contains("ghcr.io/deislabs/ratify/notary-image@sha256:"), "{denied:?}");
}

#[test]
fn where_no_mutation_ran_a_tag_is_denied_since_it_may_move_before_it_is_pulled() {
    let guarded = Guarded::with(Wanted { parameters: json!({ "requireDigest": true }), ..Wanted::default() });
    guarded.assert_denied(&guarded.namespace.run("tag", SIGNED), "DIGEST_REQUIRED");
    let digest = guarded.server.mutate(&[SIGNED]).value(SIGNED).as_str().expect("a name").to_owned();
    assert_admitted(&guarded.namespace.run("digest", &digest));
}

#[test]
fn an_image_that_cannot_be_resolved_keeps_its_tag_and_is_denied_for_that() {
    let (guarded, _provider, _mutations) = mutating();
    let absent = "ghcr.io/deislabs/ratify/notary-image:absent";
    guarded.assert_denied(&guarded.namespace.run("absent", absent), "DIGEST_REQUIRED");
}

#[test]
fn a_mutation_that_hangs_leaves_the_tag_which_the_constraint_then_denies() {
    let (guarded, _provider, _mutations) = mutating();
    assert_eq!(guarded.constraint.read()["spec"]["parameters"]["requireDigest"], true);
    guarded.gate.set(Door::Held);
    guarded.assert_denied(&guarded.namespace.run("slow", SIGNED), "DIGEST_REQUIRED");
    guarded.gate.set(Door::Open);
    until("the fetch in the background is over", || (guarded.namespace.run("again", SIGNED).code == 0).then_some(()));
}
