//! A rule of the user's over the verdict.

use super::*;

const IMAGE_OF_TWO: &str = "registry.example/other:v1";

fn rule() -> DecisionPath {
    "acme/images/decision".parse().unwrap()
}

/// An OPA whose rule gives the module's verdict with this change, or is undefined.
async fn opa(change: impl Fn(&mut Value) -> Option<()> + Send + Sync + 'static) -> (Server, OpaEngine) {
    let server = Server::start(move |seen| {
        let mut verdict = judged(seen);
        if asks_the_module(seen) {
            return result(&verdict);
        }
        assert_eq!(seen.target, "/v1/data/acme/images/decision?provenance=true");
        match change(&mut verdict) {
            Some(()) => result(&verdict),
            None => undefined(),
        }
    })
    .await;
    let engine = with_rule(&server);
    (server, engine)
}

fn with_rule(server: &Server) -> OpaEngine {
    let options = OpaOptions { decision: Some(rule()), timeout: Duration::from_secs(30), ..options(server) };
    OpaEngine::new(options).unwrap()
}

fn only_image(verdict: &mut Value) -> &mut Value {
    verdict["images"].as_object_mut().unwrap().values_mut().next().unwrap()
}

/// The verdict on a signed image.
async fn narrowed(change: impl Fn(&mut Value) -> Option<()> + Send + Sync + 'static) -> Value {
    let (_server, engine) = opa(change).await;
    let judgement = engine.verify(signed()).await.unwrap();
    assert_eq!(judgement.module, Some(module()));
    let verdict: Value = serde_json::from_slice(&judgement.verdict).unwrap();
    assert_eq!(verdict.to_string().as_bytes(), judgement.verdict);
    verdict
}

