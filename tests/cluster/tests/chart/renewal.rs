//! The certificate that the chart makes by itself: Gatekeeper trusts it, and a job renews it.

use std::{fs, path::PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image_integrity_cluster::{Asking, Workload, until};
use image_integrity_e2e::{Ended, fixture, shim};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    CLUSTER,
    release::{NAMESPACE, Release, SIGNED},
};

const JOB: &str = "image-integrity-certificates";

#[test]
fn gatekeeper_trusts_the_certificate_that_the_chart_has_made_and_the_one_by_which_its_job_replaces_it() {
    let release = install();
    let workload = release.run();
    let folder = tempfile::tempdir().unwrap();
    let server = gatekeepers_view(&workload, &folder);
    assert_eq!(verified(&server), "VERIFIED");
    let first = server.certificate().unwrap();

    let kept = run_job();
    assert_eq!(kept.code, 0, "{kept:?}");
    assert_eq!(
        kept.out,
        "secret gatekeeper-system/image-integrity-tls: the certificate was made 0 days ago, and stays\n"
    );

    // The first of all days.
    let secret = ["secret", "image-integrity-tls", "--namespace", NAMESPACE];
    CLUSTER.admin().ok(&[&["annotate", "--overwrite"], &secret[..], &["image-integrity/made=0"]].concat());
    let renewed = run_job();
    assert_eq!(renewed.code, 0, "{renewed:?}");
    let told = "secret gatekeeper-system/image-integrity-tls: there is a new certificate until ";
    assert!(renewed.out.starts_with(told), "{renewed:?}");
    workload.refresh(CLUSTER.control_plane(), "tls");
    let second = until("the new certificate is served", || {
        server.certificate().ok().filter(|certificate| *certificate != first)
    });
    assert_eq!(verified(&server), "VERIFIED", "by the same CA in the Provider object");

    let data = CLUSTER.admin().find(&secret).unwrap()["data"].clone();
    release.upgrade("replicas=1");
    assert_eq!(CLUSTER.admin().find(&secret).unwrap()["data"], data, "an upgrade keeps what the job has made");
    assert_eq!(server.certificate().unwrap(), second);
}

#[test]
fn the_job_may_read_two_secrets_and_change_one() {
    let _release = install();
    let account = CLUSTER.control_plane().service_account(NAMESPACE, JOB);
    let may = |verb: &str, secret: &str| {
        account.run(&["auth", "can-i", verb, &format!("secret/{secret}"), "--namespace", NAMESPACE]).code == 0
    };
    for secret in ["image-integrity-ca", "image-integrity-tls"] {
        assert!(may("get", secret), "{secret}");
    }
    assert!(may("patch", "image-integrity-tls"));
    for (verb, secret) in [
        ("patch", "image-integrity-ca"),
        ("get", "gatekeeper-webhook-server-cert"),
        ("delete", "image-integrity-tls"),
        ("update", "image-integrity-tls"),
    ] {
        assert!(!may(verb, secret), "{verb} {secret}");
    }
}

/// With a certificate of the chart's own, as it is by default.
fn install() -> Release {
    let configuration = fs::read_to_string(fixture("demo/verify-config.yaml")).unwrap();
    Release::install(&json!({
        "engine": "native",
        "certificates": { "source": "chart" },
        "config": { "source": "files", "files": { "verify-config.yaml": configuration } },
    }))
}

/// Asks as Gatekeeper does: by the name in the Provider object's URL, and with the CA that it names.
fn gatekeepers_view(workload: &Workload, folder: &TempDir) -> Asking {
    let provider = CLUSTER.admin().find(&["provider", "image-integrity"]).unwrap();
    let ca: PathBuf = folder.path().join("ca.crt");
    fs::write(&ca, STANDARD.decode(provider["spec"]["caBundle"].as_str().unwrap()).unwrap()).unwrap();
    let server = Asking::new(workload.port(6001), &ca, Some(CLUSTER.gatekeeper().identity()));
    server.by_name(&format!("image-integrity.{NAMESPACE}.svc"))
}

fn verified(server: &Asking) -> String {
    let request = json!({
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "ProviderRequest",
        "request": { "keys": [SIGNED] },
    });
    let (status, body) = server.post("/ratify/gatekeeper/v1/verify", &request).unwrap();
    assert_eq!(status, 200, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    let code = answer["response"]["items"][0]["value"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{body}")).to_owned()
}

fn run_job() -> Ended {
    Workload::run_job(CLUSTER.control_plane(), NAMESPACE, JOB, shim())
}
