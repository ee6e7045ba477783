//! What a trust policy makes of a signature: levels, overrides, schemes, times, identities, metadata.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::World;
use serde_json::{Value, json};

const IDENTITY_OF_ANOTHER: &str = "x509.subject: C=US, ST=WA, O=someone-else";

/// A world that is made anew for each level.
type MakeWorld = fn() -> World;

fn fixture(tag: &str, root: &str) -> World {
    World::of("notation-go", tag, &format!("keys/{root}.root.pem"))
}

fn at_level(world: World, level: &str) -> World {
    world.with_statement("signatureVerification", json!({ "level": level }))
}

fn overriding(world: World, level: &str, check: &str, action: &str) -> World {
    world.with_statement("signatureVerification", json!({ "level": level, "override": { check: action } }))
}

/// The results of the checks of the only report, as `name:action:result`.
fn checks(world: &World) -> Vec<String> {
    let verdict = world.verdict();
    let [report] = verdict["verifierReports"].as_array().unwrap().as_slice() else { panic!("{verdict}") };
    let text = |check: &Value, member: &str| check[member].as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    checks.map(|check| [text(check, "name"), text(check, "action"), text(check, "result")].join(":")).collect()
}

// E7, and the table of levels: what each level makes of each kind of failure.
#[test]
fn each_level_does_with_each_failure_what_the_specification_says() {
    let table: [(&str, MakeWorld, [&str; 3]); 6] = [
        ("integrity", || fixture("tampered-jws", "rsa2048"), ["SIGNATURE_INVALID"; 3]),
        (
            "authenticity",
            || fixture("untrusted-jws", "rsa2048"),
            ["CERTIFICATE_UNTRUSTED", "CERTIFICATE_UNTRUSTED", "VERIFIED"],
        ),
        (
            "identity",
            || World::signed().with_statement("trustedIdentities", json!([IDENTITY_OF_ANOTHER])),
            ["IDENTITY_MISMATCH", "IDENTITY_MISMATCH", "VERIFIED"],
        ),
        ("expiry", || fixture("expired-jws", "rsa2048"), ["SIGNATURE_EXPIRED", "VERIFIED", "VERIFIED"]),
        (
            "authenticTimestamp",
            || fixture("leaf-expired-jws", "leaf-expired"),
            ["CERTIFICATE_EXPIRED", "VERIFIED", "VERIFIED"],
        ),
        ("revocation", || fixture("ocsp-jws", "ocsp"), ["REVOCATION_UNKNOWN", "VERIFIED", "VERIFIED"]),
    ];
    for (what, world, codes) in table {
        for (level, code) in ["strict", "permissive", "audit"].into_iter().zip(codes) {
            assert_eq!(at_level(world(), level).code(), code, "{what} at level {level}");
        }
    }
}

#[test]
fn the_payload_is_enforced_at_every_level() {
    for level in ["strict", "permissive", "audit"] {
        assert_eq!(at_level(fixture("wrong-payload-jws", "rsa2048"), level).code(), "PAYLOAD_MISMATCH", "{level}");
    }
}

#[test]
fn an_override_replaces_the_action_of_one_check() {
    assert_eq!(overriding(fixture("expired-jws", "rsa2048"), "strict", "expiry", "log").code(), "VERIFIED");
    assert_eq!(overriding(fixture("expired-jws", "rsa2048"), "audit", "expiry", "enforce").code(), "SIGNATURE_EXPIRED");
    assert_eq!(
        overriding(fixture("untrusted-jws", "rsa2048"), "audit", "authenticity", "enforce").code(),
        "CERTIFICATE_UNTRUSTED"
    );
    assert_eq!(
        overriding(fixture("leaf-expired-jws", "leaf-expired"), "strict", "authenticTimestamp", "log").code(),
        "VERIFIED"
    );
    assert_eq!(overriding(fixture("crl-jws", "crl"), "strict", "revocation", "skip").code(), "VERIFIED");
}