#[tokio::test]
async fn a_rule_that_agrees_changes_no_byte() {
    let (server, engine) = opa(|_| Some(())).await;
    assert_eq!(engine.verify(signed()).await.unwrap().verdict, wasm_policy::verify(&signed()));
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_rule_that_says_no_is_a_denial_with_its_message() {
    let mut expected = verdict(&signed());
    let image = only_image(&mut expected);
    // The module's own end of the success.
    assert!(image.as_object_mut().unwrap().remove("validUntil").is_some());
    image["class"] = "denied".into();
    image["code"] = "POLICY_DENIED".into();
    image["isSuccess"] = false.into();
    image["message"] = r"the rule acme/images/decision says no: not by the\nrelease team".into();
    image["remediation"] = wasm_policy::code::Code::PolicyDenied.remediation().into();
    let verdict = narrowed(|verdict| {
        *only_image(verdict) =
            json!({ "isSuccess": false, "message": "not by the\nrelease team", "validUntil": "2030-01-01T00:00:00Z" });
        Some(())
    })
    .await;
    assert_eq!(verdict, expected);
}

#[tokio::test]
async fn a_rule_that_does_not_say_yes_says_no() {
    let no = "the rule acme/images/decision says no";
    let nothing = "the rule acme/images/decision says nothing about this image";
    let odd_time = "the rule acme/images/decision gives a validUntil that is no time, as 2026-11-23T12:00:00Z";
    for (said, expected) in [
        (json!({ "isSuccess": "true" }), no),
        (json!({ "isSuccess": 1 }), no),
        (json!({ "message": 1 }), no),
        (json!(true), no),
        (Value::Null, no),
        (json!({ "isSuccess": true, "validUntil": "soon" }), odd_time),
        (json!({ "isSuccess": true, "validUntil": 1 }), odd_time),
    ] {
        let mut verdict = narrowed(move |verdict| {
            *only_image(verdict) = said.clone();
            Some(())
        })
        .await;
        let image = only_image(&mut verdict);
        assert_eq!((&image["isSuccess"], &image["message"]), (&false.into(), &expected.into()));
    }
    for said in [
        json!({}),
        json!({ "images": {} }),
        json!({ "images": { "another": { "isSuccess": true } } }),
        json!({ "images": [] }),
        json!(true),
    ] {
        let mut verdict = narrowed(move |verdict| {
            *verdict = said.clone();
            Some(())
        })
        .await;
        let image = only_image(&mut verdict);
        assert_eq!((&image["isSuccess"], &image["message"]), (&false.into(), &nothing.into()));
    }
    let mut verdict = narrowed(|_| None).await;
    let image = only_image(&mut verdict);
    assert_eq!(
        (&image["code"], &image["message"]),
        (&"POLICY_DENIED".into(), &"the rule acme/images/decision is undefined for this input".into())
    );
}

#[tokio::test]
async fn a_rule_changes_nothing_but_the_conclusion() {
    let verdict_of_rule = narrowed(|verdict| {
        let image = only_image(verdict);
        image["subject"] = "registry.example/another@sha256:00".into();
        image["code"] = "ANOTHER".into();
        image["message"] = "better".into();
        image["verifierReports"] = json!([]);
        verdict["needs"] = json!([{ "kind": "referrers", "image": "x" }]);
        Some(())
    })
    .await;
    assert_eq!(verdict_of_rule, verdict(&signed()));
}

#[tokio::test]
async fn a_rule_ends_a_success_earlier_and_never_later() {
    for (own, earlier, expected) in [
        (None, "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (Some("2026-12-01T00:00:00Z"), "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z"),
        (Some("2026-12-01T00:00:00Z"), "2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z"),
    ] {
        let server = Server::start(move |seen| {
            let mut verdict = judged(seen);
            let until = if asks_the_module(seen) { own } else { Some(earlier) };
            match until {
                Some(until) => only_image(&mut verdict)["validUntil"] = until.into(),
                None => _ = only_image(&mut verdict).as_object_mut().unwrap().remove("validUntil"),
            }
            result(&verdict)
        })
        .await;
        let judgement = with_rule(&server).verify(signed()).await.unwrap();
        let mut verdict: Value = serde_json::from_slice(&judgement.verdict).unwrap();
        assert_eq!(only_image(&mut verdict)["validUntil"], expected);
    }
}

#[tokio::test]
async fn a_denial_stays_one_and_the_rule_is_not_asked() {
    let (server, engine) = opa(|verdict| {
        only_image(verdict)["isSuccess"] = true.into();
        Some(())
    })
    .await;
    let unsigned = unsigned();
    assert_eq!(engine.verify(unsigned.clone()).await.unwrap().verdict, wasm_policy::verify(&unsigned));
    assert_eq!(server.paths(), ["/v1/data/image_integrity/verify"]);
}

#[tokio::test]
async fn each_image_has_a_decision_of_its_own_also_while_another_still_needs_something() {
    let mut input: Value = serde_json::from_slice(&signed()).unwrap();
    let mut other = input["images"].as_object().unwrap().values().next().unwrap().clone();
    other.as_object_mut().unwrap().remove("referrers");
    input["images"][IMAGE_OF_TWO] = other;
    let (_server, engine) = opa(|verdict| {
        for image in verdict["images"].as_object_mut().unwrap().values_mut() {
            image["isSuccess"] = (image["isSuccess"] != true).into();
        }
        Some(())
    })
    .await;
    let judgement = engine.verify(input.to_string().into_bytes()).await.unwrap();
    let verdict: Value = serde_json::from_slice(&judgement.verdict).unwrap();
    let codes: Vec<_> =
        verdict["images"].as_object().unwrap().values().map(|image| image["code"].as_str().unwrap()).collect();
    assert_eq!((codes.len(), verdict["needs"].as_array().unwrap().len()), (2, 1));
    assert_eq!(verdict["images"][IMAGE_OF_TWO]["code"], "EVIDENCE_INCOMPLETE");
    assert!(codes.contains(&"POLICY_DENIED"), "{codes:?}");
    assert!(!narrow::has_success(&verdict));
}

#[tokio::test]
async fn both_answers_are_of_one_module() {
    let other = "6b".repeat(32);
    let revision = other.clone();
    let server = Server::start(move |seen| {
        let revision = if asks_the_module(seen) { digits() } else { revision.clone() };
        json_reply(200, &json!({ "result": judged(seen), "provenance": provenance(&[&revision]) }))
    })
    .await;
    let expected = format!(
        "OPA gave no verdict: the module was replaced: {} gave the verdict, and sha256:{other} was there for the decision",
        module()
    );
    assert_eq!(error_of(&with_rule(&server)).await, expected);
}

#[tokio::test]
async fn a_rule_that_breaks_is_no_success() {
    let server = Server::start(|seen| {
        if asks_the_module(seen) {
            return result(&judged(seen));
        }
        json_reply(500, &json!({ "code": "internal_error", "message": "conflict" }))
    })
    .await;
    assert_eq!(
        error_of(&with_rule(&server)).await,
        "OPA gave no verdict: it answers 500 Internal Server Error: conflict"
    );
}

#[tokio::test]
async fn an_opa_without_the_rule_is_not_well() {
    let (_server, engine) = opa(|_| Some(())).await;
    assert_eq!(engine.check().await, Ok(Some(module())));
    let (_server, engine) = opa(|_| None).await;
    let error = engine.check().await.unwrap_err();
    assert_eq!(error, EngineError::Opa(OpaError::NoDecision(rule())));
    assert_eq!(
        error.to_string(),
        "OPA gave no verdict: the rule acme/images/decision is undefined for an image without a signature: check its path, and that it answers for every input"
    );
}
