//! notation-go's own verifier says the same of images in a registry.

use image_integrity_e2e::{Kind, Registry};

use super::{DEMO, verdict_on};

#[test]
fn notation_go_verifies_what_we_verify_and_denies_what_we_deny() {
    let registry = Registry::plain(Kind::ReferrersApi);
    let images = [
        ("signed", (0, "VERIFIED")),
        ("unsigned", (1, "SIGNATURE_NOT_FOUND")),
        ("tampered", (1, "SIGNATURE_INVALID")),
        ("untrusted", (1, "CERTIFICATE_UNTRUSTED")),
        ("expired", (1, "SIGNATURE_EXPIRED")),
    ];
    for (tag, (exit, code)) in images {
        let image = registry.copy("demo/layout", tag, &format!("{tag}:v1"));
        let mut arguments = registry.options();
        arguments.push((&image).into());
        assert_eq!(verdict_on(DEMO, &arguments), (exit, code.to_owned()), "{tag}");
        let theirs = registry.notation_go(&image, "demo/root.pem");
        assert_eq!(theirs.code, exit, "{tag}: {theirs:?}");
    }
}
