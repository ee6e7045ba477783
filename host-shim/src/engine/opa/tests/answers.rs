//! What counts as an answer, and what is said of every other.

use std::sync::Arc;

use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};

use super::*;

#[tokio::test]
async fn the_verdict_has_the_native_bytes_and_the_modules_digest() {
    let server = Server::start(|seen| {
        let document =
            json!({ "result": judged(seen), "provenance": provenance(&["v7", &format!("{}+v1", digits())]) });
        Reply::new(200, &[], serde_json::to_string_pretty(&document).unwrap())
    })
    .await;
    let odd = ["1", "[]", r#"{"requestId":1}"#, r#"{"images":{"\u0000":{}}}"#].map(|text| text.as_bytes().to_vec());
    for input in odd.into_iter().chain([signed(), unsigned()]) {
        let expected = Judgement { verdict: wasm_policy::verify(&input), module: Some(module()) };
        assert_eq!(engine(&server).verify(input).await, Ok(expected));
    }
}

#[tokio::test]
async fn the_document_is_sent_as_it_is() {
    let server = Server::start(|_| undefined()).await;
    let input = "{\"requestId\" :\n\"\\u0061\"  , \"images\": { \"ä\": {} } }";
    engine(&server).verify(input.into()).await.unwrap_err();
    let seen = &server.seen()[0];
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/v1/data/image_integrity/verify?provenance=true"));
    assert_eq!(seen.body, format!("{{\"input\":{input}}}"));
    assert_eq!((seen.header("content-type"), seen.header("authorization")), (Some("application/json"), None));
}

#[tokio::test]
async fn what_is_not_json_is_not_sent() {
    let server = Server::start(|_| undefined()).await;
    for input in ["", "{}, \"more\": {}", "{", "1}, {", "[\"requestId\""] {
        let error = engine(&server).verify(input.into()).await.unwrap_err();
        assert!(matches!(error, EngineError::Opa(OpaError::Input(_))), "{input}: {error}");
    }
    assert!(server.seen().is_empty());
}

/// Asserts what is said where every query gets this answer.
async fn assert_error(reply: Reply, expected: &str) {
    let server = Server::start(move |_| reply.clone()).await;
    assert_eq!(error_of(&engine(&server)).await, format!("OPA gave no verdict: {expected}"));
}

#[tokio::test]
async fn no_result_is_no_success() {
    let no_result = "it has no result at data.image_integrity.verify: the bundle is not loaded, or this OPA has no WebAssembly engine";
    assert_error(undefined(), no_result).await;
    assert_error(result(&Value::Null), no_result).await;
    assert_error(json_reply(200, &json!({ "provenance": { "version": "1.22.2" } })), no_result).await;
    assert_error(json_reply(200, &json!({ "provenance": provenance(&[]) })), no_result).await;
}

#[tokio::test]
async fn a_result_that_is_no_answer_to_the_question_is_none() {
    let mut good = verdict(&signed());
    let said = |reason: &str| format!("its result is no answer to what was asked: {reason}");
    for odd in [json!(true), json!([]), json!("VERIFIED"), json!(1)] {
        assert_error(result(&odd), &said("it is no object")).await;
    }
    let mut with = |member: &str, value: Value| {
        let before = std::mem::replace(&mut good[member], value);
        let changed = good.clone();
        good[member] = before;
        result(&changed)
    };
    let other_version = said("it is of another version of the contract");
    assert_error(with("apiVersion", json!("image-integrity/v2")), &other_version).await;
    assert_error(with("apiVersion", Value::Null), &other_version).await;
    assert_error(with("images", json!([])), &said("it has no images")).await;
    let other_question = said("its requestId is that of another question");
    assert_error(with("requestId", json!("another")), &other_question).await;
    assert_error(with("requestId", json!(1)), &other_question).await;
    assert_error(with("requestId", Value::Null), &other_question).await;
}

#[tokio::test]
async fn a_refusal_of_the_document_needs_no_request_id() {
    let refusal = json!({ "apiVersion": "image-integrity/v1", "images": {}, "requestId": null, "error": { "code": "INPUT_TOO_LARGE" } });
    let expected = refusal.to_string().into_bytes();
    let server = Server::start(move |_| result(&refusal)).await;
    assert_eq!(engine(&server).verify(signed()).await.unwrap().verdict, expected);
}

#[tokio::test]
async fn the_module_must_be_known() {
    let good = verdict(&signed());
    let with = |provenance: Value| json_reply(200, &json!({ "result": good, "provenance": provenance }));
    let none = "which module answered cannot be told: no bundle's revision begins with the digest of a module; pack it with `image-integrity bundle`";
    assert_error(with(provenance(&[])), none).await;
    assert_error(with(provenance(&["", "v1", &digits()[1..]])), none).await;
    let other = "6b".repeat(32);
    assert_error(
        with(provenance(&[&other, &digits()])),
        &format!(
            "which module answered cannot be told: its bundles are of several, sha256:{} and sha256:{other}",
            digits()
        ),
    )
    .await;
    let without = json_reply(200, &json!({ "result": good }));
    assert_error(without, "the answer is not one of OPA (it has no provenance)").await;

    let same = with(provenance(&[&digits(), &format!("{}+v2", digits()), "v3"]));
    let server = Server::start(move |_| same.clone()).await;
    assert_eq!(engine(&server).verify(signed()).await.unwrap().module, Some(module()));
}

#[tokio::test]
async fn an_opa_whose_engine_breaks_on_timeouts_is_too_old() {
    let good = verdict(&signed());
    let of = |version: &str| {
        let provenance = json!({ "version": version, "bundles": { "b": { "revision": digits() } } });
        json_reply(200, &json!({ "result": good, "provenance": provenance }))
    };
    assert_error(of("1.18.2"), "it is OPA 1.18.2, and 1.19 or newer is needed").await;
    assert_error(of("0.70.0"), "it is OPA 0.70.0, and 1.19 or newer is needed").await;
    for version in ["1.19.0", "1.23.0-dev", "2.0", "", "edge"] {
        let reply = of(version);
        let server = Server::start(move |_| reply.clone()).await;
        assert!(engine(&server).verify(signed()).await.is_ok(), "{version}");
    }
}

#[tokio::test]
async fn an_error_is_told_in_opas_own_words() {
    let broken = json!({ "code": "internal_error", "message": "internal_error: out of\nmemory" });
    assert_error(json_reply(500, &broken), r"it answers 500 Internal Server Error: internal_error: out of\nmemory")
        .await;
    let several = json!({
        "code": "internal_error", "message": "error(s) occurred while evaluating query",
        "errors": [{ "code": "eval_conflict_error", "message": "complete rules must not produce multiple outputs" }],
    });
    let said = "it answers 500 Internal Server Error: complete rules must not produce multiple outputs";
    assert_error(json_reply(500, &several), said).await;
    let long = json!({ "code": "x", "message": "x".repeat(300) });
    assert_error(json_reply(400, &long), &format!("it answers 400 Bad Request: {}…", "x".repeat(256))).await;
    assert_error(Reply::new(401, &[], "<html>"), "it answers 401 Unauthorized").await;
    // Not even where it carries a verdict.
    let good = json!({ "result": verdict(&signed()), "provenance": provenance(&[&digits()]) });
    assert_error(json_reply(203, &good), "it answers 203 Non Authoritative Information").await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(|seen| result(&judged(seen))).await;
    let location = format!("http://{}/", elsewhere.host());
    for status in [302, 307] {
        let location = location.clone();
        let server = Server::start(move |_| Reply::new(status, &[("location", &*location)], "")).await;
        let error = error_of(&engine(&server)).await;
        assert!(error.starts_with(&format!("OPA gave no verdict: it answers {status} ")), "{error}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn what_is_not_opas_json_is_no_answer() {
    let not_opa = "the answer is not one of OPA (expected value at line 1 column 1)";
    assert_error(Reply::new(200, &[], "<html>"), not_opa).await;
    assert_error(
        Reply::new(200, &[], "[]"),
        "the answer is not one of OPA (invalid length 0, expected struct Document with 2 elements at line 1 column 2)",
    )
    .await;
}

#[tokio::test]
async fn an_answer_of_any_size_is_not_taken() {
    let reply = Reply::without_length(200, &[], "{").then_endless();
    assert_error(reply, "the answer is larger than 16777216 bytes").await;
}

#[tokio::test]
async fn an_opa_that_goes_away_is_unreachable() {
    let server = Server::start(|_| Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")).await;
    let error = error_of(&engine(&server)).await;
    assert!(error.starts_with("OPA gave no verdict: it cannot be reached ("), "{error}");

    let engine = engine(&server);
    drop(server);
    let error = error_of(&engine).await;
    assert!(error.starts_with("OPA gave no verdict: it cannot be reached ("), "{error}");
}

#[tokio::test]
async fn an_opa_that_hangs_is_left_after_its_time() {
    for reply in [Reply::raw(b""), Reply::without_length(200, &[], "{")] {
        let reply = reply.then_hang();
        let server = Server::start(move |_| reply.clone()).await;
        let engine = OpaEngine::new(OpaOptions { timeout: Duration::from_millis(200), ..options(&server) }).unwrap();
        assert_eq!(error_of(&engine).await, "OPA gave no verdict: it did not answer within 0.2 s");
        assert_eq!(engine.turns.available_permits(), options(&server).at_once.get());
    }
}

#[tokio::test]
async fn no_more_is_asked_at_a_time_than_opa_works_on() {
    // Two that come at the same time are two.
    let (asked, go) = (Arc::new(Semaphore::new(0)), Arc::new(Notify::new()));
    let (told, wait) = (Arc::clone(&asked), Arc::clone(&go));
    let server = Server::start(move |seen| {
        told.add_permits(1);
        result(&judged(seen)).not_before(&wait)
    })
    .await;
    let at_once = std::num::NonZero::new(2).unwrap();
    let engine = OpaEngine::new(OpaOptions { at_once, timeout: Duration::from_secs(30), ..options(&server) }).unwrap();
    let engine = Arc::new(engine);
    let mut asking = JoinSet::new();
    for _ in 0..3 {
        let (engine, input) = (Arc::clone(&engine), signed());
        asking.spawn(async move { engine.verify(input).await });
    }
    asked.acquire_many(2).await.unwrap().forget();
    // The third has no turn, so it comes only after one of the others is answered.
    assert_eq!((engine.turns.available_permits(), server.seen().len()), (0, 2));
    go.notify_one();
    asked.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn an_opa_is_well_where_it_answers_a_question_whose_answer_is_known() {
    let server =
        Server::start(|seen| if asks_the_module(seen) { result(&judged(seen)) } else { Reply::new(200, &[], "{}") })
            .await;
    assert_eq!(engine(&server).check().await, Ok(Some(module())));

    let server = Server::start(|seen| {
        let mut verdict = judged(seen);
        verdict["images"]["check.invalid/image:check"]["isSuccess"] = true.into();
        result(&verdict)
    })
    .await;
    assert_eq!(engine(&server).check().await, Err(EngineError::Wrong));

    let server = Server::start(|_| undefined()).await;
    assert_eq!(engine(&server).check().await, Err(EngineError::Opa(OpaError::NoResult)));
}
