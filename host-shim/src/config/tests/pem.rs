//! PEM values: what stands around the certificates, and what must not be among them.

use super::*;

/// The article's file with another PEM text, whose first line is the file's ninth.
fn with_pem(text: &str) -> String {
    let start = AKS.find("      -----BEGIN").unwrap();
    let end = AKS.find("---\napiVersion: config.ratify.deislabs.io/v1beta1\nkind: Store").unwrap();
    let indented = text.trim_end().replace('\n', "\n      ");
    format!("{}      {indented}\n{}", &AKS[..start], &AKS[end..])
}

fn store(text: &str) -> String {
    read(text).unwrap().config().verifiers[0].trust_stores["ca:certs"].concat()
}

#[test]
fn text_around_the_blocks_is_left_out() {
    let bag = format!("Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n{ROOT}\nBag Attributes: <No Attributes>\n");
    assert_eq!(store(&with_pem(&bag)), ROOT);
}

#[test]
fn several_certificates_are_kept_in_their_order() {
    let root =
        AKS.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN")).take_while(|line| *line != "---");
    let root = root.collect::<Vec<_>>().join("\n") + "\n";
    assert_eq!(store(&with_pem(&format!("{ROOT}\n{root}"))), format!("{ROOT}{root}"));
}

#[test]
fn a_private_key_is_told_loudly_and_never_shown() {
    let text = with_pem(&format!("{ROOT}{PRIVATE_KEY}"));
    let line = 9 + ROOT.lines().count();
    let told = lines(&read(&text).unwrap_err());
    assert_eq!(
        told,
        [format!(
            "f.yaml:{line}: spec.parameters.value: this is a PRIVATE KEY: take it out of the file, and replace the key if anybody else could read it; only certificates belong here"
        )]
    );
    let secret = PRIVATE_KEY.lines().nth(1).unwrap();
    assert!(!told.concat().contains(&secret[..8]));
}

#[test]
fn what_is_no_certificate_is_told_at_its_line() {
    for (pem, line, message) in [
        ("hello", 8, "holds no certificate; put one or more PEM blocks here, from -----BEGIN CERTIFICATE----- on"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", 9, "this PEM block has no last line (-----END …)"),
        ("x\n-----END CERTIFICATE-----", 10, "this PEM block has no first line (-----BEGIN …)"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END X-----",
            9,
            "this PEM block begins with \"CERTIFICATE\" and ends with \"X\"",
        ),
        (
            "x\n-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
            10,
            "PEM certificates cannot be read: block 1 is not padded standard base64",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            9,
            "a certificate cannot be read: it is not DER, or something follows it",
        ),
        (
            "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----",
            9,
            "a PEM block of \"X509 CRL\" is not a certificate; only CERTIFICATE blocks belong here",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            9,
            "not supported yet: public keys, which cosign verifiers use; give a certificate",
        ),
        (
            "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            9,
            "this PEM block has no last line (-----END …)",
        ),
    ] {
        assert_mistakes(&with_pem(pem), &[&format!("f.yaml:{line}: spec.parameters.value: {message}")]);
    }
}

#[test]
fn a_pem_text_whose_line_breaks_are_lost_is_told() {
    const MESSAGE: &str = "f.yaml:8: spec.parameters.value: the line breaks of the PEM text are lost; write `value: |` and the text below, each line indented";
    // Nor is a key shown that lost them.
    let key = PRIVATE_KEY.trim().replace('\n', " ");
    assert_mistakes(&with_pem(&key), &[&MESSAGE.replace(":8:", ":9:")]);
    assert_mistakes(&aks("value: |", "value: >"), &[MESSAGE]);
}

#[test]
fn a_leaf_certificate_is_no_trust_anchor() {
    let end = CHAIN.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----".len();
    let told = lines(&read(&with_pem(&CHAIN[..end])).unwrap_err());
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.starts_with("f.yaml:"), "{told}");
    assert!(told.contains("verificationCertStores.certs[0]: the trust store ca:certs holds CN="), "{told}");
    assert!(told.ends_with("which is neither a CA nor self-signed"), "{told}");
}
