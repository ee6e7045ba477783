//! Which images of an object are judged: all of them, wherever it names one.

use image_integrity_cluster::{kubernetes, until};
use serde_json::json;

use crate::guarded::{Guarded, SIGNED, UNSIGNED, UNTRUSTED, assert_admitted, pod};

#[test]
fn a_signed_image_runs_and_one_that_is_not_or_by_a_stranger_is_denied() {
    let guarded = Guarded::new();
    let signed = guarded.namespace.run("demo-signed", SIGNED);
    assert_admitted(&signed);
    assert_eq!(signed.out, "pod/demo-signed created\n");
    guarded.assert_denied(&guarded.namespace.run("demo-unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
    guarded.assert_denied(&guarded.namespace.run("demo-untrusted", UNTRUSTED), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn a_denial_names_the_digest_the_image_its_place_and_what_to_do() {
    let guarded = Guarded::new();
    let denied = guarded.namespace.run("demo-unsigned", UNSIGNED);
    let answer = guarded.server.verify(&[&guarded.key(UNSIGNED)]);
    let value = answer.value(&guarded.key(UNSIGNED));
    let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}"));
    let digest = text("subject").rsplit_once('@').expect("a digest").1;
    let told = format!(
        "SIGNATURE_NOT_FOUND {digest} {UNSIGNED} (container demo-unsigned): {}. {}",
        text("message"),
        text("remediation")
    );
    assert!(denied.err.contains(&told), "{told}\n{}", denied.err);
}

#[test]
fn an_image_is_judged_in_every_kind_of_container() {
    let guarded = Guarded::new();
    let container = |image: &str| json!([{ "name": "other", "image": image }]);
    for list in ["containers", "initContainers"] {
        let of = |name: &str, image: &str| {
            let mut spec = json!({ "containers": [{ "name": "app", "image": SIGNED }] });
            match spec[list].as_array_mut() {
                Some(containers) => containers.push(container(image)[0].clone()),
                None => spec[list] = container(image),
            }
            guarded.namespace.create(&pod(&format!("{}-{name}", list.to_lowercase()), &spec))
        };
        guarded.assert_denied(&of("unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
        assert_admitted(&of("signed", SIGNED));
    }
}

#[test]
fn an_ephemeral_container_is_judged_through_its_subresource() {
    let guarded = Guarded::new();
    assert_admitted(&guarded.namespace.run("app", SIGNED));
    let debug = |name: &str, image: &str| {
        guarded.namespace.kubectl(&["debug", "app", "--profile", "general", "--container", name, "--image", image])
    };
    guarded.assert_denied(&debug("unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
    let signed = debug("signed", SIGNED);
    assert_eq!(signed.code, 0, "{signed:?}");
    let containers = guarded.namespace.find(&["pod", "app"]).unwrap()["spec"]["ephemeralContainers"].clone();
    assert_eq!(containers.as_array().map(Vec::len), Some(1), "{containers}");
}

#[test]
fn an_image_that_is_a_volume_is_judged() {
    if kubernetes() == "1.30" {
        // It knows no such volumes: kubectl refuses the field.
        return;
    }
    let guarded = Guarded::new();
    let with = |name: &str, image: &str| {
        let spec = json!({
            "containers": [{ "name": "app", "image": SIGNED }],
            "volumes": [{ "name": "model", "image": { "reference": image, "pullPolicy": "IfNotPresent" } }],
        });
        guarded.namespace.create(&pod(name, &spec))
    };
    guarded.assert_denied(&with("unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
    assert_admitted(&with("signed", SIGNED));
}

#[test]
fn an_update_of_one_of_several_containers_is_judged() {
    let guarded = Guarded::new();
    let containers = ["first", "second", "third"].map(|name| json!({ "name": name, "image": SIGNED }));
    assert_admitted(&guarded.namespace.create(&pod("app", &json!({ "containers": containers }))));
    let set = |image: &str| guarded.namespace.kubectl(&["set", "image", "pod/app", &format!("second={image}")]);
    guarded.assert_denied(&set(UNSIGNED), "SIGNATURE_NOT_FOUND");
    let same = format!("{SIGNED}@{}", digest(&guarded));
    assert_admitted(&set(&same));
}

#[test]
fn an_update_that_leaves_the_images_is_let_through_though_they_would_now_be_denied() {
    let guarded = Guarded::new();
    assert_admitted(&guarded.namespace.run("app", SIGNED));
    // The tag now names an image that nobody has signed.
    guarded.registry.push("deislabs/ratify/notary-image:signed");
    assert_admitted(&guarded.namespace.kubectl(&["label", "pod", "app", "seen=yes"]));
    guarded.assert_denied(&guarded.namespace.run("again", SIGNED), "SIGNATURE_NOT_FOUND");
}

#[test]
fn who_makes_a_workload_learns_of_the_denial_whatever_its_kind() {
    let guarded = Guarded::new();
    let create = |arguments: &[&str]| guarded.namespace.kubectl(&[&["create"], arguments].concat());
    let image = |image: &str| format!("--image={image}");
    let deployment = create(&["deployment", "d", &image(UNSIGNED)]);
    guarded.assert_denied(&deployment, "[Implied by image-integrity-workloads] SIGNATURE_NOT_FOUND");
    let job = create(&["job", "j", &image(UNSIGNED)]);
    guarded.assert_denied(&job, "[Implied by image-integrity-workloads] SIGNATURE_NOT_FOUND");
    // In two steps, of which the last one is told: a Job, and the Pod of that.
    let cronjob = create(&["cronjob", "c", "--schedule=* * * * *", &image(UNSIGNED)]);
    guarded.assert_denied(&cronjob, "[Implied by image-integrity-workloads] SIGNATURE_NOT_FOUND");
    for kind in ["StatefulSet", "DaemonSet", "ReplicaSet"] {
        let template = json!({
            "metadata": { "labels": { "app": "w" } },
            "spec": { "containers": [{ "name": "app", "image": UNSIGNED }] },
        });
        let workload = json!({
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": { "name": "w" },
            "spec": { "selector": { "matchLabels": { "app": "w" } }, "template": template },
        });
        let denied = guarded.namespace.create(&workload);
        guarded.assert_denied(&denied, "[Implied by image-integrity-workloads] SIGNATURE_NOT_FOUND");
    }
    assert_admitted(&create(&["deployment", "d", &image(SIGNED)]));
    assert_admitted(&create(&["cronjob", "c", "--schedule=* * * * *", &image(SIGNED)]));
    until("the deployment has its Pod", || {
        let pods = guarded.namespace.find(&["pods", "--selector", "app=d"])?;
        (!pods["items"].as_array()?.is_empty()).then_some(())
    });
}

/// The digest that the signed image's tag has.
fn digest(guarded: &Guarded) -> String {
    let key = guarded.key(SIGNED);
    let answer = guarded.server.verify(&[&key]);
    let subject = answer.value(&key)["subject"].as_str().expect("a subject").to_owned();
    subject.rsplit_once('@').expect("a digest").1.to_owned()
}
