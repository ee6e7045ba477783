//! Bundles that the command line packs and signs, as OPA loads them.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use image_integrity_e2e::{Ended, Opa, fixture, module, run, shim};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{DEMO, asked};

const POLICY: &str = "\
package acme.images

import data.image_integrity.admission
import rego.v1

default request := {}

request := admission.request(input.evidence, data.acme.trust.config)

deny contains message if some message in admission.denials(request, input.images)
";

const TEST: &str = "\
package acme.images_test

import data.acme.images
import rego.v1

test_an_image_without_a_verdict_is_denied if {
	question := {\"images\": [\"a\"], \"evidence\": {}}
	count(images.deny) == 1 with input as question with data.image_integrity.verify as {}
}
";

/// What YAML may say in more than one way, and strings that JSON encoders write differently.
const ODD: &str = r#"
a: 1.50
b: -0.5
c: 1e3
d: 12345678901234567890
e: 2026-11-23
f: [true, ~, 'no', {z: 1, a: 2}]
g: "<&>\u2028\u2029\u0000\t\x7fé😀/\\"
h: |
  lines
  of text
"<&>\u2028": {}
"#;

/// The folder of a user: policies, and a configuration that trusts the demo's signer.
fn policies() -> TempDir {
    let long = format!("acme/{}/long.rego", ["folder"; 20].join("/"));
    folder(&[
        ("acme/images.rego", POLICY),
        ("acme/images_test.rego", TEST),
        ("acme/trust/data.json", &json!({ "config": input(&["signed"])["config"] }).to_string()),
        (&long, "package acme[\"odd name\"][\"with/slash\"]\n\nallow := true\n"),
        ("odd/data.yaml", ODD),
    ])
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The input document of images of the demo.
fn input(tags: &[&str]) -> Value {
    let layout = fixture("demo/layout");
    let images = tags.iter().map(|tag| format!("oci:{}:{tag}", layout.display()));
    let fetched = run(asked("fetch", DEMO).args(images));
    assert_eq!(fetched.code, 0, "{fetched:?}");
    serde_json::from_str(&fetched.out).unwrap()
}

/// A bundle of a folder, which lies in a folder of its own.
fn packed(policies: &Path, options: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle.tar.gz");
    let ended =
        run(shim().arg("bundle").arg("--module").arg(module()).arg("--out").arg(&out).args(options).arg(policies));
    assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{ended:?}");
    (folder, out)
}

fn eval(bundle: &Path, input: &str, query: &str) -> Ended {
    let folder = folder(&[("input.json", input)]);
    let file = folder.path().join("input.json");
    run(Opa::command().args(["eval", "--format", "raw", "--bundle"]).arg(bundle).arg("--input").arg(file).arg(query))
}

/// The question about images of the demo, as the policy takes it.
fn question(tags: &[&str]) -> Value {
    let mut evidence = input(tags);
    evidence.as_object_mut().unwrap().remove("config").unwrap();
    let images: Vec<_> = evidence["images"].as_object().unwrap().keys().cloned().collect();
    json!({ "images": images, "evidence": evidence })
}

#[test]
fn a_users_policy_and_data_answer_with_the_module_in_one_bundle() {
    let policies = policies();
    let (_folder, bundle) = packed(policies.path(), &["--revision", "v1"]);
    let answer = eval(&bundle, &question(&["signed", "tampered"]).to_string(), "data.acme.images.deny");
    assert_eq!(answer.code, 0, "{answer:?}");
    let denials: Vec<String> = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(denials.len(), 1, "{denials:?}");
    assert!(denials[0].starts_with("local/layout:tampered: SIGNATURE_INVALID: "), "{denials:?}");

    let tests = run(Opa::command().args(["test", "--format", "json", "--bundle"]).arg(&bundle));
    assert_eq!(tests.code, 0, "{tests:?}");
    assert!(tests.out.contains("test_an_image_without_a_verdict_is_denied"), "{tests:?}");
    assert!(tests.out.contains("test_evidence_is_masked"), "{tests:?}");

    let inspected = run(Opa::command().args(["inspect", "--format", "json"]).arg(&bundle));
    let manifest = serde_json::from_str::<Value>(&inspected.out).unwrap()["manifest"].take();
    assert_eq!(
        manifest["roots"],
        // A name that versions of OPA spell differently can be no root, so the one above it is.
        json!(["acme", "image_integrity", "odd", "system/log"])
    );
    assert!(manifest["revision"].as_str().unwrap().ends_with("+v1"), "{manifest}");
}

#[test]
fn data_means_what_opa_reads_in_the_users_own_files() {
    let policies = folder(&[
        ("odd/data.yaml", ODD),
        ("odd/deep/data.json", r#"{"<&>\u2028\/\ud83d\ude00": [1.50, 1E300, -0], "a": {"c": {}, "b": []}}"#),
        ("data.json", r#"{"odd": {"more": "\u0000\u007f"}, "list": [{"b": 1, "a": 2}]}"#),
    ]);
    let own = run(Opa::command().args(["eval", "--format", "raw", "--bundle"]).arg(policies.path()).arg("data"));
    assert_eq!(own.code, 0, "{own:?}");
    let (_folder, bundle) = packed(policies.path(), &[]);
    let same = eval(&bundle, &own.out, "[input.odd == data.odd, input.list == data.list, count(data.odd)]");
    assert_eq!(same.out.trim_end(), "[true,true,11]", "{same:?} {}", own.out);
}

/// How a signature is made and checked.
struct Keys {
    signing: PathBuf,
    options: &'static [&'static str],
    verification: PathBuf,
    algorithm: &'static str,
}

fn keys(secret: &Path) -> Vec<Keys> {
    let pair = |name: &str| (fixture(&format!("{name}.key.pem")), fixture(&format!("{name}.chain.pem")));
    let of = |(signing, verification): (PathBuf, PathBuf), options, algorithm| Keys {
        signing,
        options,
        verification,
        algorithm,
    };
    vec![
        of(pair("demo/keys/demo"), &[][..], "RS256"),
        of(pair("demo/keys/demo"), &["--signing-alg", "PS384"], "PS384"),
        of(pair("notation-go/keys/p256"), &[], "ES256"),
        of(pair("notation-go/keys/p384"), &[], "ES384"),
        of((secret.to_owned(), secret.to_owned()), &["--signing-alg", "HS256"], "HS256"),
    ]
}

/// `opa run` with a bundle and a verification key, where it loads it; else how it ended.
fn served(bundle: &Path, key: &Path, algorithm: &str, options: &[&str]) -> Result<Opa, Ended> {
    let mut verification = vec!["--verification-key", key.to_str().unwrap(), "--signing-alg", algorithm];
    verification.extend(options);
    Opa::try_serve(bundle, &verification)
}

#[test]
fn opa_loads_what_was_signed_by_the_key_that_it_trusts() {
    let (policies, secret) = (policies(), folder(&[("secret", &"0123456789abcdef".repeat(4))]));
    let question = question(&["signed", "tampered"]).to_string();
    for Keys { signing, options, verification, algorithm } in keys(&secret.path().join("secret")) {
        let options = [options, &["--signing-key", signing.to_str().unwrap()]].concat();
        let (_folder, bundle) = packed(policies.path(), &options);
        let opa =
            served(&bundle, &verification, algorithm, &[]).unwrap_or_else(|ended| panic!("{algorithm}: {ended:?}"));
        let (status, answer) = opa.query("acme/images/deny", question.as_bytes());
        assert_eq!(status, 200, "{algorithm}: {answer}");
        assert_eq!(answer["result"].as_array().unwrap().len(), 1, "{algorithm}: {answer}");
    }
}

/// What OPA says as it refuses a bundle.
fn refused(bundle: &Path, key: &Path, algorithm: &str, options: &[&str]) -> String {
    match served(bundle, key, algorithm, options) {
        Ok(_) => panic!("{} is loaded", bundle.display()),
        Err(ended) => ended.out + &ended.err,
    }
}

#[test]
fn opa_refuses_another_key_and_every_change() {
    let policies = policies();
    let (signing, key) = (fixture("demo/keys/demo.key.pem"), fixture("demo/keys/demo.chain.pem"));
    let signing = ["--signing-key", signing.to_str().unwrap()];
    let (folder, bundle) = packed(policies.path(), &signing);
    let told = refused(&bundle, &fixture("demo/keys/stranger.chain.pem"), "RS256", &[]);
    assert!(told.contains("failed to verify JWT signature"), "{told}");

    let members = unpacked(&bundle);
    for name in [".manifest", "acme/images.rego", "data.json", "image_integrity/admission.rego", "policy.wasm"] {
        let mut changed = members.clone();
        let content = changed.get_mut(name).unwrap();
        match name {
            ".manifest" => *content = String::from_utf8(content.clone()).unwrap().replace("\"odd\"", "\"odb\"").into(),
            "data.json" => *content = String::from_utf8(content.clone()).unwrap().replace("1.50", "1.51").into(),
            _ => content.push(b'\n'),
        }
        assert_ne!(changed, members, "{name}");
        let told = refused(&repacked(&folder, &changed), &key, "RS256", &[]);
        assert!(told.contains(&format!("{name}: digest mismatch")), "{name}: {told}");
    }
    let mut more = members.clone();
    more.insert("more.rego".to_owned(), b"package acme.images\n".to_vec());
    let told = refused(&repacked(&folder, &more), &key, "RS256", &[]);
    assert!(told.contains("file more.rego not included in bundle signature"), "{told}");
    let mut fewer = members.clone();
    fewer.remove("acme/images_test.rego").unwrap();
    let told = refused(&repacked(&folder, &fewer), &key, "RS256", &[]);
    assert!(told.contains("specified in bundle signatures but not found"), "{told}");
    let mut unsigned = members;
    unsigned.remove(".signatures.json").unwrap();
    let told = refused(&repacked(&folder, &unsigned), &key, "RS256", &[]);
    assert!(told.contains("bundle missing .signatures.json file"), "{told}");
}

#[test]
fn the_scope_of_a_signature_must_be_the_one_that_opa_wants() {
    let policies = policies();
    let (signing, key) = (fixture("demo/keys/demo.key.pem"), fixture("demo/keys/demo.chain.pem"));
    let (_folder, bundle) = packed(
        policies.path(),
        &["--signing-key", signing.to_str().unwrap(), "--scope", "prod", "--key-id", "release"],
    );
    assert!(served(&bundle, &key, "RS256", &["--scope", "prod"]).is_ok());
    for options in [&[][..], &["--scope", "test"]] {
        let told = refused(&bundle, &key, "RS256", options);
        assert!(told.contains("scope mismatch"), "{told}");
    }
    // The key's name in the signature counts where OPA has none of its own.
    let named = ["--verification-key-id", "", "--scope", "prod"];
    assert!(refused(&bundle, &key, "RS256", &named).contains("verification key corresponding to ID release not found"));
}

fn unpacked(bundle: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(bundle).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), content)
    });
    entries.collect()
}

fn repacked(folder: &TempDir, members: &BTreeMap<String, Vec<u8>>) -> PathBuf {
    let path = folder.path().join("changed.tar.gz");
    let mut tar = tar::Builder::new(GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast()));
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    path
}
