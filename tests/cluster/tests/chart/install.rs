//! From `helm install` to `helm uninstall`.

use std::fs;

use image_integrity_cluster::{OnFailure, until};
use image_integrity_e2e::fixture;
use serde_json::{Value, json};

use crate::{
    CLUSTER,
    release::{NAMESPACE, Release, SIGNED, UNSIGNED, path},
};

const CONFIGURATION: &str = "demo/verify-config.yaml";
const CONSTRAINT: [&str; 2] = ["imageintegrity", "verified-images"];

#[test]
fn who_installs_the_chart_sees_what_would_break_then_denies_and_later_leaves_without_a_trace() {
    let release = Release::install(&json!({}));
    CLUSTER.wait_for("constrainttemplate.templates.gatekeeper.sh/imageintegrity");
    CLUSTER.admin().ok(&["apply", "--filename", path(&fixture(CONFIGURATION))]);
    let workload = release.run();
    let namespace = CLUSTER.namespace(OnFailure::Fail);
    assert_eq!(namespace.run("old", UNSIGNED).code, 0, "nothing is asked of anybody yet");

    release.upgrade("constraint.enabled=true");
    CLUSTER.wait_for("imageintegrity.constraints.gatekeeper.sh/verified-images");
    assert_eq!(namespace.run("dry", UNSIGNED).code, 0, "it only tells");
    let told = until("the audit tells of both", || {
        let violations = read(&CONSTRAINT)["status"]["violations"].as_array()?.clone();
        let names: Vec<_> = violations.iter().filter_map(|violation| violation["name"].as_str()).collect();
        (names.contains(&"old") && names.contains(&"dry")).then_some(violations)
    });
    assert!(told.iter().all(|violation| violation["enforcementAction"] == "dryrun"), "{told:?}");

    release.upgrade("constraint.enabled=true,constraint.action=deny");
    CLUSTER.wait_for("imageintegrity.constraints.gatekeeper.sh/verified-images");
    let digests = read(&CONSTRAINT)["spec"]["parameters"]["moduleDigests"].clone();
    assert_eq!(digests.as_array().map(Vec::len), Some(1), "the module in the chart's bundle: {digests}");
    let signed = namespace.run("demo-signed", SIGNED);
    assert_eq!((signed.code, signed.err.as_str()), (0, ""), "{signed:?}");
    let unsigned = namespace.run("demo-unsigned", UNSIGNED);
    assert!(
        unsigned.code == 1 && unsigned.err.contains("[verified-images] SIGNATURE_NOT_FOUND sha256:"),
        "{unsigned:?}"
    );

    release.uninstall();
    drop(workload);
    until("the kind of the constraint is gone", || {
        (CLUSTER.admin().run(&["get", CONSTRAINT[0]]).code == 1).then_some(())
    });
    assert_eq!(namespace.run("after", UNSIGNED).code, 0, "nothing denies");
    for kind in
        ["validatingwebhookconfigurations", "mutatingwebhookconfigurations", "providers.externaldata.gatekeeper.sh"]
    {
        let left = CLUSTER.admin().ok(&[
            "get",
            kind,
            "--selector",
            "app.kubernetes.io/name=image-integrity",
            "--output",
            "name",
        ]);
        assert_eq!(left, "", "{kind}");
    }
    // Objects of the configuration can still be removed: none waits for a server that is gone.
    CLUSTER.admin().ok(&["delete", "stores,verifiers", "--all", "--timeout=20s"]);
    CLUSTER.admin().ok(&["delete", "certificatestores", "--all", "--namespace", "default", "--timeout=20s"]);
}

#[test]
fn its_pods_are_let_in_by_the_restricted_level_of_pod_security() {
    let _release = Release::install(&json!({ "replicas": 1 }));
    let pod = until("its ReplicaSet has made a Pod", || {
        let selector = ["pods", "--namespace", NAMESPACE, "--selector", "app.kubernetes.io/name=image-integrity"];
        CLUSTER.admin().find(&selector)?["items"].as_array()?.first().cloned()
    });
    assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
}

