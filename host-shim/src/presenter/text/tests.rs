use anstream::adapter::strip_str;
use serde_json::{Value, json};

use super::*;

const KEY: &str = "registry.example/app:v1";

fn image(code: &str, class: &str, reports: &Value) -> Value {
    json!({
        "class": class, "code": code, "isSuccess": class == "verified", "message": "what was found", "remediation": "What to do.",
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "subject": "registry.example/app@sha256:00",
        "verifierReports": reports,
    })
}

fn report(code: &str, message: &str, checks: &Value) -> Value {
    json!({
        "checks": checks, "code": code, "extensions": { "Issuer": "CN=root", "SN": "CN=build,O=acme" }, "isSuccess": code == "VERIFIED",
        "message": message, "referenceDigest": format!("sha256:{}", "1f2e08a94c11".repeat(5)), "remediation": "", "verifierName": "notary", "verifierType": "notation",
    })
}

fn shown_as(name: &str, image: &Value) -> String {
    let document = json!({ "images": { KEY: image } }).to_string();
    let asked = Asked { key: KEY.to_owned(), name: name.to_owned(), origins: Vec::new() };
    strip_str(&text(&Document::read(document.as_bytes()).unwrap(), &[asked], "")).to_string()
}

fn shown(image: &Value) -> String {
    shown_as(KEY, image)
}

#[test]
fn a_verified_image_shows_what_was_judged_and_by_whom_it_is_signed() {
    let checks = json!([{ "name": "integrity", "action": "enforce", "result": "pass" },
                        { "name": "revocation", "action": "skip", "result": "skipped" }]);
    let mut verdict = image("VERIFIED", "verified", &json!([report("VERIFIED", "signed by CN=build", &checks)]));
    verdict["validUntil"] = "2027-03-01T00:00:00Z".into();
    let expected = "\
✓ registry.example/app:v1  verified  VERIFIED
  image        registry.example/app@sha256:00
  judged       application/vnd.oci.image.manifest.v1+json
  signature    sha256:1f2e08a94c11…  (notary)
    ✓ integrity   – revocation
    signed by CN=build
  valid until  2027-03-01T00:00:00Z
";
    assert_eq!(shown(&verdict), expected);
}

#[test]
fn a_denied_image_shows_the_check_that_failed_the_reason_and_what_to_do() {
    let checks = json!([{ "name": "integrity", "action": "enforce", "result": "pass" },
                        { "name": "identity", "action": "enforce", "result": "fail", "message": "what was found" },
                        { "name": "expiry", "action": "enforce", "result": "notRun" }]);
    let denied = image("IDENTITY_MISMATCH", "denied", &json!([report("IDENTITY_MISMATCH", "what was found", &checks)]));
    let expected = "\
✗ registry.example/app:v1  denied  IDENTITY_MISMATCH
  image        registry.example/app@sha256:00
  signature    sha256:1f2e08a94c11…  by CN=build,O=acme  (notary)
    ✓ integrity   ✗ identity   · expiry
  what was found
  → What to do.
";
    assert_eq!(shown(&denied), expected);
}

#[test]
fn a_failure_that_is_only_logged_is_told_on_a_verified_image() {
    let checks = json!([{ "name": "expiry", "action": "log", "result": "fail", "message": "it expired yesterday" }]);
    let out = shown(&image("VERIFIED", "verified", &json!([report("VERIFIED", "signed by CN=build", &checks)])));
    assert!(out.contains("\n    ! expiry\n    ! it expired yesterday\n    signed by CN=build\n"), "{out}");
}

#[test]
fn of_many_signatures_the_good_one_comes_first_and_the_last_are_counted() {
    let mut reports = vec![report("SIGNATURE_INVALID", "it was altered", &json!([])); 9];
    reports.push(report("VERIFIED", "signed by CN=build", &json!([])));
    let out = shown(&image("VERIFIED", "verified", &reports.into()));
    let (good, bad) = (out.find("signed by CN=build").unwrap(), out.find("SIGNATURE_INVALID: it was altered").unwrap());
    assert!(good < bad, "{out}");
    assert_eq!(out.matches("  signature  ").count(), 5);
    assert!(out.contains("… and 5 more; --output json shows all"), "{out}");
}

