//! Which objects apply where, and whose certificates a name means (attacks K3 and K8).

use super::*;

fn stores(configuration: &Configuration, verifier: &str) -> String {
    let verifier =
        configuration.config().verifiers.iter().find(|other| other.name == verifier).expect("the verifier applies");
    verifier.trust_stores["ca:certs"].concat()
}

fn other_root() -> String {
    let lines = AKS.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    lines.take_while(|line| *line != "---").collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn a_cluster_verifier_finds_stores_of_the_release_and_the_default_namespace_and_cluster_objects() {
    for anchors in [
        certificate_store("certs", ROOT),
        certificate_store("default/certs", ROOT),
        certificate_store("gatekeeper-system/certs", ROOT),
        key_management_provider("KeyManagementProvider", "certs", ROOT),
    ] {
        let configuration = read(&format!("{anchors}{}", verifier("Verifier", "v", "certs"))).unwrap();
        assert_eq!(stores(&configuration, "v"), ROOT, "{anchors}");
    }
}

#[test]
fn a_store_of_the_same_name_in_a_tenants_namespace_is_never_meant() {
    // K8: the tenant's object alone is not found, and beside the right one it changes nothing.
    let tenants = certificate_store("team-a/certs", &other_root());
    assert_mistakes(
        &format!("{tenants}{}", verifier("Verifier", "v", "certs")),
        &[
            "f.yaml:10: spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"certs\"; to use CertificateStore team-a/certs, write \"team-a/certs\"",
        ],
    );
    let text = format!("{tenants}{}{}", certificate_store("certs", ROOT), verifier("Verifier", "v", "certs"));
    for namespace in [None, Some("team-a")] {
        assert_eq!(stores(&read_in(namespace, &text).unwrap(), "v"), ROOT);
    }
    // Not even a namespaced provider of the namespaces that are looked at.
    assert_mistakes(
        &format!(
            "{}{}",
            key_management_provider("NamespacedKeyManagementProvider", "default/certs", ROOT),
            verifier("Verifier", "v", "certs")
        ),
        &[
            "f.yaml:10: spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"certs\"; to use NamespacedKeyManagementProvider default/certs, write \"default/certs\"",
        ],
    );
}

#[test]
fn a_name_that_could_mean_two_objects_is_refused() {
    let text = format!(
        "{}{}{}",
        certificate_store("certs", ROOT),
        key_management_provider("KeyManagementProvider", "certs", ROOT),
        verifier("Verifier", "v", "certs")
    );
    assert_mistakes(
        &text,
        &[
            "f.yaml:15: spec.parameters.verificationCertStores.certs[0]: \"certs\" could mean CertificateStore default/certs, KeyManagementProvider certs; rename all but one, or write namespace/name",
        ],
    );
}

#[test]
fn a_cluster_verifier_may_name_any_namespace_in_full() {
    for anchors in [
        certificate_store("team-a/certs", ROOT),
        key_management_provider("NamespacedKeyManagementProvider", "team-a/certs", ROOT),
    ] {
        let configuration = read(&format!("{anchors}{}", verifier("Verifier", "v", "team-a/certs"))).unwrap();
        assert_eq!(stores(&configuration, "v"), ROOT);
    }
}

#[test]
fn a_namespaced_verifier_sees_its_own_namespace_and_the_cluster() {
    for anchors in [
        certificate_store("team-a/certs", ROOT),
        key_management_provider("NamespacedKeyManagementProvider", "team-a/certs", ROOT),
        key_management_provider("KeyManagementProvider", "certs", ROOT),
    ] {
        let text = format!("{anchors}{}", verifier("NamespacedVerifier", "team-a/v", "certs"));
        assert_eq!(stores(&read_in(Some("team-a"), &text).unwrap(), "team-a/v"), ROOT);
    }
    let text = format!(
        "{}{}",
        certificate_store("team-a/certs", ROOT),
        verifier("NamespacedVerifier", "team-a/v", "team-a/certs")
    );
    assert_eq!(stores(&read_in(Some("team-a"), &text).unwrap(), "team-a/v"), ROOT);
}

#[test]
fn a_namespaced_verifier_cannot_reach_into_another_namespace() {
    // K3
    let text = format!(
        "{}{}",
        certificate_store("team-b/certs", ROOT),
        verifier("NamespacedVerifier", "team-a/v", "team-b/certs")
    );
    assert_eq!(
        lines(&read_in(Some("team-a"), &text).unwrap_err()),
        [
            "f.yaml:10: spec.parameters.verificationCertStores.certs[0]: \"team-b/certs\" is in another namespace; NamespacedVerifier team-a/v may use team-a and the cluster's objects"
        ]
    );
    for home in ["default", "gatekeeper-system", "team-b"] {
        let text = format!(
            "{}{}",
            certificate_store(&format!("{home}/certs"), ROOT),
            verifier("NamespacedVerifier", "team-a/v", "certs")
        );
        assert_eq!(
            lines(&read_in(Some("team-a"), &text).unwrap_err()),
            [format!(
                "f.yaml:10: spec.parameters.verificationCertStores.certs[0]: no CertificateStore or KeyManagementProvider \"certs\"; CertificateStore {home}/certs is not in reach of this namespace"
            )]
        );
    }
}

#[test]
fn namespaced_objects_apply_in_their_namespace_only() {
    let text = format!(
        "{AKS}{}{}",
        certificate_store("team-a/mine", ROOT),
        verifier("NamespacedVerifier", "team-a/v", "mine")
    );
    let text = format!("{text}{}", object("Policy", "ratify-policy", "{type: config-policy}"));
    for namespace in [None, Some("team-b")] {
        let configuration = read_in(namespace, &text).unwrap();
        assert_eq!(configuration.config().verifiers.len(), 1);
        assert_eq!(
            notes(&configuration),
            [
                "f.yaml:75: metadata.name: NamespacedVerifier team-a/v is not used here; it applies with --namespace team-a",
                "f.yaml:70: metadata.name: CertificateStore team-a/mine is not used by any verifier that applies",
            ]
        );
    }
    let names: Vec<_> =
        read_in(Some("team-a"), &text).unwrap().config().verifiers.iter().map(|v| v.name.clone()).collect();
    assert_eq!(names, ["verifier-notary-inline", "team-a/v"]);
}

#[test]
fn a_namespace_can_add_to_what_the_cluster_demands_and_never_take_from_it() {
    let text = format!(
        "{AKS}{}{}",
        certificate_store("team-a/mine", ROOT),
        verifier("NamespacedVerifier", "team-a/v", "mine")
    );
    assert_eq!(
        lines(&read_in(Some("team-a"), &text).unwrap_err()),
        [
            "f.yaml:75: metadata.name: NamespacedVerifier team-a/v takes types of Verifier verifier-notary-inline, and under \"any\" what it accepts would be enough without the other; give a Policy that says \"all\" for these types"
        ]
    );
    // The namespace may demand it itself, and cannot undo what the cluster demands.
    let all = "{type: config-policy}";
    let any = "{type: config-policy, parameters: {artifactVerificationPolicies: {default: any}}}";
    for (cluster, namespaced) in [(all, any), (any, all), (all, all)] {
        let policies = object("Policy", "ratify-policy", cluster)
            + &object("NamespacedPolicy", "team-a/ratify-policy", namespaced);
        let config = read_in(Some("team-a"), &format!("{text}{policies}")).unwrap().config().clone();
        assert_eq!(config.policy.unwrap().artifact_verification_policies["default"], "all");
    }
    let policies = object("Policy", "ratify-policy", any) + &object("NamespacedPolicy", "team-a/ratify-policy", any);
    assert!(read_in(Some("team-a"), &format!("{text}{policies}")).is_err());
}

#[test]
fn the_stricter_rule_wins_for_each_type() {
    let rules =
        |rules: &str| format!("{{type: config-policy, parameters: {{artifactVerificationPolicies: {{{rules}}}}}}}");
    let text = format!(
        "{AKS}{}{}",
        object("Policy", "ratify-policy", &rules("a: any, b: all, default: any")),
        object("NamespacedPolicy", "team-a/ratify-policy", &rules("a: any, b: any, c: any, d: all, default: any")),
    );
    let policy =
        read_in(Some("team-a"), &text).unwrap().config().policy.clone().unwrap().artifact_verification_policies;
    let expected = [("a", "any"), ("b", "all"), ("c", "any"), ("d", "all"), ("default", "any")];
    assert_eq!(policy, expected.map(|(key, rule)| (key.to_owned(), rule.to_owned())).into());
}

#[test]
fn the_namespaces_own_store_comes_before_the_clusters() {
    let text =
        format!("{AKS}{}", object("NamespacedStore", "team-a/mine", "{name: oras, parameters: {useHttp: true}}"));
    assert!(!read(&text).unwrap().plain_http());
    let configuration = read_in(Some("team-a"), &text).unwrap();
    assert!(configuration.plain_http());
    assert_eq!(
        notes(&configuration),
        ["f.yaml:33: metadata.name: Store store-oras is not used here; NamespacedStore team-a/mine comes before it"]
    );
}

#[test]
fn a_namespace_on_an_object_of_the_cluster_is_noted() {
    let text = aks("  name: verifier-notary-inline", "  name: verifier-notary-inline\n  namespace: team-a");
    assert_eq!(
        notes(&read(&text).unwrap()),
        [
            "f.yaml:48: metadata.namespace: Verifier is an object of the cluster: it has no namespace, and applies everywhere"
        ]
    );
}