#[test]
fn the_native_engine_needs_no_opa_files_no_objects_and_the_service_account_may_have_the_name_that_aks_gave_it() {
    let configuration = fs::read_to_string(fixture(CONFIGURATION)).unwrap();
    let values = json!({
        "engine": "native",
        "serviceAccount": { "name": "ratify-admin" },
        "config": { "source": "files", "files": { "verify-config.yaml": configuration } },
    });
    let release = Release::install(&values);
    CLUSTER.wait_for("constrainttemplate.templates.gatekeeper.sh/imageintegrity");
    let deployment = read(&["deployment", "image-integrity", "--namespace", NAMESPACE]);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "ratify-admin");
    assert_eq!(pod["containers"].as_array().map(Vec::len), Some(1));
    let _workload = release.run();
    release.upgrade("constraint.enabled=true,constraint.action=deny");
    CLUSTER.wait_for("imageintegrity.constraints.gatekeeper.sh/verified-images");
    let namespace = CLUSTER.namespace(OnFailure::Fail);
    assert_eq!(namespace.run("demo-signed", SIGNED).code, 0);
    let unsigned = namespace.run("demo-unsigned", UNSIGNED);
    assert!(
        unsigned.code == 1 && unsigned.err.contains("[verified-images] SIGNATURE_NOT_FOUND sha256:"),
        "{unsigned:?}"
    );
}

#[test]
fn the_server_may_read_what_a_store_with_k8_secrets_names_and_no_more() {
    for (namespaces, release, team, other) in [
        (&[][..], [false, false], [false, false], [false, false]),
        // The service account of a cluster's Store is in the release's namespace.
        (&["kube-public"], [false, true], [true, true], [false, false]),
        (&[NAMESPACE], [true, true], [false, false], [false, false]),
        (&["*"], [true, true], [true, true], [true, true]),
    ] {
        let _release = Release::install(&json!({ "credentials": { "secretNamespaces": namespaces } }));
        let account = CLUSTER.control_plane().service_account(NAMESPACE, "image-integrity");
        let may = |namespace: &str| {
            ["secrets", "serviceaccounts"]
                .map(|kind| account.run(&["auth", "can-i", "get", kind, "--namespace", namespace]).code == 0)
        };
        let found = [NAMESPACE, "kube-public", "kube-node-lease"].map(may);
        assert_eq!(found, [release, team, other], "{namespaces:?}");
    }
}

#[test]
fn values_that_would_have_no_effect_or_no_server_are_refused() {
    let release = Release::install(&json!({ "replicas": 1 }));
    let chart = image_integrity_cluster::chart();
    let chart = chart.to_str().expect("a path in UTF-8");
    let render = |set: &str| {
        let version = ["--kube-version", "1.30.0"];
        release.helm().run(&[&["template", chart, "--namespace", NAMESPACE, "--set", set], &version[..]].concat())
    };
    for (set, reason) in [
        ("config.source=files,credentials.podPullSecrets=true", "need config.source=cluster"),
        ("config.source=files,credentials.secretNamespaces={a}", "need config.source=cluster"),
        ("opa.verificationKey=PEM", "set opa.bundleConfigMap as well"),
        ("gatekeeper.certificateSecret=", "the server cannot tell Gatekeeper from others"),
        ("server.listenAddress=::", "listenAddress"),
    ] {
        let refused = render(set);
        assert!(refused.code != 0 && refused.err.contains(reason), "{set}: {refused:?}");
    }
    let rendered = render("gatekeeper.certificateSecret=,clientCA.secretName=mine,server.listenAddress=[::]");
    assert_eq!(rendered.code, 0, "{rendered:?}");
    for present in ["--listen=[::]:6001", "--health-listen=[::]:9099", "secretName: mine", "/clients/ca.crt"] {
        assert!(rendered.out.contains(present), "{present}");
    }
    assert!(!rendered.out.contains("gatekeeper-webhook-server-cert"), "{}", rendered.out);
}

#[test]
fn an_unknown_value_is_refused() {
    let release = Release::install(&json!({ "replicas": 1 }));
    let chart = image_integrity_cluster::chart();
    let chart = chart.to_str().expect("a path in UTF-8");
    let refused = release.helm().run(&["template", chart, "--set", "server.verifyDeadlin=1s"]);
    assert!(refused.code != 0 && refused.err.contains("verifyDeadlin"), "{refused:?}");
    release.helm().ok(&["lint", "--strict", chart]);
}

fn read(object: &[&str]) -> Value {
    CLUSTER.admin().find(object).unwrap_or_else(|| panic!("{object:?} is not there"))
}
