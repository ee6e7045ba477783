//! Policy objects, and the rules of trust policy documents, each told at the field that breaks it.

use super::*;

fn combination(text: &str) -> Vec<(String, String)> {
    let config = read(text).unwrap().config().clone();
    config.policy.unwrap().artifact_verification_policies.into_iter().collect()
}

fn policy(spec: &str) -> String {
    format!("{AKS}{}", object("Policy", "ratify-policy", spec))
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(artifact_type, rule)| ((*artifact_type).to_owned(), (*rule).to_owned())).collect()
}

#[test]
fn without_a_policy_object_one_good_signature_is_enough() {
    assert_eq!(combination(AKS), pairs(&[("default", "any")]));
}

#[test]
fn a_policy_object_without_a_default_means_all() {
    assert_eq!(combination(&policy("{type: config-policy}")), pairs(&[("default", "all")]));
    let text = policy(
        "{type: config-policy, parameters: {artifactVerificationPolicies: {application/vnd.cncf.notary.signature: any}}}",
    );
    assert_eq!(combination(&text), pairs(&[("application/vnd.cncf.notary.signature", "any"), ("default", "all")]));
}

#[test]
fn a_policy_object_says_its_default() {
    let text = policy("{type: config-policy, parameters: {artifactVerificationPolicies: {default: any}}}");
    assert_eq!(combination(&text), pairs(&[("default", "any")]));
}

#[test]
fn a_policy_object_has_one_name_and_known_words() {
    assert_mistakes(
        &format!("{AKS}{}", object("Policy", "policy", "{type: config-policy}")),
        &["f.yaml:70: metadata.name: must be \"ratify-policy\": there is one Policy at most"],
    );
    assert_mistakes(
        &policy("{type: config-policy, parameters: {artifactVerificationPolicies: {default: Any}}}"),
        &[
            "f.yaml:71: spec.parameters.artifactVerificationPolicies.default: must be \"any\" or \"all\", not \"Any\"; did you mean \"any\"?",
        ],
    );
    assert_mistakes(
        &policy("{type: configpolicy}"),
        &["f.yaml:71: spec.type: unknown type of policy \"configpolicy\"; did you mean \"config-policy\"?"],
    );
    assert_mistakes(
        &policy("{type: config-policy, parameters: {artifactVerificationPolicy: {}}}"),
        &[
            "f.yaml:71: spec.parameters.artifactVerificationPolicy: unknown field; did you mean \"artifactVerificationPolicies\"?",
        ],
    );
}

#[test]
fn a_type_that_no_verifier_takes_is_noted() {
    let text = policy("{type: config-policy, parameters: {artifactVerificationPolicies: {a/b: any}}}");
    assert_eq!(
        notes(&read(&text).unwrap()),
        ["f.yaml:70: metadata.name: \"a/b\" is a type that no verifier takes, so that every image is denied"]
    );
}

/// The article's file with another trust policy statement, whose mistakes are told by the field below the statement.
#[track_caller]
fn assert_statement(statement: &str, expected: &[(&str, &str)]) {
    let start = AKS.find("        - name: default").unwrap();
    let text = format!("{}        - {statement}\n", &AKS[..start]);
    let expected: Vec<_> = expected
        .iter()
        .map(|(field, message)| format!("f.yaml:58: spec.parameters.trustPolicyDoc.trustPolicies[0]{field}: {message}"))
        .collect();
    assert_eq!(lines(&read(&text).unwrap_err()), expected);
}

const REST: &str = "trustStores: [\"ca:certs\"], trustedIdentities: [\"*\"]";

#[test]
fn a_wrong_scope_is_told_at_the_scope() {
    let message = "statement `p`: the scope `https://a` is not registry/repository and not `*`";
    assert_statement(
        &format!(
            "{{name: p, registryScopes: [a.example/b, https://a], signatureVerification: {{level: strict}}, {REST}}}"
        ),
        &[(".registryScopes[1]", message)],
    );
}

#[test]
fn scopes_that_do_not_go_together_are_told_at_the_list() {
    assert_statement(
        &format!("{{name: p, registryScopes: [a.example/b, \"*\"], signatureVerification: {{level: strict}}, {REST}}}"),
        &[(".registryScopes", "statement `p`: registryScopes holds `*` together with others")],
    );
    assert_statement(
        &format!("{{name: p, registryScopes: [], signatureVerification: {{level: strict}}, {REST}}}"),
        &[(".registryScopes", "statement `p`: registryScopes is empty")],
    );
}