#[test]
fn trust_policies_that_break_a_rule_are_refused() {
    let statements = [
        json!({ "name": "", "registryScopes": ["*"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": [], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["*", "r.example/a"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["r.example/*"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["https://r.example/a"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["r.example/a:v1"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["r.example/a", "r.example/a"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["*"], "signatureVerification": { "level": "strict" }, "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["*"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"] }),
        json!({ "name": "a", "registryScopes": ["*"], "signatureVerification": { "level": "strict" }, "trustStores": ["ca:.."], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["*"], "signatureVerification": { "level": "strict" }, "trustStores": ["x:acme"], "trustedIdentities": ["*"] }),
        json!({ "name": "a", "registryScopes": ["*"], "signatureVerification": { "level": "skip" } }),
        json!({ "name": "a", "registryScopes": ["r.example/a"], "signatureVerification": { "level": "skip" }, "trustStores": ["ca:acme"] }),
        json!({ "name": "a", "registryScopes": ["r.example/a"], "signatureVerification": { "level": "skip", "verifyTimestamp": "always" } }),
        json!({ "name": "a", "registryScopes": ["r.example/a"], "signatureVerification": { "level": "skip", "override": { "expiry": "log" } } }),
    ];
    for statement in statements {
        let mut world = World::signed();
        *world.statement() = statement.clone();
        assert_eq!(world.code(), "TRUST_POLICY_INVALID", "{statement}");
    }
    for strictness in [
        json!({ "level": "strict", "override": { "integrity": "log" } }),
        json!({ "level": "strict", "override": { "expiry": "skip" } }),
        json!({ "level": "strict", "override": { "expiry": "Log" } }),
        json!({ "level": "strict", "override": { "timestamp": "log" } }),
        json!({ "level": "strict", "verifyTimestamp": "never" }),
        json!({ "level": "strict", "override": null }),
        json!({ "level": null }),
    ] {
        let world = World::signed().with_statement("signatureVerification", strictness.clone());
        assert_eq!(world.code(), "TRUST_POLICY_INVALID", "{strictness}");
    }
}

#[test]
fn names_and_scopes_are_unique_in_a_trust_policy() {
    for (name, scope) in [("default", "r.example/a"), ("other", "*")] {
        let mut world = World::signed();
        let mut second = world.statement().clone();
        second["name"] = name.into();
        second["registryScopes"] = json!([scope]);
        world.verifier()["trustPolicyDoc"]["trustPolicies"].as_array_mut().unwrap().push(second);
        assert_eq!(world.code(), "TRUST_POLICY_INVALID", "{name} {scope}");
    }
}

#[test]
fn a_trust_policy_of_another_version_or_without_statements_is_refused() {
    for (member, value) in
        [("version", json!("1.1")), ("version", json!(1.0)), ("trustPolicies", json!([])), ("x", json!(1))]
    {
        let mut world = World::signed();
        world.verifier()["trustPolicyDoc"][member] = value.clone();
        assert_eq!(world.code(), "TRUST_POLICY_INVALID", "{member} {value}");
    }
}

#[test]
fn one_invalid_trust_policy_denies_images_that_another_verifier_accepts() {
    let mut world = World::signed();
    let mut other = world.verifier().clone();
    other["name"] = "other".into();
    other["trustPolicyDoc"]["version"] = "2".into();
    world.config["verifiers"].as_array_mut().unwrap().push(other);
    assert_eq!(world.code(), "TRUST_POLICY_INVALID");
}

#[test]
fn every_check_is_told_in_order() {
    assert_eq!(
        checks(&World::signed()),
        [
            "integrity:enforce:pass",
            "plugin:enforce:pass",
            "authenticity:enforce:pass",
            "identity:enforce:pass",
            "expiry:enforce:pass",
            "authenticTimestamp:enforce:pass",
            "revocation:enforce:pass",
            "payload:enforce:pass",
            "userMetadata:enforce:pass",
        ]
    );
}

#[test]
fn an_enforced_failure_ends_the_checks() {
    let world = World::signed().with_statement("trustedIdentities", json!([IDENTITY_OF_ANOTHER]));
    assert_eq!(
        checks(&world)[2..],
        [
            "authenticity:enforce:pass",
            "identity:enforce:fail",
            "expiry:enforce:notRun",
            "authenticTimestamp:enforce:notRun",
            "revocation:enforce:notRun",
            "payload:enforce:notRun",
            "userMetadata:enforce:notRun",
        ]
    );
}

#[test]
fn a_logged_failure_is_told_and_the_checks_go_on() {
    let world = at_level(fixture("expired-jws", "rsa2048"), "permissive");
    assert_eq!(
        checks(&world)[4..8],
        ["expiry:log:fail", "authenticTimestamp:log:pass", "revocation:log:pass", "payload:enforce:pass"]
    );
}

#[test]
fn revocation_is_skipped_by_policy_and_not_run_for_a_signer_who_is_only_watched() {
    assert_eq!(checks(&overriding(World::signed(), "strict", "revocation", "skip"))[6], "revocation:skip:skipped");
    let untrusted = || fixture("untrusted-jws", "rsa2048");
    assert_eq!(checks(&at_level(untrusted(), "audit"))[6], "revocation:log:notRun");
    assert_eq!(checks(&overriding(untrusted(), "audit", "revocation", "enforce"))[6], "revocation:enforce:pass");
}

#[test]
fn a_signature_is_expired_from_the_second_of_its_expiry_on() {
    for (now, code) in [("2026-11-01T23:59:59.999Z", "VERIFIED"), ("2026-11-02T00:00:00Z", "SIGNATURE_EXPIRED")] {
        let world = World { now: now.to_owned(), ..fixture("expired-jws", "rsa2048") };
        assert_eq!(world.code(), code, "{now}");
    }
}

#[test]
fn certificates_are_valid_from_their_first_second_to_their_last() {
    for (now, code) in [
        ("2019-12-31T23:59:59.999Z", "CERTIFICATE_NOT_YET_VALID"),
        ("2020-01-01T00:00:00Z", "VERIFIED"),
        ("2119-12-31T23:59:59.999Z", "VERIFIED"),
        ("2120-01-01T00:00:00Z", "CERTIFICATE_EXPIRED"),
    ] {
        let world = World { now: now.to_owned(), ..World::signed() };
        assert_eq!(world.code(), code, "{now}");
    }
}

// The signing time is the signer's own word; nothing may rest on it.
#[test]
fn a_signing_time_in_the_future_changes_nothing() {
    let world = World { now: "2020-06-01T00:00:00Z".to_owned(), ..World::signed() };
    assert_eq!(world.code(), "VERIFIED");
}

#[test]
fn a_signing_authority_vouches_for_the_time_of_an_expired_leaf() {
    let fixtures = image_integrity_test_corpus::fixtures();
    let expired =
        fixtures.iter().find(|fixture| fixture.name.contains("expired") && fixture.trust_store == "signingAuthority");
    let world = expired.expect("a fixture of a signing authority over an expired leaf").world();
    let verdict = world.verdict();
    assert_eq!(verdict["code"], "VERIFIED");
    assert_eq!(verdict.get("validUntil"), None, "what was true then stays true");
}

#[test]
fn a_timestamp_that_the_policy_needs_is_a_failure_and_one_that_it_does_not_need_is_none() {
    let with_tsa = |world: World, rule: &str| {
        let mut world =
            world.with_statement("signatureVerification", json!({ "level": "strict", "verifyTimestamp": rule }));
        let pem = world.verifier()["trustStores"]["ca:acme"].clone();
        world.verifier()["trustStores"]["tsa:clock"] = pem;
        world.with_statement("trustStores", json!(["ca:acme", "tsa:clock"]))
    };
    assert_eq!(with_tsa(World::signed(), "always").code(), "TIMESTAMP_UNSUPPORTED");
    assert_eq!(with_tsa(World::signed(), "afterCertExpiry").code(), "VERIFIED");
    let expired = || fixture("leaf-expired-jws", "leaf-expired");
    assert_eq!(with_tsa(expired(), "afterCertExpiry").code(), "TIMESTAMP_UNSUPPORTED");
}

#[test]
fn required_metadata_must_be_in_the_payload_with_its_value() {
    for (required, code) in [
        (json!({ "buildId": "101" }), "VERIFIED"),
        (json!({ "buildId": "102" }), "USER_METADATA_MISMATCH"),
        (json!({ "buildid": "101" }), "USER_METADATA_MISMATCH"),
        (json!({ "buildId": "101", "other": "" }), "USER_METADATA_MISMATCH"),
        (json!({ "buildId": 101 }), "CONFIG_INVALID"),
    ] {
        let mut world = fixture("user-metadata-jws", "rsa2048");
        world.verifier()["userMetadata"] = required.clone();
        assert_eq!(world.code(), code, "{required}");
    }
}

#[test]
fn an_identity_matches_where_the_leaf_has_all_its_attributes() {
    for (identity, code) in [
        ("x509.subject: C=US, ST=WA, O=acme", "VERIFIED"),
        ("x509.subject: O=acme,OU=build,ST=WA,C=US,L=Seattle", "VERIFIED"),
        ("x509.subject: C=US, ST=WA, O=Acme", "IDENTITY_MISMATCH"),
        ("x509.subject: C=US, ST=WA, O=acme\\ ", "IDENTITY_MISMATCH"),
        ("x509.subject: C=US, ST=WA, O=\u{430}cme", "IDENTITY_MISMATCH"),
        ("x509.subject: C=US, ST=WA, O=acme, DC=x", "IDENTITY_MISMATCH"),
        ("did:example:acme", "IDENTITY_MISMATCH"),
        ("x509.subject: C=US, O=acme", "TRUST_POLICY_INVALID"),
    ] {
        let world = World::signed().with_statement("trustedIdentities", json!([identity]));
        assert_eq!(world.code(), code, "{identity}");
    }
}

#[test]
fn a_mismatch_tells_what_was_expected_and_what_was_found() {
    let verdict = World::signed().with_statement("trustedIdentities", json!([IDENTITY_OF_ANOTHER])).verdict();
    let message = verdict["message"].as_str().unwrap();
    assert!(message.contains(IDENTITY_OF_ANOTHER) && message.contains("O=acme"), "{message}");
}

#[test]
fn the_signer_is_told_as_existing_templates_read_it() {
    let verdict = World::signed().verdict();
    let extensions = &verdict["verifierReports"][0]["extensions"];
    assert!(extensions["SN"].as_str().unwrap().ends_with("O=acme,L=Seattle,ST=WA,C=US"), "{extensions}");
    assert!(extensions["Issuer"].as_str().unwrap().ends_with("C=US"), "{extensions}");
}
