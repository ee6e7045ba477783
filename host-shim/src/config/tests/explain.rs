//! What `config check` answers.

use wasm_policy::time::Instant;

use super::*;
use crate::config::{check::Report, explain::Validity};

/// The text without styles, as it is on a pipe.
fn text_at(now: &str, text: &str) -> String {
    let now = Instant::parse_utc(now).unwrap();
    let outcome = read(text).map(|configuration| configuration.explain(now));
    anstream::adapter::strip_str(&Report::new(&outcome).text()).to_string()
}

const NOW: &str = "2026-11-24T12:00:00Z";

#[test]
fn the_article_s_file_is_explained() {
    assert_eq!(
        text_at(NOW, AKS),
        "\
verifier verifier-notary-inline  notation
  judges      application/vnd.cncf.notary.signature
  tries       at most 50 signatures of an image
  policy default  strict
    applies to  * (every repository that no other policy names)
    enforces    integrity, authenticity, authenticTimestamp, expiry, revocation
    trusts      ca:certs
    signers     * (whoever these stores vouch for)
  trust store ca:certs  CertificateStore default/certstore-inline
    ✓ CN=Ratify Sample,O=Ratify  serial 0f:11:d0:f4:9c:71:9a:7a:cb:59:30:39:ac:0b:48:64:2c:d8:f2:63
      from 2023-06-29 to 2033-06-26, 2405 days left
combination
  other types: any, one good signature is enough
registries
  over HTTPS, without a login
✓ no mistakes (as of 2026-11-24T12:00:00Z)
"
    );
}

#[test]
fn levels_are_told_with_their_overrides_and_scopes_that_nobody_covers_are_denied() {
    let start = AKS.find("        - name: default").unwrap();
    let statements = "        - {name: lab, registryScopes: [a.example/x, a.example/y], signatureVerification: {level: permissive, override: {expiry: enforce, revocation: skip}}, trustStores: [\"ca:certs\"], trustedIdentities: [\"x509.subject: C=US, ST=WA, O=acme\"]}
        - {name: base, registryScopes: [a.example/base], signatureVerification: {level: skip}}
    maxSignatures: 1
    userMetadata: {team: \"a b\"}
";
    let text =
        format!("{}{statements}", &AKS[..start]).replace("name: oras", "name: oras\n  parameters: {useHttp: true}");
    let told = text_at(NOW, &text);
    let expected = "\
verifier verifier-notary-inline  notation
  judges      application/vnd.cncf.notary.signature
  tries       at most 1 signature of an image
  requires    team=a b
  policy lab  permissive
    applies to  a.example/x
    applies to  a.example/y
    enforces    integrity, authenticity, expiry
    logs        authenticTimestamp
    skips       revocation
    trusts      ca:certs
    signers     x509.subject: C=US, ST=WA, O=acme
  policy base  skip
    applies to  a.example/base
    skips       everything: these images pass without a signature
  other repositories  denied: no policy names them
";
    assert_eq!(told.get(..expected.len()), Some(expected), "{told}");
    assert!(told.contains("registries\n  over HTTP, without TLS, without a login\n"), "{told}");
}

#[test]
fn certificates_are_warned_of_thirty_days_before_they_end() {
    // The article's certificate is valid until 2033-06-26T05:28:32Z.
    for (now, validity, days_left) in [
        ("2023-06-29T05:28:31Z", Validity::NotYetValid, 3650),
        ("2023-06-29T05:28:32Z", Validity::Valid, 3650),
        ("2033-05-27T05:28:32Z", Validity::Valid, 30),
        ("2033-05-27T05:28:33Z", Validity::ExpiresSoon, 29),
        ("2033-06-26T05:28:32.9Z", Validity::ExpiresSoon, 0),
        ("2033-06-26T05:28:33Z", Validity::Expired, -1),
    ] {
        let explanation = read(AKS).unwrap().explain(Instant::parse_utc(now).unwrap());
        let certificate = &explanation.verifiers[0].trust_stores[0].certificates[0];
        assert_eq!((certificate.validity, certificate.days_left), (validity, days_left), "{now}");
        assert_eq!(explanation.warnings.is_empty(), validity == Validity::Valid, "{now}");
    }
    let told = text_at("2033-06-27T00:00:00Z", AKS);
    assert!(told.contains("    ✗ CN=Ratify Sample,O=Ratify  serial"), "{told}");
    assert!(told.contains("to 2033-06-26, expired 1 day ago\n"), "{told}");
    assert!(
        told.contains("! verifier verifier-notary-inline, trust store ca:certs: CN=Ratify Sample,O=Ratify (serial 0f:"),
        "{told}"
    );
    assert!(told.contains(") expired at 2033-06-26T05:28:32Z\n"), "{told}");
}

#[test]
fn a_trust_store_that_no_policy_names_is_warned_of() {
    let text = aks("      certs: #", "      spare: [certstore-inline]\n      certs: #");
    let told = text_at(NOW, &text);
    assert!(
        told.contains("  trust store ca:spare  CertificateStore default/certstore-inline, not named by any policy\n"),
        "{told}"
    );
    assert!(
        told.contains("! verifier verifier-notary-inline, trust store ca:spare: no policy names it, so that its certificates are not trusted\n"),
        "{told}"
    );
}

#[test]
fn mistakes_are_told_as_a_compiler_tells_them() {
    assert_eq!(
        text_at(NOW, &aks("  name: oras", "  name: orass")),
        "f.yaml:35: spec.name: unknown store \"orass\"; the only one is \"oras\"; did you mean \"oras\"?\n✗ 1 mistake\n"
    );
}

#[test]
fn programs_get_a_document() {
    let now = Instant::parse_utc(NOW).unwrap();
    let good = read(AKS).map(|configuration| configuration.explain(now));
    let document = serde_json::to_value(Report::new(&good)).unwrap();
    assert_eq!(document["valid"], true);
    assert_eq!(document["verifiers"][0]["policies"][0]["checks"]["revocation"], "enforce");
    assert_eq!(document["verifiers"][0]["trustStores"][0]["certificates"][0]["daysLeft"], 2405);
    assert_eq!(document["registries"]["plainHttp"], false);
    let bad = read(&aks("  name: oras", "  name: orass")).map(|configuration| configuration.explain(now));
    assert_eq!(
        serde_json::to_value(Report::new(&bad)).unwrap(),
        serde_json::json!({
            "valid": false,
            "moreMistakes": 0,
            "mistakes": [{
                "file": "f.yaml", "line": 35, "column": 3, "field": "spec.name",
                "message": "unknown store \"orass\"; the only one is \"oras\"; did you mean \"oras\"?",
            }],
        })
    );
}

#[test]
fn notes_that_are_not_listed_are_counted() {
    let text = format!("{AKS}{}", "---\napiVersion: v1\nkind: ConfigMap\n".repeat(102));
    let told = text_at(NOW, &text);
    assert!(told.contains("it is left out\n  … and 2 more notes\n"), "{told}");
    let explanation = read(&text).unwrap().explain(Instant::parse_utc(NOW).unwrap());
    assert_eq!((explanation.notes.len(), explanation.more_notes), (100, 2));
    assert!(!text_at(NOW, AKS).contains("more notes"));
}
