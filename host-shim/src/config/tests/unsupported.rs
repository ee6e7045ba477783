//! What is known and not supported: refused with a message of its own, never left out.

use super::*;

#[test]
fn certificates_from_key_vault_are_refused() {
    let message = "not supported yet: certificates from Azure Key Vault; use the provider \"inline\" with the certificates as PEM text";
    let parameters = "{vaultURI: https://x.vault.azure.net, tenantID: t, clientID: c, certificates: [{name: a}]}";
    for (kind, field) in
        [("CertificateStore", "provider"), ("KeyManagementProvider", "type"), ("KeyManagementProvider", "provider")]
    {
        let text =
            format!("{AKS}{}", object(kind, "kv", &format!("{{{field}: azurekeyvault, parameters: {parameters}}}")));
        assert_mistakes(&text, &[&format!("f.yaml:71: spec.{field}: {message}")]);
    }
}

#[test]
fn logins_of_the_clouds_are_refused_and_told_apart() {
    for (provider, message) in [
        (
            "{name: k8Secrets, serviceAccountName: x}",
            "secrets of a cluster cannot be read here, where the configuration comes from files; log in with a docker config: `dockerConfig`",
        ),
        (
            "{name: azureWorkloadIdentity, clientID: XXX}",
            "not supported yet: registry logins by Azure workload identity",
        ),
        ("{name: azureManagedIdentity}", "not supported yet: registry logins by Azure managed identity"),
        ("{name: awsEcrBasic}", "not supported yet: registry logins for Amazon ECR"),
        ("{name: alibabacloudAcrBasic}", "not supported: registry logins for Alibaba Cloud, also not later"),
        (
            "{name: azureWorkloadIdentitty}",
            "unknown authentication provider \"azureWorkloadIdentitty\"; did you mean \"azureWorkloadIdentity\"?",
        ),
    ] {
        let text = aks("  name: oras\n", &format!("  name: oras\n  parameters:\n    authProvider: {provider}\n"));
        assert_mistakes(&text, &[&format!("f.yaml:37: spec.parameters.authProvider.name: {message}")]);
    }
}

#[test]
fn the_commented_parameters_of_the_article_are_told_where_they_land() {
    // Uncommented as they are, they stand beside `spec`, where the API server would drop them.
    let text = AKS.replace(
        "# parameters:\n#   authProvider:\n#     name: azureWorkloadIdentity\n#     clientID: XXX",
        "parameters:\n  authProvider: {}",
    );
    assert_mistakes(&text, &["f.yaml:39: parameters: unknown field"]);
}

#[test]
fn cosign_is_refused() {
    assert_mistakes(
        &aks("  name: oras\n", "  name: oras\n  parameters: {cosignEnabled: true}\n"),
        &["f.yaml:36: spec.parameters.cosignEnabled: not supported yet: cosign signatures; set it to false"],
    );
    let text = format!(
        "{AKS}{}",
        object("Verifier", "cosign", "{name: cosign, artifactTypes: a, parameters: {key: x, trustPolicies: []}}")
    );
    assert_mistakes(
        &text,
        &["f.yaml:71: spec.name: not supported yet: cosign signatures; sign with Notation, or take this verifier out"],
    );
    let text = aks("kind: CertificateStore", "kind: KeyManagementProvider");
    assert_mistakes(
        &replaced(&text, "  parameters:\n", "  parameters:\n    contentType: key\n"),
        &[
            "f.yaml:8: spec.parameters.contentType: not supported yet: keys, which cosign verifiers use; give a certificate",
        ],
    );
}

#[test]
fn rego_policies_are_refused() {
    let text = format!(
        "{AKS}{}",
        object("Policy", "ratify-policy", "{type: rego-policy, parameters: {policy: \"package x\"}}")
    );
    assert_mistakes(
        &text,
        &[
            "f.yaml:71: spec.type: not supported yet: rego-policy; use config-policy, or write Rego over the verdict in OPA",
        ],
    );
}

#[test]
fn plugins_and_what_belongs_to_them_are_refused() {
    for (from, to, expected) in [
        (
            "  name: notation",
            "  name: notation\n  source: {artifact: x}",
            "f.yaml:50: spec.source: not supported: plugins are not run; take the field out",
        ),
        (
            "  name: oras\n",
            "  name: oras\n  address: /x\n",
            "f.yaml:36: spec.address: not supported: plugins are not run; take the field out",
        ),
        (
            "  name: oras\n",
            "  name: oras\n  version: 2.0.0\n",
            "f.yaml:36: spec.version: unknown version \"2.0.0\"; the only one is \"1.0.0\"",
        ),
        (
            "  name: oras",
            "  name: orass",
            "f.yaml:35: spec.name: unknown store \"orass\"; the only one is \"oras\"; did you mean \"oras\"?",
        ),
        (
            "  name: notation",
            "  name: schemavalidator",
            "f.yaml:49: spec.name: unknown type of verifier \"schemavalidator\"; the only one is \"notation\"",
        ),
        (
            "  name: oras\n",
            "  name: oras\n  parameters: {cacheEnabled: true}\n",
            "f.yaml:36: spec.parameters.cacheEnabled: not supported: settings of Ratify's own cache; take the field out",
        ),
        (
            "    trustPolicyDoc:",
            "    verificationCerts: [/x]\n    trustPolicyDoc:",
            "f.yaml:55: spec.parameters.verificationCerts: not supported: paths of certificates; put the certificates into a CertificateStore or KeyManagementProvider, and name it in verificationCertStores",
        ),
    ] {
        assert_mistakes(&aks(from, to), &[expected]);
    }
}

#[test]
fn a_key_management_provider_says_its_type_once() {
    let spec = "{type: inline, provider: inline, parameters: {value: x}}";
    assert_mistakes(
        &format!("{AKS}{}", object("KeyManagementProvider", "k", spec)),
        &["f.yaml:71: spec.provider: `provider` is another name of `type`; give one of the two"],
    );
    assert_mistakes(
        &format!("{AKS}{}", object("KeyManagementProvider", "k", "{parameters: {value: x}}")),
        &["f.yaml:71: spec.type: missing"],
    );
}
