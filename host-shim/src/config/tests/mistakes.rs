//! Each mistake with its line, its field and what is said; positions are those of the article's file.

use super::*;

#[test]
fn a_misspelt_field_is_told_with_what_was_meant() {
    assert_mistakes(
        &aks("trustedIdentities:", "trustedIdentitys:"),
        &[
            "f.yaml:65: spec.parameters.trustPolicyDoc.trustPolicies[0].trustedIdentitys: unknown field; did you mean \"trustedIdentities\"?",
        ],
    );
    assert_mistakes(
        &aks("  name: oras", "  name: oras\n  parametres: {}"),
        &["f.yaml:36: spec.parametres: unknown field; did you mean \"parameters\"?"],
    );
    assert_mistakes(&aks("spec:\n", "spec:\n  zzz: 1\n"), &["f.yaml:6: spec.zzz: unknown field"]);
    assert_mistakes(
        &aks("metadata:\n", "metadata:\n  label: {}\n"),
        &["f.yaml:4: metadata.label: unknown field; did you mean \"labels\"?"],
    );
    assert_mistakes(&aks("spec:\n", "sepc: {}\nspec:\n"), &["f.yaml:5: sepc: unknown field; did you mean \"spec\"?"]);
}

#[test]
fn an_override_that_is_misspelt_or_misplaced_is_told() {
    assert_mistakes(
        &aks("            level: strict", "            level: strict\n            overide: {revocation: log}"),
        &[
            "f.yaml:63: spec.parameters.trustPolicyDoc.trustPolicies[0].signatureVerification.overide: unknown field; did you mean \"override\"?",
        ],
    );
    assert_mistakes(
        &aks("          trustStores:", "          override: {revocation: log}\n          trustStores:"),
        &[
            "f.yaml:63: spec.parameters.trustPolicyDoc.trustPolicies[0].override: belongs under signatureVerification; did you mean \"signatureVerification.override\"?",
        ],
    );
}

#[test]
fn an_unknown_kind_version_or_group_is_told() {
    assert_mistakes(
        &aks("kind: Verifier", "kind: Verifer"),
        &["f.yaml:45: kind: unknown kind \"Verifer\" of config.ratify.deislabs.io; did you mean \"Verifier\"?"],
    );
    assert_mistakes(
        &aks("v1beta1", "v1beta2"),
        &[
            "f.yaml:1: apiVersion: unknown version \"v1beta2\" of config.ratify.deislabs.io; did you mean \"v1beta1\"?",
            "f.yaml:54: spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"certstore-inline\"",
        ],
    );
    for group in ["config.ratify.deislab.io", "ratify.example", "config.ratify.dev"] {
        assert_mistakes(
            &replaced(AKS, "config.ratify.deislabs.io/v1beta1\nkind: Store", &format!("{group}/v1beta1\nkind: Sore")),
            &[&format!(
                "f.yaml:30: apiVersion: unknown group in \"{group}/v1beta1\"; expected \"config.ratify.deislabs.io/v1beta1\""
            )],
        );
    }
    assert_mistakes(
        &replaced(AKS, "config.ratify.deislabs.io/v1beta1\nkind: Store", "example.com/v1\nkind: Store"),
        &["f.yaml:30: apiVersion: unknown group in \"example.com/v1\"; expected \"config.ratify.deislabs.io/v1beta1\""],
    );
}

#[test]
fn a_missing_field_is_told_at_what_lacks_it() {
    assert_mistakes(
        &aks("  artifactTypes: application/vnd.cncf.notary.signature\n", ""),
        &["f.yaml:48: spec.artifactTypes: missing"],
    );
    assert_mistakes(&aks("  name: verifier-notary-inline\n", "  labels: {}\n"), &["f.yaml:46: metadata.name: missing"]);
    assert_mistakes(&aks("spec:\n  name: oras\n", ""), &["f.yaml:30: spec: missing"]);
    assert_mistakes(&aks("kind: Store\n", ""), &["f.yaml:30: kind: missing"]);
    assert_mistakes(&aks("  name: oras", "  name:"), &["f.yaml:34: spec.name: missing"]);
}

