//! The engine before an OPA that answers as it is told.

mod answers;
mod decisions;
mod reach;

use image_integrity_test_corpus::World;
use serde_json::{Value, json};

use super::*;
use crate::testing::server::{Reply, Seen, Server};

/// The digits of a module's digest.
fn digits() -> String {
    "5a".repeat(32)
}

fn module() -> ModuleDigest {
    format!("sha256:{}", digits()).parse().unwrap()
}

/// An input document whose verdict is a success.
fn signed() -> Vec<u8> {
    World::signed().rounds().0
}

/// One whose verdict is a denial.
fn unsigned() -> Vec<u8> {
    World::signed().unsigned().rounds().0
}

fn verdict(input: &[u8]) -> Value {
    serde_json::from_slice(&wasm_policy::verify(input)).unwrap()
}

fn provenance(revisions: &[&str]) -> Value {
    let bundles: serde_json::Map<String, Value> =
        revisions.iter().enumerate().map(|(index, text)| (format!("b{index}"), json!({ "revision": text }))).collect();
    json!({ "version": "1.22.2", "bundles": bundles })
}

/// What a query gives while the module's bundle is loaded.
fn result(result: &Value) -> Reply {
    json_reply(200, &json!({ "result": result, "provenance": provenance(&[&digits()]) }))
}

fn undefined() -> Reply {
    json_reply(200, &json!({ "provenance": provenance(&[&digits()]) }))
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply::new(status, &[("content-type", "application/json")], body.to_string())
}

/// What the module would give for the input of a query.
fn judged(seen: &Seen) -> Value {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    verdict(body["input"].to_string().as_bytes())
}

fn asks_the_module(seen: &Seen) -> bool {
    seen.path() == "/v1/data/image_integrity/verify"
}

fn options(server: &Server) -> OpaOptions {
    OpaOptions::new(format!("http://{}", server.host()).parse().unwrap())
}

fn engine(server: &Server) -> OpaEngine {
    OpaEngine::new(OpaOptions { timeout: Duration::from_secs(30), ..options(server) }).unwrap()
}

/// The error of a verdict on a signed image.
async fn error_of(engine: &OpaEngine) -> String {
    engine.verify(signed()).await.unwrap_err().to_string()
}
