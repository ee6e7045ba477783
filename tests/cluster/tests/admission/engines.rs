//! The wasm module in a stock OPA, behind the same provider.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use image_integrity_cluster::{Configuration, Engine, Server, free_port, until};
use image_integrity_e2e::{HostsDir, Kind, Opa, Registry, bundle, fixture, module, run, shim};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    CLUSTER,
    guarded::{Guarded, SIGNED, UNSIGNED, Wanted, assert_admitted},
};

/// An OPA with the bundle, and where it listens.
fn opa() -> (Opa, String) {
    let url = format!("http://127.0.0.1:{}", free_port());
    (opa_at(&url, &bundle()), url)
}

fn opa_at(url: &str, bundle: &Path) -> Opa {
    Opa::try_serve(bundle, &["--addr", url]).expect("OPA loads the bundle")
}

/// A bundle with a module that does the same and has another digest: one more section that means nothing.
fn bundle_of_another_module(folder: &TempDir) -> PathBuf {
    let (other, out) = (folder.path().join("other.wasm"), folder.path().join("bundle.tar.gz"));
    let bytes = [fs::read(module()).unwrap(), b"\x00\x06\x04test!".to_vec()].concat();
    fs::write(&other, bytes).unwrap();
    let ended = run(shim().arg("bundle").arg("--module").arg(&other).arg("--out").arg(&out));
    assert_eq!(ended.code, 0, "{ended:?}");
    out
}

fn engine(url: &str) -> Vec<OsString> {
    vec!["--engine".into(), format!("opa={url}").into()]
}

/// The SHA-256 of the module in the bundle, as OPA tells it with each decision.
fn digest(opa: &Opa) -> String {
    let (_, document) = opa.query("image_integrity/bundle?provenance=true", b"null");
    let revision =
        document["provenance"]["bundles"].as_object().expect("bundles").values().next().expect("a bundle")["revision"]
            .clone();
    revision.as_str().expect("a revision").chars().take(64).collect()
}

#[test]
fn the_module_in_an_opa_gives_the_verdict_and_the_constraint_names_it() {
    let (opa, url) = opa();
    let parameters = json!({ "moduleDigests": [digest(&opa)] });
    let guarded = Guarded::with(Wanted {
        parameters,
        options: engine(&url),
        engine: Some(Engine::native()),
        ..Wanted::default()
    });
    assert_admitted(&guarded.namespace.run("demo-signed", SIGNED));
    guarded.assert_denied(&guarded.namespace.run("demo-unsigned", UNSIGNED), "SIGNATURE_NOT_FOUND");
}

#[test]
fn a_module_that_is_swapped_under_a_pinned_digest_denies_though_its_verdicts_are_the_same() {
    let (opa, url) = opa();
    let parameters = json!({ "moduleDigests": [digest(&opa)] });
    let guarded = Guarded::with(Wanted {
        parameters,
        options: engine(&url),
        engine: Some(Engine::native()),
        ..Wanted::default()
    });
    assert_admitted(&guarded.namespace.run("before", SIGNED));
    drop(opa);
    let folder = tempfile::tempdir().unwrap();
    let _swapped = opa_at(&url, &bundle_of_another_module(&folder));
    let denied = until("the other module has been asked", || {
        let ended = guarded.namespace.kubectl(&["run", "after", "--image", SIGNED, "--dry-run=server"]);
        ended.err.contains("MODULE_MISMATCH").then_some(ended)
    });
    guarded.assert_denied(&denied, "MODULE_MISMATCH");
}

#[test]
fn an_opa_that_is_down_denies() {
    let (opa, url) = opa();
    let guarded = Guarded::with(Wanted { options: engine(&url), engine: Some(Engine::native()), ..Wanted::default() });
    drop(opa);
    guarded.assert_denied(&guarded.namespace.run("demo-signed", SIGNED), "NO_ANSWER");
}

#[test]
fn both_engines_give_the_same_answer_on_every_image_of_the_fixtures() {
    let (_opa, url) = opa();
    let registry = Registry::plain(Kind::ReferrersApi);
    let hosts = HostsDir::new("ghcr.io", &[&registry.origin()], "http://127.0.0.1:1");
    let expected = [
        ("signed", "VERIFIED"),
        ("unsigned", "SIGNATURE_NOT_FOUND"),
        ("tampered", "SIGNATURE_INVALID"),
        ("untrusted", "CERTIFICATE_UNTRUSTED"),
        ("expired", "SIGNATURE_EXPIRED"),
        // The mirror has none, and nobody is there whom to ask after it.
        ("absent", "REGISTRY_UNAVAILABLE"),
    ];
    for (tag, _) in expected.iter().filter(|(tag, _)| *tag != "absent") {
        registry.copy("demo/layout", tag, &format!("demo:{tag}"));
    }
    let configuration = fixture("demo/verify-config.yaml");
    let start = |options: Vec<OsString>| {
        let options = hosts.options().into_iter().chain(options);
        Server::start(CLUSTER.control_plane().authority(), Configuration::Files(&configuration), options)
    };
    let (native, wasm) = (start(Vec::new()), start(engine(&url)));
    let keys = expected.map(|(tag, _)| format!("[default]ghcr.io/demo:{tag}"));
    let keys = keys.each_ref().map(String::as_str);
    let (native, wasm) = (native.verify(&keys), wasm.verify(&keys));
    for (key, (_, code)) in keys.into_iter().zip(expected) {
        assert_eq!((native.outcome(key).as_str(), wasm.outcome(key).as_str()), (code, code), "{key}");
        assert_eq!(native.item(key).map(lasting), wasm.item(key).map(lasting), "{key}");
    }
}

/// An item without what is another in each answer, and without who gave it.
fn lasting(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(value) = item["value"].as_object_mut() {
        for name in ["timestamp", "traceID", "moduleDigest", "validUntil"] {
            value.remove(name);
        }
    }
    without_now(&mut item);
    item
}

/// Takes the time out of messages: `the signature expired at …; it is 2026-11-25T23:29:27Z`.
fn without_now(value: &mut Value) {
    match value {
        Value::String(text) => text.truncate(text.find("; it is ").unwrap_or(text.len())),
        Value::Array(values) => values.iter_mut().for_each(without_now),
        Value::Object(values) => values.values_mut().for_each(without_now),
        _ => {}
    }
}