#[test]
fn an_index_is_said_to_be_one() {
    for media_type in
        ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"]
    {
        let mut index = image("VERIFIED", "verified", &json!([]));
        index["mediaType"] = media_type.into();
        assert!(shown(&index).contains("the index itself, not its children"), "{media_type}");
    }
}

#[test]
fn an_image_of_manifests_is_told_with_the_objects_that_name_it() {
    let document = json!({ "images": { KEY: image("VERIFIED", "verified", &json!([])) } }).to_string();
    let told = |places: usize| {
        let origins = (1..=places)
            .map(|line| Origin { object: format!("Pod p{line}, container app"), file: "k8s/a.yaml".to_owned(), line })
            .collect();
        let asked = Asked { key: KEY.to_owned(), name: KEY.to_owned(), origins };
        strip_str(&text(&Document::read(document.as_bytes()).unwrap(), &[asked], "")).to_string()
    };
    let two = "
  from         Pod p1, container app (k8s/a.yaml:1)
               Pod p2, container app (k8s/a.yaml:2)
  judged       application/vnd.oci.image.manifest.v1+json
";
    assert!(told(2).ends_with(two), "{}", told(2));
    assert!(told(12).contains("(k8s/a.yaml:10)\n               … and 2 more\n  judged"), "{}", told(12));
    assert!(!told(10).contains("more"), "{}", told(10));
}

#[test]
fn what_could_not_be_told_is_neither_good_nor_bad() {
    let mut transient = image("REGISTRY_TIMEOUT", "transient", &json!([]));
    transient.as_object_mut().unwrap().remove("subject");
    assert!(
        shown_as("app:v1", &transient)
            .starts_with("? app:v1  transient  REGISTRY_TIMEOUT\n  image        registry.example/app:v1\n")
    );
}

#[test]
fn a_verifier_that_looked_at_no_signature_is_told() {
    let mut skip = report("VERIFIED", "the statement `skip` asks for no signature", &json!([]));
    skip.as_object_mut().unwrap().remove("referenceDigest");
    let out = shown(&image("VERIFIED", "verified", &json!([skip])));
    assert!(out.contains("  verifier     notary\n    the statement `skip` asks for no signature\n"), "{out}");
}

#[test]
fn nothing_in_a_document_reaches_the_terminal_as_a_command() {
    let hostile = "a\u{1b}]0;title\u{7}\u{1b}[2Jb\r\n\u{202e}c";
    let mut report =
        report(hostile, hostile, &json!([{ "name": hostile, "action": "log", "result": "fail", "message": hostile }]));
    report["extensions"]["SN"] = hostile.into();
    report["verifierName"] = hostile.into();
    report["referenceDigest"] = hostile.into();
    let mut image = image(hostile, "denied", &json!([report.clone(), report]));
    for member in ["message", "remediation", "subject", "mediaType", "validUntil"] {
        image[member] = hostile.into();
    }
    let document = json!({ "images": { KEY: image } }).to_string();
    let asked = Asked {
        key: KEY.to_owned(),
        name: hostile.to_owned(),
        origins: vec![Origin { object: hostile.to_owned(), file: hostile.to_owned(), line: 1 }],
    };
    let out = text(&Document::read(document.as_bytes()).unwrap(), &[asked], "");
    // What is left when our own styles are taken out.
    let rest = [GOOD, BAD, UNSURE, FAINT, BOLD].iter().fold(out, |out, style| {
        out.replace(&style.render().to_string(), "").replace(&style.render_reset().to_string(), "")
    });
    assert!(!rest.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{rest:?}");
    assert!(rest.lines().all(|line| !line.starts_with('b')), "{rest:?}");
}
