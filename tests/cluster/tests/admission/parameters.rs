//! What a constraint can ask for beside a good signature, and what it can leave out.

use serde_json::json;

use crate::guarded::{Guarded, SIGNED, UNSIGNED, UNTRUSTED, Wanted, assert_admitted, pod};

fn with(parameters: serde_json::Value) -> Guarded {
    Guarded::with(Wanted { parameters, ..Wanted::default() })
}

#[test]
fn a_verdict_of_a_module_that_the_constraint_does_not_name_is_denied() {
    let guarded = with(json!({ "moduleDigests": ["0".repeat(64)] }));
    guarded.assert_denied(&guarded.namespace.run("demo-signed", SIGNED), "MODULE_MISMATCH");
}

#[test]
fn a_required_identity_lets_in_its_own_signatures_alone() {
    let good = with(json!({ "requiredIdentity": "x509.subject: CN=demo" }));
    assert_admitted(&good.namespace.run("demo-signed", SIGNED));
    let another = with(json!({ "requiredIdentity": "x509.subject: CN=somebody" }));
    another.assert_denied(&another.namespace.run("demo-signed", SIGNED), "IDENTITY_REQUIRED");
}

#[test]
fn an_excluded_image_is_let_in_and_named_in_denials_beside_it() {
    let guarded = with(json!({ "excludedImages": [UNSIGNED] }));
    assert_admitted(&guarded.namespace.run("excluded", UNSIGNED));
    let containers = json!([{ "name": "one", "image": UNSIGNED }, { "name": "two", "image": UNTRUSTED }]);
    let denied = guarded.namespace.create(&pod("both", &json!({ "containers": containers })));
    guarded.assert_denied(&denied, "CERTIFICATE_UNTRUSTED");
    assert!(denied.err.contains(&format!("Not verified, since they are excluded: {UNSIGNED}.")), "{denied:?}");
}

#[test]
fn a_namespace_that_the_constraint_leaves_out_is_not_verified() {
    let guarded = with(json!({ "excludedNamespaces": ["test-*"] }));
    assert_admitted(&guarded.namespace.run("demo-unsigned", UNSIGNED));
}

#[test]
fn parameters_that_would_mean_nothing_are_refused_by_the_cluster() {
    let guarded = Guarded::new();
    for (wrong, told) in [
        (json!({ "moduleDigests": ["latest"] }), "spec.parameters.moduleDigests[0]"),
        (json!({ "excludedImages": ["*"] }), "spec.parameters.excludedImages[0]"),
        (json!({ "excludedImages": ["registry.example*"] }), "spec.parameters.excludedImages[0]"),
        (json!({ "requireDigest": "yes" }), "spec.parameters.requireDigest"),
    ] {
        let patch = json!({ "spec": { "parameters": wrong } });
        let object = format!("imageintegrity/{}", guarded.namespace.name());
        let refused = crate::CLUSTER.admin().patch(&[&object], &patch);
        assert!(refused.code == 1 && refused.err.contains(told), "{patch}: {refused:?}");
    }
}
