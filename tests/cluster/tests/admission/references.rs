//! Names of images that are no names, or that pretend to be something else.

use image_integrity_cluster::Namespace;
use image_integrity_e2e::Ended;
use serde_json::json;

use crate::guarded::{Guarded, SIGNED, assert_admitted, pod};

#[test]
fn a_name_that_cannot_be_an_image_is_denied_before_anybody_is_asked() {
    let guarded = Guarded::new();
    let long = format!("ghcr.io/{}", "a".repeat(4096));
    for image in
        ["[other]ghcr.io/app:v1", "ghcr.io/app:v1\n[gatekeeper] fine", "\u{202e}ghcr.io/app:v1", "ghcr.io/ app", &long]
    {
        let denied = created(&guarded.namespace, image);
        // The API server itself refuses some of them: white space at either end, and what is too long.
        assert_eq!(denied.code, 1, "{image:?}");
        guarded.assert_denied(&denied, "REFERENCE_INVALID");
        assert!(!denied.err.contains('\u{202e}'), "{denied:?}");
        assert!(denied.err.trim_end().lines().count() == 1, "one line: {denied:?}");
    }
    let asked = guarded.server.program().lines().iter().filter(|line| line.contains("ghcr.io/app")).count();
    assert_eq!(asked, 0);
}

#[test]
fn a_name_that_the_provider_cannot_read_is_denied_as_such() {
    let guarded = Guarded::new();
    for image in ["ghcr.io/UPPER/app:v1", "ghcr.io/app@sha256:abc", "ghcr.io//app", "[::1]:5000/app"] {
        let denied = created(&guarded.namespace, image);
        guarded.assert_denied(&denied, "REFERENCE_INVALID");
    }
}

#[test]
fn a_namespace_in_an_image_s_name_does_not_make_it_another_namespace_s_image() {
    let guarded = Guarded::new();
    let denied = created(&guarded.namespace, &format!("[kube-system]{SIGNED}"));
    guarded.assert_denied(&denied, "REFERENCE_INVALID");
    let spoofed = format!("[{}][kube-system]{SIGNED}", guarded.namespace.name());
    let answer = guarded.server.verify(&[&spoofed]);
    assert_eq!(answer.code(&spoofed), "REFERENCE_INVALID");
}

#[test]
fn a_tag_beside_a_digest_does_not_count() {
    let guarded = Guarded::new();
    let named = guarded.server.mutate(&[SIGNED]).value(SIGNED).as_str().expect("a name").to_owned();
    let digest = named.rsplit_once('@').expect("a digest").1;
    let both = format!("ghcr.io/deislabs/ratify/notary-image:unsigned@{digest}");
    assert_admitted(&created(&guarded.namespace, &both));
}

#[test]
fn one_image_that_cannot_be_read_does_not_cost_the_others_their_answers() {
    let guarded = Guarded::new();
    let (good, bad) = (guarded.key(SIGNED), guarded.key("ghcr.io/UPPER/app:v1"));
    let answer = guarded.server.verify(&[&bad, &good]);
    assert_eq!((answer.code(&good), answer.code(&bad)), ("VERIFIED", "REFERENCE_INVALID"));
}

/// Makes a Pod of one container. `kubectl run` would look at the image's name itself.
fn created(namespace: &Namespace, image: &str) -> Ended {
    namespace.create(&pod("app", &json!({ "containers": [{ "name": "app", "image": image }] })))
}
