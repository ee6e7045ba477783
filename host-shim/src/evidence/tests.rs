//! The loop against layouts and registries, with the real engine and with scripted ones.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::{BoxFuture, pending};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::*;
use crate::{
    engine::{EngineError, Native},
    reference::{Algorithm, Digest, Reference, Selector},
    testing::{
        SIGNATURE_TYPE, ample, demo_config, fixture,
        registry::{self, demo, demo_layout, image, plain, plain_demo},
        server::{Reply, Server},
        short,
    },
};

const NOW: &str = "2026-11-24T12:00:00Z";

fn layout(tag: &str) -> ImageSource {
    let known_as: Reference = format!("registry.example/app:{tag}").parse().unwrap();
    ImageSource::parse(&format!("oci:{}:{tag}", fixture("demo/layout").display()), Some(&known_as)).unwrap()
}

async fn gathered(sources: &[ImageSource], engine: Arc<dyn Engine>, deadline: Deadline) -> Gathered {
    let config = demo_config();
    let question = Question { config: &config, now: NOW, request_id: Some("r1") };
    let (registries, kept) = (plain(), Kept::for_one_call());
    let access = Access { registries: &registries, kept: &kept, as_whom: AsWhom::new(0) };
    gather(sources, question, access, engine, deadline, &|_| {}).await.unwrap()
}

async fn verified(sources: &[ImageSource]) -> Gathered {
    gathered(sources, Arc::new(Native::default()), ample()).await
}

