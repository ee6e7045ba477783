//! Certificates of Gatekeeper and of the server, and those who have none.

use image_integrity_cluster::{Asking, Authority, encoded, until};
use serde_json::json;

use crate::{
    CLUSTER,
    guarded::{Guarded, SIGNED, assert_admitted},
};

#[test]
fn a_server_s_certificate_of_another_ca_is_refused_until_the_provider_object_names_that_ca() {
    let guarded = Guarded::new();
    let other = Authority::new("another-ca");
    guarded.server.identity().become_like(&other.server("provider", &[]));
    let denied = until("the new certificate is served", || {
        let ended = guarded.namespace.run("before", SIGNED);
        let _ = guarded.namespace.kubectl(&["delete", "pod", "before", "--ignore-not-found", "--now"]);
        (ended.code != 0).then_some(ended)
    });
    guarded.assert_denied(&denied, "NO_ANSWER");
    assert!(denied.err.contains("certificate signed by unknown authority"), "{denied:?}");
    guarded.provider.change("gatekeeper", &json!({ "spec": { "caBundle": encoded(&other.pem()) } }));
    assert_admitted(&guarded.namespace.run("after", SIGNED));
}

#[test]
fn gatekeeper_s_certificate_is_renewed_and_nobody_notices() {
    let guarded = Guarded::new();
    assert_admitted(&guarded.namespace.run("before", SIGNED));
    let gatekeeper = CLUSTER.gatekeeper().identity();
    let ca = CLUSTER.control_plane().authority();
    // A client of its own each time: one that resumes a session is shown nothing.
    let shown = || Asking::new(CLUSTER.gatekeeper().port(), &ca.certificate(), None).certificate();
    let old = shown().unwrap();
    gatekeeper.become_like(&ca.server("renewed.webhook", &[]));
    until("Gatekeeper shows the new certificate", || shown().ok().filter(|certificate| *certificate != old));
    assert_admitted(&guarded.namespace.run("after", SIGNED));
}

#[test]
fn who_shows_no_certificate_or_one_of_another_ca_gets_no_answer() {
    let guarded = Guarded::new();
    let request = json!({
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": { "keys": [guarded.key(SIGNED)] },
    });
    let other = Authority::new("another-ca");
    let stranger = other.client("somebody", None);
    for identity in [None, Some(&stranger)] {
        for path in ["/ratify/gatekeeper/v1/verify", "/ratify/gatekeeper/v1/mutate", "/v1/verify", "/v1/evidence"] {
            let answer = guarded.server.asked_by(identity).post(path, &request);
            assert!(answer.is_err(), "{path}: {answer:?}");
        }
    }
}

#[test]
fn gatekeeper_may_not_ask_what_only_named_clients_may() {
    let guarded = Guarded::new();
    let client = CLUSTER.gatekeeper().identity();
    for path in ["/v1/verify", "/v1/evidence"] {
        let (status, body) = guarded.server.asked_by(Some(client)).post(path, &json!({ "images": [SIGNED] })).unwrap();
        assert_eq!(status, 403, "{path}: {body}");
    }
}
