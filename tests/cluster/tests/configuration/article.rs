//! The file of the AKS article, as it is.

use crate::turn::{SIGNED, Turn, UNSIGNED, admin, status};

/// The objects of the file, and where `kubectl get` finds them.
const OBJECTS: [&[&str]; 3] = [
    &["certificatestores", "certstore-inline", "--namespace", "default"],
    &["stores", "store-oras"],
    &["verifiers", "verifier-notary-inline"],
];

#[test]
fn the_article_s_file_is_applied_unchanged_and_denies_images_that_someone_else_signed() {
    let turn = Turn::new();
    turn.apply("demo/aks-verify-config.yaml");
    for object in OBJECTS {
        status(object, true);
    }
    let (namespace, _placed) = turn.guarded();
    let denied = namespace.run("demo-signed", SIGNED);
    assert!(denied.code == 1 && denied.err.contains("] CERTIFICATE_UNTRUSTED sha256:"), "{denied:?}");
}

#[test]
fn with_one_certificate_swapped_the_signed_image_runs_and_the_unsigned_one_is_denied() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    for object in OBJECTS {
        status(object, true);
    }
    let (namespace, _placed) = turn.guarded();
    let signed = namespace.run("demo-signed", SIGNED);
    assert_eq!((signed.code, signed.out.as_str(), signed.err.as_str()), (0, "pod/demo-signed created\n", ""));
    let denied = namespace.run("demo-unsigned", UNSIGNED);
    assert!(denied.code == 1 && denied.err.contains("] SIGNATURE_NOT_FOUND sha256:"), "{denied:?}");
}

#[test]
fn kubectl_get_shows_what_it_always_did() {
    let turn = Turn::new();
    turn.apply("demo/verify-config.yaml");
    for object in OBJECTS {
        status(object, true);
    }
    let shown = admin().ok(&["get", "certificatestores", "--namespace", "default"]);
    let words: Vec<Vec<_>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["NAME", "ISSUCCESS", "ERROR", "LASTFETCHEDTIME"]);
    assert_eq!(words[1][..2], ["certstore-inline", "true"]);
    for kind in ["stores", "verifiers"] {
        let shown = admin().ok(&["get", kind]);
        let words: Vec<_> = shown.split_whitespace().collect();
        assert_eq!(words[..3], ["NAME", "ISSUCCESS", "ERROR"], "{shown}");
        assert!(shown.contains("true"), "{shown}");
    }
}
