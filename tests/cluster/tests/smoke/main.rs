//! smoke
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
};

use image_integrity_cluster::{Identity, OnFailure, free_port};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde_json::{Value, json};

static CLUSTER: std::sync::LazyLock<image_integrity_cluster::Cluster> =
    std::sync::LazyLock::new(image_integrity_cluster::Cluster::start);

fn stub(identity: &Identity, ca: &std::path::Path) -> u16 {
    let port = free_port();
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(identity.certificate()).unwrap()],
            PrivateKeyDer::from_pem_file(identity.key()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let config = config.clone();
            thread::spawn(move || {
                let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream.unwrap());
                let mut got = Vec::new();
                let mut buffer = [0; 4096];
                let body = loop {
                    let n = match stream.read(&mut buffer) {
                        Ok(n) if n > 0 => n,
                        other => {
                            eprintln!("stub: {other:?}");
                            return;
                        }
                    };
                    got.extend_from_slice(&buffer[..n]);
                    let text = String::from_utf8_lossy(&got).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let Some(length) = head
                        .lines()
                        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok())
                    else {
                        continue;
                    };
                    if body.len() == length {
                        eprintln!("stub: {text}");
                        break body.to_owned();
                    }
                };
                let request: Value = serde_json::from_str(&body).unwrap();
                let items: Vec<_> = request["request"]["keys"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|key| json!({"key": key, "value": {"isSuccess": !key.as_str().unwrap().contains("unsigned")}}))
                    .collect();
                let answer = json!({"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderResponse", "response": {"items": items, "idempotent": true}}).to_string();
                write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}", answer.len()).unwrap();
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            });
        }
    });
    port
}

const TEMPLATE: &str = r#"
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: smokeimages}
spec:
  crd: {spec: {names: {kind: SmokeImages}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package smoke
      violation[{"msg": msg}] {
        images := [c.image | c := input.review.object.spec.containers[_]]
        response := external_data({"provider": "smoke", "keys": images})
        msg := refused(images, response)
      }
      refused(images, response) = msg {
        response.system_error != ""
        msg := sprintf("system error %v", [response.system_error])
      }
      refused(images, response) = msg {
        image := images[_]
        not good(image, response)
        msg := sprintf("image %v is not verified", [image])
      }
      good(image, response) { response.responses[_] == [image, value]; value.isSuccess == true }
"#;

#[test]
fn a_stub_decides_what_gatekeeper_admits() {
    let ca = CLUSTER.control_plane().authority();
    let port = stub(&ca.server("stub", &[]), &ca.certificate());
    CLUSTER.template(TEMPLATE, "SmokeImages");
    let _provider = CLUSTER.provider("smoke", &format!("https://127.0.0.1:{port}/v1/verify"));
    let namespace = CLUSTER.namespace(OnFailure::Fail);
    let _constraint = CLUSTER.place(
        &json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "SmokeImages", "metadata": {"name": "smoke"},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaces": [namespace.name()]}}}),
    );
    let signed = namespace.run("demo-signed", "registry.example/app:signed");
    assert_eq!((signed.code, signed.out.as_str()), (0, "pod/demo-signed created\n"), "{signed:?}");
    let unsigned = namespace.run("demo-unsigned", "registry.example/app:unsigned");
    assert_eq!(unsigned.code, 1);
    assert!(unsigned.err.contains("registry.example/app:unsigned is not verified"), "{unsigned:?}");
}
