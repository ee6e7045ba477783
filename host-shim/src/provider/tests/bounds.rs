//! How much one request can make the server do, and how large its answer gets.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::world::{MUTATE, VERIFY, World, client, error, item};
use crate::{
    engine::{Engine, EngineError, Judgement, ModuleDigest, Native},
    testing::{
        SIGNATURE_TYPE,
        registry::{self, demo, plain_demo},
        server::{Reply, Server},
    },
};

const MIB: usize = 1 << 20;

/// The real verdicts, with a MiB to be said of every image.
#[derive(Default)]
struct Verbose(Native);

impl Engine for Verbose {
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>> {
        Box::pin(async {
            let Judgement { verdict, module } = self.0.verify(input).await?;
            let mut verdict: Value = serde_json::from_slice(&verdict).unwrap();
            for image in verdict["images"].as_object_mut().unwrap().values_mut() {
                image["message"] = "x".repeat(MIB).into();
            }
            Ok(Judgement { verdict: verdict.to_string().into_bytes(), module })
        })
    }

    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>> {
        self.0.check()
    }
}

#[tokio::test]
async fn an_answer_has_eight_mebibytes_and_what_finds_no_room_is_named() {
    let (server, asked) =
        (plain_demo().await, World { engine: Arc::new(Verbose::default()), ..World::default() }.start().await);
    let keys: Vec<_> = (0..10).map(|number| format!("[team-{number}]{}/app:signed", server.host())).collect();
    let response = asked.keys(VERIFY, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let items = response["items"].as_array().unwrap();
    assert_eq!(items.len(), 7);
    let left_out: Vec<_> = keys.iter().filter(|key| item(&response, key).is_null()).collect();
    for key in &left_out {
        let said = format!(
            "{key}: FETCH_LIMIT_REACHED: the answer would have more than 8388608 bytes; ask about fewer images at once"
        );
        assert!(error(&response).contains(&said), "{}", error(&response));
    }
    // What is said of each of our own users' images stays a verdict.
    let names: Vec<_> = (0..10).map(|number| format!("{}/app:signed@{}", server.host(), digest(number))).collect();
    let (_, answer) = asked.ask_as(client("opa"), "/v1/verify", json!({ "images": names }).to_string()).await;
    let codes: Vec<_> = names.iter().map(|name| answer["images"][name]["code"].as_str().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == "FETCH_LIMIT_REACHED").count(), 3, "{codes:?}");
    assert!(answer.to_string().len() < 9 * MIB);
}

fn digest(number: u8) -> String {
    format!("sha256:{number:064x}")
}

fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[tokio::test]
async fn evidence_has_twenty_four_mebibytes_and_what_finds_no_room_is_a_failure() {
    // Whatever it is called, one image with one signature of six MiB.
    let envelope = vec![b' '; 6 * MIB];
    let subject = json!({ "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json" }).to_string();
    let described = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": digest_of(bytes), "size": bytes.len() });
    let signature = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described(SIGNATURE_TYPE, b"{}"),
        "layers": [described("application/jose+json", &envelope)],
        "subject": described("application/vnd.oci.image.manifest.v1+json", subject.as_bytes()),
    })
    .to_string();
    let mut listed = described("application/vnd.oci.image.manifest.v1+json", signature.as_bytes());
    listed["artifactType"] = SIGNATURE_TYPE.into();
    let page = json!([listed]).to_string();
    let manifest =
        |text: &str| Reply::new(200, &[("content-type", "application/vnd.oci.image.manifest.v1+json")], text);
    let signature_digest = digest_of(signature.as_bytes());
    let server = demo(move |seen| {
        Some(match seen.path() {
            path if path.contains("/referrers/") => registry::page(&page, &[]),
            path if path.contains("/blobs/") => Reply::new(200, &[], &envelope),
            path if path.ends_with(&signature_digest) => manifest(&signature),
            _ => manifest(&subject),
        })
    })
    .await;
    let asked = World::default().start().await;
    let names: Vec<_> = ["a", "b", "c", "d"].map(|tag| format!("{}/app:{tag}", server.host())).into();
    let (_, answer) = asked.ask_as(client("opa"), "/v1/evidence", json!({ "images": names }).to_string()).await;
    let failures: Vec<_> = names.iter().map(|name| &answer["input"]["images"][name]["failures"]).collect();
    let is_limited = |failures: &&&Value| failures[0]["code"] == "FETCH_LIMIT_REACHED";
    assert_eq!(failures.iter().filter(is_limited).count(), 2, "{failures:?}");
    assert_eq!(failures.iter().filter(|failures| failures[0].is_null()).count(), 2, "{failures:?}");
    assert!(answer.to_string().len() < 25 * MIB);
}

#[tokio::test]
async fn no_more_than_ten_thousand_mutations_and_questions_for_evidence_wait_for_their_turn() {
    let hanging = Server::start(|_| Reply::raw(b"").then_hang()).await;
    let asked = World { verify_deadline: Duration::from_millis(500), ..World::default() }.start().await;
    let name = |number: usize| format!("{}/app:v{number}", hanging.host());
    let keys: Vec<_> = (0..10_000).map(name).collect();
    join_all(keys.chunks(1_000).map(|keys| {
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let asked = &asked;
        async move { asked.keys(MUTATE, &keys).await }
    }))
    .await;
    let one_more = name(10_000);
    let response = asked.keys(MUTATE, &[&one_more]).await;
    assert_eq!(error(&response), format!("{one_more}: FETCH_LIMIT_REACHED: too many images wait to be fetched"));
    let (_, answer) = asked.ask_as(client("opa"), "/v1/evidence", json!({ "images": [one_more] }).to_string()).await;
    assert_eq!(answer["input"]["images"][&one_more]["failures"][0]["code"], "FETCH_LIMIT_REACHED");
}