fn code(gathered: &Gathered, index: usize) -> String {
    let verdict: Value = serde_json::from_slice(&gathered.verdict).unwrap();
    verdict["images"][&gathered.images[index].key]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_signed_layout_is_verified_and_an_unsigned_one_is_not() {
    let gathered = verified(&[layout("signed"), layout("unsigned"), layout("signed")]).await;
    assert_eq!(
        [code(&gathered, 0), code(&gathered, 1), code(&gathered, 2)],
        ["VERIFIED", "SIGNATURE_NOT_FOUND", "VERIFIED"]
    );
    assert_eq!(gathered.images[0].key, "registry.example/app:signed");
}

#[tokio::test]
async fn the_input_replays_to_the_same_verdict_and_needs_nothing() {
    for sources in [vec![layout("signed")], vec![layout("signed"), layout("unsigned"), layout("tampered")]] {
        let gathered = verified(&sources).await;
        assert_eq!(wasm_policy::verify(&gathered.input), gathered.verdict);
        let verdict: Value = serde_json::from_slice(&gathered.verdict).unwrap();
        assert_eq!((&verdict["needs"], &verdict["requestId"]), (&Value::Array(vec![]), &Value::from("r1")));
    }
}

#[tokio::test]
async fn the_order_in_which_a_registry_lists_referrers_changes_nothing() {
    let entry = |letter: &str| {
        let digest = format!("sha256:{}", letter.repeat(64));
        format!(r#"{{"mediaType":"text/x","digest":"{digest}","size":7,"artifactType":"{SIGNATURE_TYPE}"}}"#)
    };
    let mut listings = Vec::new();
    for order in [["a", "b", "c"], ["b", "c", "a"]] {
        let list = format!("[{}]", order.map(entry).join(","));
        let server = demo(move |seen| seen.path().contains("/referrers/").then(|| registry::page(&list, &[]))).await;
        let gathered = verified(&[ImageSource::Registry(image(&server, ":signed"))]).await;
        let input: Value = serde_json::from_slice(&gathered.input).unwrap();
        let listing = input["images"][&gathered.images[0].key]["referrers"].clone();
        assert_eq!(listing.as_array().unwrap().len(), 3);
        listings.push(listing);
    }
    assert_eq!(listings[0], listings[1]);
}

#[tokio::test]
async fn a_layout_that_cannot_be_read_is_a_failure_of_its_image_alone() {
    let missing = ImageSource::parse("oci:/nonexistent/app:v1", None).unwrap();
    let gathered = verified(&[missing, layout("signed")]).await;
    assert_eq!([code(&gathered, 0), code(&gathered, 1)], ["LAYOUT_INVALID", "VERIFIED"]);
    assert_eq!(gathered.images[0].key, "local/app:v1");
}

#[tokio::test]
async fn two_images_of_one_name_are_refused() {
    let config = demo_config();
    let question = Question { config: &config, now: NOW, request_id: None };
    let sources =
        ["oci:/nonexistent/a/app:v1", "oci:/nonexistent/b/app:v1"].map(|s| ImageSource::parse(s, None).unwrap());
    let (registries, kept) = (plain(), Kept::for_one_call());
    let access = Access { registries: &registries, kept: &kept, as_whom: AsWhom::new(0) };
    let refused = gather(&sources, question, access, Arc::new(Native::default()), ample(), &|_| {}).await;
    assert_eq!(refused.err(), Some(GatherError::SameKey("local/app:v1".to_owned())));
}

#[tokio::test]
async fn an_image_with_one_signature_costs_four_requests() {
    let server = plain_demo().await;
    let image = image(&server, ":signed");
    let gathered = verified(&[ImageSource::Registry(image)]).await;
    assert_eq!(code(&gathered, 0), "VERIFIED");
    assert_eq!(server.seen().len(), 4, "{:?}", server.paths());
    assert_eq!(gathered.images[0].spent.requests, 4);
}

#[tokio::test]
async fn by_digest_the_image_and_its_referrers_are_asked_for_at_once() {
    let layout = demo_layout();
    let digest = layout.select(Selector::tag("signed").as_ref()).unwrap().subject.digest;
    let asked_for_referrers = Arc::new(Notify::new());
    let name = format!("@{digest}");
    let server = demo(move |seen| {
        if seen.path().contains("/referrers/") {
            asked_for_referrers.notify_one();
        }
        let is_image = seen.path().ends_with(&format!("/manifests/{digest}"));
        is_image.then(|| registry::answer(&layout, seen).not_before(&asked_for_referrers))
    })
    .await;
    let gathered = verified(&[ImageSource::Registry(image(&server, &name))]).await;
    assert_eq!(code(&gathered, 0), "VERIFIED");
    assert_eq!(server.seen().len(), 4, "{:?}", server.paths());
}

#[tokio::test]
async fn what_several_images_need_is_fetched_once() {
    let server = plain_demo().await;
    let sources = [":signed", ":signed", &format!(":signed@{}", digest_of(&server, "signed").await)]
        .map(|name| ImageSource::Registry(image(&server, name)));
    let before = server.seen().len();
    let gathered = verified(&sources).await;
    assert_eq!([code(&gathered, 0), code(&gathered, 2)], ["VERIFIED", "VERIFIED"]);
    // Both names are resolved; the list, the signature's manifest and its envelope are theirs together.
    assert_eq!(server.seen().len() - before, 2 + 1 + 2, "{:?}", server.paths());
}

async fn digest_of(server: &Server, tag: &str) -> String {
    let (registries, image) = (plain(), image(server, &format!(":{tag}")));
    let allowance = crate::testing::allowance(ample());
    registries.repository(&image).resolve(&image, &allowance).await.unwrap().digest.into_owned()
}

#[tokio::test]
async fn a_registry_that_hangs_holds_up_its_own_images_only() {
    let good = plain_demo().await;
    let hanging = Server::start(|_| Reply::raw(b"").then_hang()).await;
    let sources: Vec<_> = (0..20)
        .map(|number| image(&hanging, &format!(":{number}")))
        .chain([image(&good, ":signed")])
        .map(ImageSource::Registry)
        .collect();
    let settled = Mutex::new(Vec::new());
    let config = demo_config();
    let question = Question { config: &config, now: NOW, request_id: None };
    let (registries, kept) = (plain(), Kept::for_one_call());
    let access = Access { registries: &registries, kept: &kept, as_whom: AsWhom::new(0) };
    let progress = |key: &str| settled.lock().unwrap().push(key.to_owned());
    let deadline = Deadline::within(std::time::Duration::from_secs(2));
    let gathered = gather(&sources, question, access, Arc::new(Native::default()), deadline, &progress).await.unwrap();
    assert_eq!([code(&gathered, 0), code(&gathered, 20)], ["REGISTRY_TIMEOUT", "VERIFIED"]);
    assert_eq!(settled.lock().unwrap().first(), Some(&gathered.images[20].key));
    assert_eq!(settled.lock().unwrap().len(), 21);
}

#[tokio::test]
async fn at_the_deadline_what_is_still_needed_becomes_a_failure() {
    let server =
        demo(|seen| seen.path().contains("/blobs/").then(|| Reply::raw(b"HTTP/1.1 200 OK\r\n").then_hang())).await;
    let source = ImageSource::Registry(image(&server, ":signed"));
    let gathered = gathered(&[source], Arc::new(Native::default()), short()).await;
    assert_eq!(code(&gathered, 0), "REGISTRY_TIMEOUT");
    let input: Value = serde_json::from_slice(&gathered.input).unwrap();
    let failures = &input["images"][&gathered.images[0].key]["failures"];
    assert_eq!((&failures[0]["kind"], &failures[0]["code"]), (&"blob".into(), &"REGISTRY_TIMEOUT".into()));
}

/// Answers as it is told.
struct Scripted<A>(A);

impl<A: Fn(&[u8]) -> Result<Vec<u8>, EngineError> + Send + Sync> Engine for Scripted<A> {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        Box::pin(async move { Ok(Judgement { verdict: self.0(&input)?, module: Some(module()) }) })
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        Box::pin(async { Ok(Some(module())) })
    }
}

fn module() -> ModuleDigest {
    format!("sha256:{}", "5".repeat(64)).parse().unwrap()
}

#[tokio::test]
async fn the_module_that_gave_the_last_verdict_is_told() {
    let engine = Scripted(|input: &[u8]| Ok(wasm_policy::verify(input)));
    let of_one_image = gathered(&[layout("signed")], Arc::new(engine), ample()).await;
    assert_eq!((code(&of_one_image, 0), of_one_image.module), ("VERIFIED".to_owned(), Some(module())));
    assert_eq!(verified(&[layout("signed")]).await.module, None);
}

/// Needs another blob each time that it is asked.
fn insatiable() -> impl Engine {
    let asked = AtomicUsize::new(0);
    Scripted(move |input: &[u8]| {
        let input: Value = serde_json::from_slice(input).unwrap();
        let image = input["images"].as_object().unwrap().keys().next().unwrap();
        let digest = Digest::of(Algorithm::Sha256, &asked.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        let need = json!({ "kind": "blob", "image": image, "digest": digest.as_str(), "size": 1 });
        Ok(json!({ "images": {}, "needs": [need] }).to_string().into_bytes())
    })
}

#[tokio::test]
async fn an_engine_that_always_needs_more_is_given_up_after_forty_rounds() {
    let gathered = gathered(&[layout("signed")], Arc::new(insatiable()), ample()).await;
    let input: Value = serde_json::from_slice(&gathered.input).unwrap();
    let failures = input["images"]["registry.example/app:signed"]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 40);
    assert_eq!(
        (&failures[0]["code"], &failures[39]["code"]),
        (&"BLOB_NOT_FOUND".into(), &"FETCH_LIMIT_REACHED".into())
    );
}

#[tokio::test]
async fn an_answer_that_is_no_verdict_ends_the_loop_and_is_handed_on() {
    for answer in [&b""[..], b"null", br#"{"needs":[{"kind":"ocsp"},{"kind":"blob","image":"another","digest":"x"}]}"#]
    {
        let gathered =
            gathered(&[layout("signed")], Arc::new(Scripted(move |_: &[u8]| Ok(answer.to_vec()))), ample()).await;
        assert_eq!(gathered.verdict, answer);
    }
}

/// What each image is told where the engine gives no verdict.
fn unavailable(message: &str) -> Value {
    json!({
        "class": "transient", "code": "ENGINE_UNAVAILABLE", "isSuccess": false, "message": message,
        "remediation": wasm_policy::code::Code::EngineUnavailable.remediation(), "verifierReports": [],
    })
}

#[tokio::test]
async fn an_engine_that_breaks_is_no_success_for_any_image() {
    for sources in [vec![layout("signed")], vec![layout("signed"), layout("unsigned")]] {
        let gathered = gathered(&sources, Arc::new(Scripted(|_: &[u8]| Err(EngineError::Broken))), ample()).await;
        let verdict: Value = serde_json::from_slice(&gathered.verdict).unwrap();
        for image in &gathered.images {
            assert_eq!(verdict["images"][&image.key], unavailable("the engine broke and gave no verdict"));
        }
        assert_eq!((&verdict["requestId"], gathered.module), (&"r1".into(), None));
    }
}

/// Never answers.
struct Hanging;

impl Engine for Hanging {
    fn verify(&self, _: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        Box::pin(pending())
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_hangs_is_not_waited_for_long_after_the_deadline() {
    for sources in [vec![layout("signed")], vec![layout("signed"), layout("unsigned")]] {
        let started = tokio::time::Instant::now();
        let gathered = gathered(&sources, Arc::new(Hanging), ample()).await;
        // The deadline, and as long again as what was fetched by then may take to be judged.
        assert_eq!(started.elapsed().as_secs(), 30 + 5);
        let verdict: Value = serde_json::from_slice(&gathered.verdict).unwrap();
        let expected = unavailable("the engine gave no verdict before the deadline");
        assert_eq!(verdict["images"][&gathered.images[0].key], expected);
    }
}

#[tokio::test]
async fn a_registry_that_hangs_holds_up_no_other_that_has_the_same_blob() {
    // Whoever knows a digest can list it; the fetch that came first must not be the one that counts.
    let hanging = demo(|seen| seen.path().contains("/blobs/").then(|| Reply::raw(b"").then_hang())).await;
    let good = plain_demo().await;
    let images = [&hanging, &good].map(|server| ImageSource::Registry(image(server, ":signed")));
    let gathered =
        gathered(&images, Arc::new(Native::default()), Deadline::within(std::time::Duration::from_secs(2))).await;
    // What the good one gave proves itself, for the image of the other, too.
    assert_eq!([code(&gathered, 0), code(&gathered, 1)], ["VERIFIED", "VERIFIED"]);
    assert!(gathered.images[1].spent.requests == 4, "{:?}", gathered.images);
}
