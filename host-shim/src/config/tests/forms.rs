//! The forms that existing users have, each accepted.

use std::collections::BTreeMap;

use wasm_policy::input::{
    CombinationPolicy, Config, SignatureVerification, TrustPolicyDocument, TrustPolicyStatement, Verifier,
};

use super::*;

#[test]
fn the_file_of_the_aks_article_is_read_byte_for_byte() {
    let configuration = read(AKS).unwrap();
    let lines = AKS.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    let pem = lines.take_while(|line| *line != "---").collect::<Vec<_>>().join("\n") + "\n";
    let statement = TrustPolicyStatement {
        name: "default".to_owned(),
        registry_scopes: vec!["*".to_owned()],
        signature_verification: SignatureVerification { level: "strict".to_owned(), ..Default::default() },
        trust_stores: Some(vec!["ca:certs".to_owned()]),
        trusted_identities: Some(vec!["*".to_owned()]),
    };
    let expected = Config {
        verifiers: vec![Verifier {
            name: "verifier-notary-inline".to_owned(),
            r#type: "notation".to_owned(),
            artifact_types: vec!["application/vnd.cncf.notary.signature".to_owned()],
            trust_policy_doc: TrustPolicyDocument { version: "1.0".to_owned(), trust_policies: vec![statement] },
            trust_stores: BTreeMap::from([("ca:certs".to_owned(), vec![pem])]),
            max_signatures: None,
            user_metadata: BTreeMap::new(),
        }],
        policy: Some(CombinationPolicy {
            artifact_verification_policies: BTreeMap::from([("default".to_owned(), "any".to_owned())]),
        }),
    };
    assert_eq!(*configuration.config(), expected);
    assert!(!configuration.plain_http());
    assert_eq!(configuration.notes().listed, []);
}

/// The article's file in another form, which means the same.
#[track_caller]
fn assert_same_as_aks(text: &str) {
    assert_eq!(read(text).unwrap().config(), read(AKS).unwrap().config());
}

#[test]
fn v1alpha1_is_read_as_v1beta1() {
    assert_same_as_aks(&AKS.replace("v1beta1", "v1alpha1"));
}

#[test]
fn trust_stores_by_type_mean_what_they_say() {
    let text = aks("      certs: # name of the trustStore\n        -", "      ca: {certs: [certstore-inline]}\n#");
    assert_same_as_aks(&text);
    let text = aks(
        "      certs: # name of the trustStore\n        -",
        "      signingAuthority: {certs: [certstore-inline]}\n#",
    );
    let stores = read(&replaced(&text, "ca:certs", "signingAuthority:certs")).unwrap().config().verifiers[0]
        .trust_stores
        .clone();
    assert_eq!(stores.into_keys().collect::<Vec<_>>(), ["signingAuthority:certs"]);
}

#[test]
fn a_store_of_the_older_form_may_be_named_as_a_type_is() {
    let text = replaced(&aks("      certs: # name", "      tsa: # name"), "ca:certs", "ca:tsa");
    let stores = read(&text).unwrap().config().verifiers[0].trust_stores.clone();
    assert_eq!(stores.into_keys().collect::<Vec<_>>(), ["ca:tsa"]);
}

#[test]
fn a_key_management_provider_holds_certificates_as_a_certificate_store_does() {
    for head in [
        "kind: KeyManagementProvider\nmetadata:\n  name: certstore-inline\nspec:\n  type: inline\n  parameters:\n    contentType: certificate\n",
        // Newer AKS pages write `provider`, and leave the content type to the PEM labels.
        "kind: KeyManagementProvider\nmetadata:\n  name: certstore-inline\nspec:\n  provider: inline\n  parameters:\n",
    ] {
        let from =
            "kind: CertificateStore\nmetadata:\n  name: certstore-inline\nspec:\n  provider: inline\n  parameters:\n";
        assert_same_as_aks(&aks(from, head));
    }
}

#[test]
fn a_list_holds_objects() {
    let documents: Vec<_> = AKS.split("---\n").map(|text| text.replace('\n', "\n    ")).collect();
    // The PEM lines that end in dashes are no ends of documents.
    assert_eq!(documents.len(), 5);
    let items = AKS.split("\n---\n").map(|document| format!("  - {}\n", document.replace('\n', "\n    ")));
    assert_same_as_aks(&format!(
        "apiVersion: v1\nkind: List\nmetadata: {{resourceVersion: \"\"}}\nitems:\n{}",
        items.collect::<String>()
    ));
}

