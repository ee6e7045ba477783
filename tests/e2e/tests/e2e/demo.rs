//! The demo's images under its configurations: natively, replayed and in OPA.

use image_integrity_e2e::{Opa, fixture};

use super::{DEMO, assert_one_verdict, verdict_on, verified};

const IMAGES: [(&str, i32, &str); 5] = [
    ("signed", 0, "VERIFIED"),
    ("unsigned", 1, "SIGNATURE_NOT_FOUND"),
    ("tampered", 1, "SIGNATURE_INVALID"),
    ("untrusted", 1, "CERTIFICATE_UNTRUSTED"),
    ("expired", 1, "SIGNATURE_EXPIRED"),
];

fn image(tag: &str) -> String {
    format!("oci:{}:{tag}", fixture("demo/layout").display())
}

#[test]
fn the_demo_has_one_verdict_natively_and_in_opa() {
    let opa = Opa::serve();
    let folder = tempfile::tempdir().unwrap();
    for (tag, exit, code) in IMAGES {
        let input = folder.path().join(tag);
        let evidence = input.to_str().expect("a path in UTF-8");
        let (ended, verdict) = verified(DEMO, [&*image(tag), "--evidence", evidence]);
        assert_eq!(verdict["images"][format!("local/layout:{tag}")]["code"], code);
        assert_eq!(ended.code, exit, "{tag}");
        assert_one_verdict(&opa, &input, ended.out.trim_end());
    }
}

#[test]
fn the_configuration_of_the_aks_documentation_is_read_and_denies_what_someone_else_has_signed() {
    let config = "demo/aks-verify-config.yaml";
    assert_eq!(verdict_on(config, [image("signed")]), (1, "CERTIFICATE_UNTRUSTED".to_owned()));
}

#[test]
fn an_image_that_another_identity_has_signed_is_denied() {
    let config = "demo/wrong-identity.yaml";
    assert_eq!(verdict_on(config, [image("signed")]), (1, "IDENTITY_MISMATCH".to_owned()));
}
