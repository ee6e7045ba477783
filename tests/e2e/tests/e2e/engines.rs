//! The engines of the server: the verdict's own code, and a stock OPA that has the bundle.

use std::{fs, path::Path, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use host_shim::{
    cache::{AsWhom, Kept},
    config::Configuration,
    deadline::Deadline,
    engine::{
        Engine, EngineError, Judgement, ModuleDigest, Native,
        opa::{OpaEngine, OpaError, OpaOptions},
    },
    evidence::{Access, Gathered, Question, gather},
    reference::{Algorithm, Digest, ImageSource},
    registry::{Registries, RegistryOptions},
};
use image_integrity_e2e::{Bundles, Opa, bundle, fixture, module, run, shim};
use image_integrity_test_corpus::{NOW, World, cases};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::DEMO;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A rule that wants a signer of the release team, and says so.
const RELEASE: &str = r#"package acme.images

import rego.v1

verdict := data.image_integrity.verify

decision := object.union(verdict, {"images": {name: judged(image) | some name, image in verdict.images}})

judged(image) := image if {
	some report in image.verifierReports
	report.isSuccess
	contains(report.extensions.SN, input_team)
} else := object.union(image, {"isSuccess": false, "message": "not by the release team"})
"#;

fn options(opa: &Opa) -> OpaOptions {
    let url = format!("http://{}", opa.address()).parse().unwrap();
    OpaOptions { timeout: PATIENCE, ..OpaOptions::new(url) }
}

fn engine(opa: &Opa) -> OpaEngine {
    OpaEngine::new(options(opa)).unwrap()
}

fn with_rule(opa: &Opa) -> OpaEngine {
    let decision = Some("acme/images/decision".parse().unwrap());
    OpaEngine::new(OpaOptions { decision, ..options(opa) }).unwrap()
}

fn digest_of(module: &[u8]) -> ModuleDigest {
    Digest::of(Algorithm::Sha256, module).as_str().parse().unwrap()
}

/// The digest of the module under test.
fn digest() -> ModuleDigest {
    digest_of(&fs::read(module()).unwrap())
}

/// A module that behaves alike, and is another: it has one custom section more.
fn other_module() -> Vec<u8> {
    [&fs::read(module()).unwrap()[..], b"\0\x03\x01x\0"].concat()
}

/// A bundle with a module and a rule, as the command line packs it.
fn packed(module: &Path, rule: &str, options: &[&str]) -> (TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies/acme");
    fs::create_dir_all(&policies).unwrap();
    fs::write(policies.join("images.rego"), rule).unwrap();
    let out = folder.path().join("bundle.tar.gz");
    let ended = run(shim()
        .args(["bundle", "--module"])
        .arg(module)
        .arg("--out")
        .arg(&out)
        .args(options)
        .arg(folder.path().join("policies")));
    assert_eq!(ended.code, 0, "{ended:?}");
    let bytes = fs::read(out).unwrap();
    (folder, bytes)
}

/// An OPA with such a bundle.
fn opa_with(rule: &str, options: &[&str]) -> Opa {
    let (folder, _) = packed(&module(), rule, options);
    Opa::try_serve(&folder.path().join("bundle.tar.gz"), &[]).expect("OPA loads the bundle")
}

fn release(team: &str) -> String {
    RELEASE.replace("input_team", &format!("\"{team}\""))
}

/// The code and the message of the only image.
fn told(judgement: &Judgement) -> (String, String) {
    let verdict: Value = serde_json::from_slice(&judgement.verdict).unwrap();
    let image = verdict["images"].as_object().unwrap().values().next().unwrap();
    (image["code"].as_str().unwrap().to_owned(), image["message"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_give_the_same_bytes_on_the_corpus() {
    let opa = Opa::serve();
    let (opa, native) = (engine(&opa), Native::default());
    let mut same = 0;
    for case in cases() {
        let by_native = native.verify(case.input.clone()).await.unwrap();
        let by_opa = match &*case.name {
            // OPA's reader refuses it, and so do we before OPA is asked.
            "an empty text" | "no JSON" | "something after the document" => {
                let error = opa.verify(case.input).await.unwrap_err();
                assert!(matches!(error, EngineError::Opa(OpaError::Input(_))), "{}: {error}", case.name);
                continue;
            }
            // OPA's reader drops what the case is about.
            "a name twice in the document" | "a name twice where nobody reads" => continue,
            _ => opa.verify(case.input).await.unwrap_or_else(|error| panic!("{}: {error}", case.name)),
        };
        assert_eq!(String::from_utf8(by_opa.verdict), String::from_utf8(by_native.verdict), "{}", case.name);
        assert_eq!((by_opa.module, by_native.module), (Some(digest()), None));
        same += 1;
    }
    assert!(same > 100, "{same}");
}

/// What is gathered for images of the demo by this engine.
async fn gathered(engine: Arc<dyn Engine>) -> Gathered {
    let configuration = Configuration::load(&[fixture(DEMO)], None).unwrap();
    let question = Question { config: configuration.config(), now: NOW, request_id: Some("r1") };
    let registries = Registries::new(RegistryOptions::default()).unwrap();
    let kept = Kept::for_one_call();
    let access = Access { registries: &registries, kept: &kept, as_whom: AsWhom::new(0) };
    let sources = ["signed", "unsigned", "tampered"]
        .map(|tag| ImageSource::parse(&format!("oci:{}:{tag}", fixture("demo/layout").display()), None).unwrap());
    gather(&sources, question, access, engine, Deadline::within(PATIENCE), &|_| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_need_the_same_evidence() {
    let opa = Opa::serve();
    let (by_opa, by_native) = (gathered(Arc::new(engine(&opa))).await, gathered(Arc::new(Native::default())).await);
    assert_eq!(String::from_utf8(by_opa.input), String::from_utf8(by_native.input));
    assert_eq!(String::from_utf8(by_opa.verdict.clone()), String::from_utf8(by_native.verdict));
    assert_eq!((by_opa.module, by_native.module), (Some(digest()), None));
    let verdict: Value = serde_json::from_slice(&by_opa.verdict).unwrap();
    assert_eq!(verdict["images"]["local/layout:signed"]["code"], "VERIFIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_of_the_users_own_leaves_the_module_known() {
    let opa = opa_with(&release("OU=build"), &["--revision", "v1"]);
    assert_eq!(engine(&opa).check().await, Ok(Some(digest())));
    assert_eq!(with_rule(&opa).check().await, Ok(Some(digest())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_over_the_verdict_narrows_it() {
    let (signed, unsigned) = (World::signed().rounds().0, World::signed().unsigned().rounds().0);
    let by_module = Native::default().verify(signed.clone()).await.unwrap().verdict;

    let opa = opa_with(&release("OU=build"), &[]);
    assert_eq!(with_rule(&opa).verify(signed.clone()).await.unwrap().verdict, by_module);

    let opa = opa_with(&release("OU=release"), &[]);
    let judgement = with_rule(&opa).verify(signed.clone()).await.unwrap();
    let message = "the rule acme/images/decision says no: not by the release team";
    assert_eq!(told(&judgement), ("POLICY_DENIED".to_owned(), message.to_owned()));
    assert_eq!(judgement.module, Some(digest()));
    assert_eq!(told(&with_rule(&opa).verify(unsigned.clone()).await.unwrap()).0, "SIGNATURE_NOT_FOUND");
    // Who asks for no rule gets the module's own verdict.
    assert_eq!(engine(&opa).verify(signed).await.unwrap().verdict, by_module);

    let opa = opa_with(
        "package acme.images\n\ndecision := {\"images\": {name: {\"isSuccess\": true} | some name, _ in input.images}}\n",
        &[],
    );
    assert_eq!(told(&with_rule(&opa).verify(unsigned).await.unwrap()).0, "SIGNATURE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_not_there_is_found_out_before_it_is_needed() {
    let opa = Opa::serve();
    let engine = with_rule(&opa);
    let rule = "acme/images/decision".parse().unwrap();
    assert_eq!(engine.check().await, Err(EngineError::Opa(OpaError::NoDecision(rule))));
    let judgement = engine.verify(World::signed().rounds().0).await.unwrap();
    let message = "the rule acme/images/decision is undefined for this input";
    assert_eq!(told(&judgement), ("POLICY_DENIED".to_owned(), message.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_replaced_is_told_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.wasm");
    fs::write(&path, other_module()).unwrap();
    let rule = release("OU=build");
    let bundles = Bundles::serve(packed(&module(), &rule, &[]).1);
    let opa = Opa::fetching(&bundles);
    let engine = with_rule(&opa);
    let signed = World::signed().rounds().0;

    // OPA answers from the start, and has nothing to say until the plugin has the bundle.
    until(async || engine.check().await == Ok(Some(digest()))).await;
    assert_eq!(engine.verify(signed.clone()).await.unwrap().module, Some(digest()));

    bundles.replace(packed(&path, &rule, &[]).1);
    let other = Some(digest_of(&other_module()));
    until(async || engine.check().await == Ok(other.clone())).await;
    let judgement = engine.verify(signed).await.unwrap();
    assert_eq!((told(&judgement).0, judgement.module), ("VERIFIED".to_owned(), other));

    // A bundle that does not load leaves the one before in service.
    bundles.replace(b"no bundle".to_vec());
    opa.wait_for("Bundle load failed");
    assert!(engine.check().await.is_ok());
}

/// Asks until it is so.
async fn until(is_so: impl AsyncFn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so().await {
        assert!(start.elapsed() < PATIENCE, "it does not come about");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opa_that_says_it_is_healthy_without_the_module_is_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.tar.gz");
    // As an OPA without the WebAssembly engine has it: the bundle's revision, and nothing at the entrypoint.
    let manifest = json!({ "revision": digest().as_str().replace("sha256:", ""), "roots": ["image_integrity"] });
    let mut tar = tar::Builder::new(GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast()));
    let manifest = manifest.to_string();
    let mut header = tar::Header::new_ustar();
    header.set_size(manifest.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, ".manifest", manifest.as_bytes()).unwrap();
    tar.into_inner().unwrap().finish().unwrap();

    let opa = Opa::try_serve(&path, &[]).expect("OPA loads the bundle");
    let engine = engine(&opa);
    assert_eq!(engine.check().await, Err(EngineError::Opa(OpaError::NoResult)));
    let signed = World::signed().rounds().0;
    assert_eq!(engine.verify(signed.clone()).await, Err(EngineError::Opa(OpaError::NoResult)));

    drop(opa);
    let error = engine.verify(signed).await.unwrap_err();
    assert!(matches!(error, EngineError::Opa(OpaError::Unreachable(_))), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opa_that_wants_a_token_is_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let authz = folder.path().join("authz");
    fs::create_dir(&authz).unwrap();
    let policy = "package system.authz\n\ndefault allow := false\n\nallow if input.identity == \"s3cret\"\n";
    fs::write(authz.join("authz.rego"), policy).unwrap();
    fs::write(authz.join(".manifest"), r#"{"revision": "7", "roots": ["system/authz"]}"#).unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "s3cret\n").unwrap();
    // Where one path is a bundle's, all are.
    let authorization = ["--authentication=token", "--authorization=basic", authz.to_str().unwrap()];
    let opa = Opa::try_serve(&bundle(), &authorization).expect("OPA loads the bundles");
    let without = engine(&opa).check().await.unwrap_err();
    assert_eq!(
        without.to_string(),
        "OPA gave no verdict: it answers 401 Unauthorized: request rejected by administrative policy"
    );
    let with = OpaEngine::new(OpaOptions { token_file: Some(token), ..options(&opa) }).unwrap();
    assert_eq!(with.check().await, Ok(Some(digest())));
}