#[test]
fn json_is_yaml() {
    let pem = in_quotes(ROOT);
    let text = format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [
            {{"apiVersion": "config.ratify.deislabs.io/v1beta1", "kind": "CertificateStore", "metadata": {{"name": "certs"}},
              "spec": {{"provider": "inline", "parameters": {{"value": {pem}}}}}}},
            {{"apiVersion": "config.ratify.deislabs.io/v1beta1", "kind": "Verifier", "metadata": {{"name": "v"}},
              "spec": {{"name": "notation", "artifactTypes": "*", "parameters": {{
                "verificationCertStores": {{"certs": ["certs"]}}, "maxSignatures": 7, "userMetadata": {{"io.acme\/team": "a", "empty": ""}},
                "trustPolicyDoc": {{"version": "1.0", "trustPolicies": [{{"name": "p", "registryScopes": ["*"],
                  "signatureVerification": {{"level": "audit", "override": {{"expiry": "enforce"}}, "verifyTimestamp": "afterCertExpiry"}},
                  "trustStores": ["ca:certs"], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme"]}}]}}}}}}}}]}}"#
    );
    let configuration = read(&text).unwrap();
    let verifier = &configuration.config().verifiers[0];
    assert_eq!(verifier.max_signatures, Some(7));
    assert_eq!(verifier.artifact_types, ["*"]);
    let metadata = [("empty", ""), ("io.acme/team", "a")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(verifier.user_metadata, BTreeMap::from(metadata));
    let verification = &verifier.trust_policy_doc.trust_policies[0].signature_verification;
    assert_eq!(verification.r#override, Some(BTreeMap::from([("expiry".to_owned(), "enforce".to_owned())])));
    assert_eq!(verification.verify_timestamp.as_deref(), Some("afterCertExpiry"));
}

#[test]
fn what_the_api_server_writes_is_accepted() {
    let written = "metadata:
  creationTimestamp: null
  generation: 2
  labels: {app: x}
  resourceVersion: \"12\"
  uid: 0f
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {}
  managedFields: [{manager: kubectl}]
  finalizers: [a/b]
";
    let text =
        AKS.replace("metadata:\n", written).replace("spec:\n", "status: {issuccess: true, error: \"\"}\nspec:\n");
    assert_same_as_aks(&text);
}

#[test]
fn empty_documents_and_a_byte_order_mark_are_passed_over() {
    assert_same_as_aks(&format!("\u{feff}---\n# nothing\n---\n{AKS}\n---\n---\n...\n"));
}

#[test]
fn windows_line_ends_change_nothing() {
    assert_same_as_aks(&AKS.replace('\n', "\r\n"));
}

#[test]
fn artifact_types_are_a_comma_list() {
    let text = aks("artifactTypes: application/vnd.cncf.notary.signature", "artifactTypes: \"a/b, c/d\"");
    assert_eq!(read(&text).unwrap().config().verifiers[0].artifact_types, ["a/b", "c/d"]);
}

#[test]
fn an_absent_parameter_may_be_written_as_null() {
    let text = aks("level: strict", "{level: strict, override: , verifyTimestamp: ~}")
        .replace("signatureVerification:\n            {", "signatureVerification: {");
    assert_same_as_aks(&text);
}

#[test]
fn the_type_of_a_verifier_comes_before_its_name() {
    assert_same_as_aks(&aks("  name: notation", "  name: my-verifier\n  type: notation\n  version: 1.0.0"));
}

#[test]
fn a_store_says_how_registries_are_asked() {
    for (parameters, plain_http) in [
        ("{useHttp: true, cosignEnabled: false}", true),
        ("{useHttp: yes}", true),
        ("{useHttp: false}", false),
        ("{}", false),
        ("", false),
    ] {
        let text = aks("  name: oras\n", &format!("  name: oras\n  parameters: {parameters}\n"));
        let configuration = read(&text).unwrap();
        assert_eq!(configuration.plain_http(), plain_http, "{parameters}");
        assert_eq!(configuration.notes().listed, []);
    }
}

#[test]
fn what_is_met_without_doing_anything_is_noted() {
    let text = aks("  name: oras\n", "  name: oras\n  parameters: {ttl: 10}\n");
    assert_eq!(
        notes(&read(&text).unwrap()),
        ["f.yaml:36: spec.parameters.ttl: has no effect: it is a setting of Ratify's own cache"]
    );
    let text = aks("kind: CertificateStore", "kind: KeyManagementProvider");
    let text = replaced(&text, "  provider: inline", "  provider: inline\n  refreshInterval: 12h");
    assert_eq!(
        notes(&read(&text).unwrap()),
        ["f.yaml:7: spec.refreshInterval: has no effect: certificates that are written here are not fetched again"]
    );
}

#[test]
fn objects_of_other_programs_are_left_out_with_a_note() {
    let text = format!(
        "{AKS}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\n---\napiVersion: v1\nkind: Namespace\n"
    );
    assert_eq!(
        notes(&read(&text).unwrap()),
        [
            "f.yaml:69: kind: \"Deployment\" of \"apps/v1\" is not a kind that is read here; it is left out",
            "f.yaml:73: kind: \"Namespace\" of \"v1\" is not a kind that is read here; it is left out",
        ]
    );
}

#[test]
fn trust_anchors_that_nobody_names_are_noted() {
    let text = format!("{AKS}{}", certificate_store("spare", ROOT));
    assert_eq!(
        notes(&read(&text).unwrap()),
        ["f.yaml:70: metadata.name: CertificateStore default/spare is not used by any verifier that applies"]
    );
}

#[test]
fn the_order_of_objects_changes_nothing() {
    let mut documents: Vec<_> = AKS.split("\n---\n").collect();
    documents.reverse();
    assert_same_as_aks(&documents.join("\n---\n"));
}

#[test]
fn a_docker_config_is_named_by_the_store_and_need_not_be() {
    let docker_config = |provider: &str| {
        let text = aks("  name: oras\n", &format!("  name: oras\n  parameters:\n    authProvider: {provider}\n"));
        read(&text).unwrap().logins().clone()
    };
    assert_eq!(docker_config("{name: dockerConfig, configPath: /x}"), Logins::DockerConfig(Some("/x".into())));
    assert_eq!(docker_config("{name: dockerConfig}"), Logins::DockerConfig(None));
}
