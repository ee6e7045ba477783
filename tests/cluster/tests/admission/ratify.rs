//! Templates that people have from Ratify, with our server behind the provider that they name.

use serde_json::json;

use crate::{
    CLUSTER,
    guarded::{Guarded, SIGNED, UNSIGNED, Wanted},
};

const TEMPLATE: &str = include_str!("ratify-verification.yaml");

#[test]
fn a_template_of_ratify_asks_our_server_and_denies_what_is_not_signed() {
    // Our own constraint only tells, so that what is denied is denied by theirs.
    let guarded = Guarded::with(Wanted { constraint: "dryrun", ..Wanted::default() });
    CLUSTER.template(TEMPLATE, "RatifyVerification");
    let _provider = CLUSTER.provider("ratify-provider", &guarded.server.url("/ratify/gatekeeper/v1/verify"));
    let _constraint = CLUSTER.place(&json!({
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "RatifyVerification",
        "metadata": { "name": "ratify-constraint" },
        "spec": {
            "enforcementAction": "deny",
            "match": { "kinds": [{ "apiGroups": [""], "kinds": ["Pod"] }], "namespaces": [guarded.namespace.name()] },
        },
    }));
    let signed = guarded.namespace.run("demo-signed", SIGNED);
    assert_eq!((signed.code, signed.out.as_str()), (0, "pod/demo-signed created\n"), "{signed:?}");
    let unsigned = guarded.namespace.run("demo-unsigned", UNSIGNED);
    let told = format!("denied the request: [ratify-constraint] Subject failed verification: {UNSIGNED}");
    assert!(unsigned.code == 1 && unsigned.err.contains(&told), "{unsigned:?}");
}