#[test]
fn a_wrong_override_is_told_at_the_check() {
    let overrides = "{revocation: logg, expiri: log, integrity: log, expiry: skip, authenticity: log}";
    assert_statement(
        &format!(
            "{{name: p, registryScopes: [\"*\"], signatureVerification: {{level: strict, override: {overrides}}}, {REST}}}"
        ),
        &[
            (
                ".signatureVerification.override.revocation",
                "statement `p`: override: `logg` is not enforce, log or skip; did you mean \"log\"?",
            ),
            (
                ".signatureVerification.override.expiri",
                "statement `p`: override: there is no check `expiri`; did you mean \"expiry\"?",
            ),
            (".signatureVerification.override.integrity", "statement `p`: override: integrity is always enforced"),
            (
                ".signatureVerification.override.expiry",
                "statement `p`: override: only revocation can be skipped, not `expiry`",
            ),
        ],
    );
}

#[test]
fn several_wrong_fields_of_a_statement_are_told_each() {
    assert_statement(
        "{name: p, registryScopes: [UPPER/Case], signatureVerification: {level: audit, verifyTimestamp: allways}, trustStores: [\"ca:certs\"], trustedIdentities: [\"x509.subject: O=acme\", \"x509.subject: C=US, ST=WA, O=acme\"]}",
        &[
            (".registryScopes[0]", "statement `p`: the scope `UPPER/Case` is not registry/repository and not `*`"),
            (
                ".signatureVerification.verifyTimestamp",
                "statement `p`: verifyTimestamp `allways` is not always or afterCertExpiry; did you mean \"always\"?",
            ),
            (
                ".trustedIdentities[0]",
                "statement `p`: the trusted identity `x509.subject: O=acme` has no C; C, ST and O are mandatory",
            ),
        ],
    );
}

#[test]
fn a_level_that_lacks_what_it_needs_is_told_at_the_statement() {
    assert_statement(
        "{name: p, registryScopes: [\"*\"], signatureVerification: {level: strict}, trustStores: [\"ca:certs\"]}",
        &[("", "statement `p`: every level but skip needs trustStores and trustedIdentities")],
    );
}

#[test]
fn level_skip_has_nothing_else() {
    assert_statement(
        &format!("{{name: p, registryScopes: [\"*\"], signatureVerification: {{level: skip}}, {REST}}}"),
        &[
            (
                ".registryScopes[0]",
                "statement `p`: level skip cannot have the scope `*`; it would let every image pass",
            ),
            (".trustStores[0]", "statement `p`: level skip has no trustStores and no trustedIdentities"),
            (".trustedIdentities[0]", "statement `p`: level skip has no trustStores and no trustedIdentities"),
        ],
    );
}

#[test]
fn statements_that_clash_are_told_at_the_later_one() {
    let clash = "        - {name: second, registryScopes: [\"*\"], signatureVerification: {level: audit}, trustStores: [\"ca:certs\"], trustedIdentities: [\"*\"]}\n";
    assert_mistakes(
        &format!("{AKS}{clash}"),
        &["f.yaml:67: spec.parameters.trustPolicyDoc.trustPolicies[1]: the scope `*` occurs twice"],
    );
    assert_mistakes(
        &format!("{AKS}{}", clash.replace("second", "default").replace("\"*\"], sig", "a.example/b], sig")),
        &["f.yaml:67: spec.parameters.trustPolicyDoc.trustPolicies[1]: two statements are named `default`"],
    );
}

#[test]
fn a_document_of_another_version_or_without_statements_is_told() {
    assert_mistakes(
        &aks("version: \"1.0\"", "version: \"1.1\""),
        &["f.yaml:56: spec.parameters.trustPolicyDoc.version: version `1.1` is not 1.0"],
    );
    let start = AKS.find("      trustPolicies:").unwrap();
    assert_mistakes(
        &format!("{}      trustPolicies: []\n", &AKS[..start]),
        &["f.yaml:57: spec.parameters.trustPolicyDoc.trustPolicies: trustPolicies is empty"],
    );
}