#[test]
fn a_string_that_yaml_takes_for_something_else_must_be_put_in_quotes() {
    for text in ["1.0", "1", "true", "yes", "on", "0x10", "1_000", "1e3", ".inf"] {
        assert_mistakes(
            &aks("version: \"1.0\"", &format!("version: {text}")),
            &[&format!(
                "f.yaml:56: spec.parameters.trustPolicyDoc.version: must be a string; put it in quotes: \"{text}\""
            )],
        );
    }
    assert_mistakes(
        &aks("    trustPolicyDoc:", "    userMetadata: {1: a, b: 2}\n    trustPolicyDoc:"),
        &[
            "f.yaml:55: spec.parameters.userMetadata.1: the key must be a string; put it in quotes: \"1\"",
            "f.yaml:55: spec.parameters.userMetadata.b: must be a string; put it in quotes: \"2\"",
        ],
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told() {
    for (from, to, expected) in [
        (
            "artifactTypes: application/vnd.cncf.notary.signature",
            "artifactTypes: [a]",
            "f.yaml:50: spec.artifactTypes: must be a string, not a list",
        ),
        (
            "artifactTypes: application/vnd.cncf.notary.signature",
            "artifactTypes: \"\"",
            "f.yaml:50: spec.artifactTypes: must not be empty",
        ),
        (
            "artifactTypes: application/vnd.cncf.notary.signature",
            "artifactTypes: a,,b",
            "f.yaml:50: spec.artifactTypes: an artifact type is empty; write them with one comma between two",
        ),
        (
            "artifactTypes: application/vnd.cncf.notary.signature",
            "artifactTypes: a,a",
            "f.yaml:50: spec.artifactTypes: an artifact type occurs twice; take one out",
        ),
        (
            "  name: oras",
            "  name: oras\n  parameters: [1]",
            "f.yaml:36: spec.parameters: must be a mapping, not a list",
        ),
        (
            "  name: oras",
            "  name: oras\n  parameters: {useHttp: \"true\"}",
            "f.yaml:36: spec.parameters.useHttp: must be true or false, without quotes, not \"true\"",
        ),
        (
            "  name: oras",
            "  name: oras\n  parameters: {useHttp: 1}",
            "f.yaml:36: spec.parameters.useHttp: must be true or false, without quotes, not 1",
        ),
        (
            "      certs: # name",
            "      certs: a\n      more: # name",
            "f.yaml:53: spec.parameters.verificationCertStores.certs: must be a list, not \"a\"",
        ),
    ] {
        assert_mistakes(&aks(from, to), &[expected]);
    }
}

#[test]
fn max_signatures_is_a_whole_number_from_1_to_1000() {
    for good in ["1", "1000"] {
        read(&aks("    trustPolicyDoc:", &format!("    maxSignatures: {good}\n    trustPolicyDoc:"))).unwrap();
    }
    for wrong in ["0", "1001", "-1", "1.0", "010", "0x10", "1_0", "99999999999999999999", "true"] {
        assert_mistakes(
            &aks("    trustPolicyDoc:", &format!("    maxSignatures: {wrong}\n    trustPolicyDoc:")),
            &[&format!(
                "f.yaml:55: spec.parameters.maxSignatures: must be a whole number from 1 to 1000, without quotes, not {wrong}"
            )],
        );
    }
}

#[test]
fn a_trust_store_must_be_defined_and_filled_and_named_rightly() {
    let place = "f.yaml:64: spec.parameters.trustPolicyDoc.trustPolicies[0].trustStores[0]";
    assert_mistakes(
        &aks("- ca:certs", "- ca:cert"),
        &[&format!(
            "{place}: the trust store \"ca:cert\" is not defined in verificationCertStores; did you mean \"ca:certs\"?"
        )],
    );
    assert_mistakes(
        &aks("        - certstore-inline", "        []"),
        &[
            "f.yaml:53: spec.parameters.verificationCertStores.certs: the trust store is empty; name at least one CertificateStore or KeyManagementProvider",
        ],
    );
    assert_mistakes(
        &replaced(&aks("      certs: #", "      a/b: #"), "ca:certs", "ca:a/b"),
        &[
            "f.yaml:53: spec.parameters.verificationCertStores[\"a/b\"]: the trust store `ca:a/b` has a name that is not letters, digits, `_`, `.` and `-`",
            &format!(
                "{place}: statement `default`: the trust store `ca:a/b` has a name that is not letters, digits, `_`, `.` and `-`"
            ),
        ],
    );
    assert_mistakes(
        &aks("      certs: #", "      cas: {certs: [certstore-inline]}\n      x: #"),
        &[
            "f.yaml:52: spec.parameters.verificationCertStores: mixes two forms: either lists by store name (of type ca), or mappings by store type (ca, signingAuthority, tsa); use one",
        ],
    );
    assert_mistakes(
        &aks(
            "      certs: # name of the trustStore\n        -",
            "      signingauthority: {certs: [certstore-inline]}\n#",
        ),
        &[
            "f.yaml:53: spec.parameters.verificationCertStores.signingauthority: unknown type of trust store \"signingauthority\"; expected ca, signingAuthority or tsa; did you mean \"signingAuthority\"?",
            "f.yaml:64: spec.parameters.trustPolicyDoc.trustPolicies[0].trustStores[0]: the trust store \"ca:certs\" is not defined in verificationCertStores",
        ],
    );
}

#[test]
fn a_name_that_kubernetes_would_refuse_is_told() {
    assert_mistakes(
        &aks("name: store-oras", "name: Store_oras"),
        &[
            "f.yaml:33: metadata.name: \"Store_oras\" is not a name that Kubernetes accepts: lower-case letters, digits, `-` and `.`, at most 253",
        ],
    );
    assert_mistakes(
        &aks("  name: store-oras", "  name: store-oras\n  generateName: store-"),
        &["f.yaml:34: metadata.generateName: objects are referred to by name; give it a name instead"],
    );
}

#[test]
fn an_object_that_is_defined_twice_is_told_once() {
    let text = format!("{AKS}---\n{AKS}");
    assert_mistakes(
        &text,
        &[
            "f.yaml:71: metadata.name: CertificateStore default/certstore-inline is defined twice, first at f.yaml:4",
            "f.yaml:100: metadata.name: Store store-oras is defined twice, first at f.yaml:33",
            "f.yaml:114: metadata.name: Verifier verifier-notary-inline is defined twice, first at f.yaml:47",
        ],
    );
}

#[test]
fn a_second_store_is_refused() {
    assert_mistakes(
        &format!("{AKS}{}", object("Store", "another", "{name: oras, parameters: {useHttp: true}}")),
        &[
            "f.yaml:33: metadata.name: not supported: more than one Store; Store another says already how registries are asked",
        ],
    );
}

#[test]
fn a_configuration_without_a_verifier_is_refused() {
    let text = AKS.split("---\napiVersion: config.ratify.deislabs.io/v1beta1\nkind: Verifier").next().unwrap();
    assert_mistakes(
        text,
        &[
            "f.yaml: there is no Verifier that applies, so every image would be denied; those of a namespace apply with --namespace NAME",
        ],
    );
}

#[test]
fn all_mistakes_are_told_at_once_and_in_order() {
    let text = AKS
        .replace("level: strict", "level: Strict")
        .replace("registryScopes", "registryScope")
        .replace("- certstore-inline", "- certstore-inlin")
        .replace("kind: Store", "kind: Stor")
        .replace("provider: inline", "provider: inlin")
        .replace("version: \"1.0\"", "version: 1.0");
    assert_mistakes(
        &text,
        &[
            "f.yaml:6: spec.provider: unknown provider \"inlin\"; did you mean \"inline\"?",
            "f.yaml:31: kind: unknown kind \"Stor\" of config.ratify.deislabs.io; did you mean \"Store\"?",
            "f.yaml:54: spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"certstore-inlin\"; did you mean \"certstore-inline\"?",
            "f.yaml:56: spec.parameters.trustPolicyDoc.version: must be a string; put it in quotes: \"1.0\"",
            "f.yaml:58: spec.parameters.trustPolicyDoc.trustPolicies[0].registryScopes: missing",
            "f.yaml:59: spec.parameters.trustPolicyDoc.trustPolicies[0].registryScope: unknown field; did you mean \"registryScopes\"?",
            "f.yaml:62: spec.parameters.trustPolicyDoc.trustPolicies[0].signatureVerification.level: statement `default`: level `Strict` is not strict, permissive, audit or skip; did you mean \"strict\"?",
        ],
    );
}

#[test]
fn at_most_a_hundred_mistakes_are_listed_and_the_others_counted() {
    let fields: String = (0..250).flat_map(|n| ["  x".to_owned(), n.to_string(), ": 1\n".to_owned()]).collect();
    let mistakes = read(&aks("  name: oras\n", &format!("  name: oras\n{fields}"))).unwrap_err();
    assert_eq!((mistakes.mistakes.len(), mistakes.more), (100, 150));
    assert!(mistakes.to_string().ends_with("\n… and 150 more"));
}

#[test]
fn what_a_file_holds_cannot_write_to_the_terminal() {
    let text = aks("  name: oras", "  \"a\\e[2J\\nb\": 1\n  name: \"o\\u202eras\"");
    assert_mistakes(
        &text,
        &[
            "f.yaml:35: spec[\"a\\u{1b}[2J\\nb\"]: unknown field",
            "f.yaml:36: spec.name: unknown store \"o\\u{202e}ras\"; the only one is \"oras\"; did you mean \"oras\"?",
        ],
    );
}

#[test]
fn items_in_an_object_hide_nothing() {
    assert_mistakes(&aks("spec:\n", "items: []\nspec:\n"), &["f.yaml:5: items: unknown field"]);
    let item = "{apiVersion: config.ratify.deislabs.io/v1beta1, kind: Stor}";
    assert_mistakes(
        &format!("{AKS}---\napiVersion: example.com/v1\nkind: Odd\nitems: [{item}]\n"),
        &[&format!(
            "f.yaml:{}: items[0].kind: unknown kind \"Stor\" of config.ratify.deislabs.io; did you mean \"Store\"?",
            AKS.lines().count() + 4
        )],
    );
}
