//! What a constraint does: deny, warn, or only tell in its audit.

use image_integrity_cluster::until;
use serde_json::Value;

use crate::guarded::{Guarded, SIGNED, UNSIGNED, Wanted, assert_admitted};

#[test]
fn a_dry_run_lets_everything_in_and_its_audit_tells_what_would_be_denied() {
    let guarded = Guarded::with(Wanted { constraint: "dryrun", ..Wanted::default() });
    assert_admitted(&guarded.namespace.run("demo-signed", SIGNED));
    assert_admitted(&guarded.namespace.run("demo-unsigned", UNSIGNED));
    let violation = only_violation(&guarded);
    assert_eq!(violation["name"], "demo-unsigned");
    assert_eq!(violation["enforcementAction"], "dryrun");
    let message = violation["message"].as_str().expect("a message");
    assert!(message.starts_with("SIGNATURE_NOT_FOUND sha256:"), "{message}");
}

#[test]
fn a_warning_is_shown_to_who_makes_the_pod_which_is_let_in() {
    let guarded = Guarded::with(Wanted { constraint: "warn", ..Wanted::default() });
    let warned = guarded.namespace.run("demo-unsigned", UNSIGNED);
    assert_eq!((warned.code, warned.out.as_str()), (0, "pod/demo-unsigned created\n"), "{warned:?}");
    let warning = format!("Warning: [{}] SIGNATURE_NOT_FOUND sha256:", guarded.namespace.name());
    assert!(warned.err.starts_with(&warning), "{warned:?}");
    assert_admitted(&guarded.namespace.run("demo-signed", SIGNED));
}

#[test]
fn what_was_let_in_before_a_constraint_denies_is_told_by_its_audit() {
    let guarded = Guarded::with(Wanted { constraint: "dryrun", ..Wanted::default() });
    assert_admitted(&guarded.namespace.run("before", UNSIGNED));
    let deny = serde_json::json!({ "spec": { "enforcementAction": "deny" } });
    guarded.constraint.change("gatekeeper", &deny);
    guarded.assert_denied(&guarded.namespace.run("after", UNSIGNED), "SIGNATURE_NOT_FOUND");
    let violation = until("an audit under deny", || {
        let violation = violations(&guarded)?.first()?.clone();
        (violation["enforcementAction"] == "deny").then_some(violation)
    });
    assert_eq!(violation["name"], "before");
}

#[test]
fn scoped_actions_deny_at_admission_and_tell_in_the_audit() {
    let guarded = Guarded::with(Wanted { constraint: "scoped", ..Wanted::default() });
    guarded.assert_denied(&guarded.namespace.run("demo-unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
    assert_admitted(&guarded.namespace.run("demo-signed", SIGNED));
    // A Pod of before the tag moved.
    guarded.registry.push("deislabs/ratify/notary-image:signed");
    assert_eq!(only_violation(&guarded)["name"], "demo-signed");
}

/// Waits for an audit that has found something, and asserts that it is one thing.
fn only_violation(guarded: &Guarded) -> Value {
    let found = until("an audit finds something", || violations(guarded).filter(|violations| !violations.is_empty()));
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

fn violations(guarded: &Guarded) -> Option<Vec<Value>> {
    Some(guarded.constraint.read()["status"]["violations"].as_array()?.clone())
}
