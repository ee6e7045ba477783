//! What is answered to Gatekeeper and to our own users.

use serde_json::{Value, json};

use super::world::{AT_ONCE, MUTATE, VERIFY, World, client, error, item};
use crate::testing::registry::{demo, demo_layout, image, plain_demo};
use crate::testing::server::{Reply, Server};

#[tokio::test]
async fn a_signed_image_is_verified_and_an_unsigned_one_is_not_under_the_spelling_that_was_asked_for() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let (signed, unsigned) =
        (format!("{}/app:signed", server.host()), format!("[team-a]{}/app:unsigned", server.host()));
    let response = asked.keys(VERIFY, &[&signed, &unsigned]).await;
    assert_eq!((error(&response), &response["idempotent"]), ("", &Value::Bool(false)));
    let good = &item(&response, &signed)["value"];
    assert_eq!(
        (&good["isSuccess"], &good["code"], &good["version"]),
        (&true.into(), &"VERIFIED".into(), &"0.2.0".into())
    );
    let report = &good["verifierReports"][0];
    assert_eq!(
        (&report["isSuccess"], &report["type"], &report["name"]),
        (&true.into(), &"notation".into(), &report["verifierName"])
    );
    assert!(report["extensions"]["Issuer"].as_str().unwrap().contains("O=acme"), "{report}");
    assert_eq!(good["traceID"].as_str().unwrap().len(), 32);
    let bad = &item(&response, &unsigned)["value"];
    assert_eq!((&bad["isSuccess"], &bad["code"]), (&false.into(), &"SIGNATURE_NOT_FOUND".into()));
    assert!(bad["remediation"].as_str().unwrap().starts_with("Sign the image"));
    // The native engine is no module, and a template that names one denies.
    assert_eq!(bad.get("moduleDigest"), None);
}

#[tokio::test]
async fn a_key_that_is_no_image_is_denied_with_its_reason_and_costs_the_others_nothing() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let good = format!("{}/app:signed", server.host());
    for (key, reason) in [
        ("", "is empty"),
        ("UPPER", "has upper-case letters"),
        ("[team-a]", "is empty"),
        ("[team-a][team-b]a", "has an IPv6 address"),
        ("[Team]a", "begins with brackets that hold no namespace"),
        ("a\u{7}b", "holds a character that no reference may hold"),
        ("a\u{202e}b", "holds a character that no reference may hold"),
        ("[::1]:5000/a", "begins with brackets that hold no namespace"),
        ("[team-a][::1]:5000/a", "has an IPv6 address"),
        (&"a".repeat(4096), "has 4096 bytes"),
    ] {
        let response = asked.keys(VERIFY, &[key, &good]).await;
        let value = &item(&response, key)["value"];
        assert_eq!((&value["isSuccess"], &value["code"]), (&false.into(), &"REFERENCE_INVALID".into()), "{key:?}");
        assert_eq!(item(&response, &good)["value"]["code"], "VERIFIED", "{key:?}");
        let message = value["message"].as_str().unwrap();
        assert!(message.contains(reason), "{key:?}: {message}");
        assert!(message.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{message:?}");
    }
}

#[tokio::test]
async fn what_is_not_decided_in_time_is_named_and_the_rest_is_answered() {
    let good = plain_demo().await;
    let hanging = Server::start(|_| Reply::raw(b"").then_hang()).await;
    let world = World { verify_deadline: std::time::Duration::from_millis(1_500), ..World::default() };
    let asked = world.start().await;
    let (slow, signed) = (format!("{}/app:signed", hanging.host()), format!("{}/app:signed", good.host()));
    let response = asked.keys(VERIFY, &[&slow, &signed]).await;
    assert_eq!(item(&response, &signed)["value"]["code"], "VERIFIED");
    assert_eq!(item(&response, &slow), &Value::Null);
    assert_eq!(
        error(&response),
        format!("{slow}: REGISTRY_TIMEOUT: it is still being fetched; the next question may find it done")
    );
}

#[tokio::test]
async fn a_registry_that_hangs_costs_the_images_of_another_nothing_however_many_are_asked_about() {
    let (good, hanging) = (plain_demo().await, Server::start(|_| Reply::raw(b"").then_hang()).await);
    let world = World { verify_deadline: std::time::Duration::from_millis(1_500), ..World::default() };
    let asked = world.start().await;
    let signed = format!("{}/app:signed", good.host());
    let keys: Vec<_> = (0..4 * AT_ONCE).map(|at| format!("{}/app:{at}", hanging.host())).collect();
    let keys: Vec<_> = keys.iter().chain([&signed]).map(String::as_str).collect();
    let response = asked.keys(VERIFY, &keys).await;
    assert_eq!(item(&response, &signed)["value"]["code"], "VERIFIED", "{response}");
    assert_eq!(response["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_registry_that_fails_is_named_and_never_kept_by_gatekeeper() {
    let server = Server::start(|_| Reply::new(503, &[], "")).await;
    let world = World { damped_for: std::time::Duration::from_mins(1), ..World::default() };
    let asked = world.start().await;
    let key = format!("{}/app:signed", server.host());
    let response = asked.keys(VERIFY, &[&key]).await;
    assert_eq!(item(&response, &key), &Value::Null);
    assert!(error(&response).starts_with(&format!("{key}: REGISTRY_UNAVAILABLE: ")), "{response}");
}

#[tokio::test]
async fn a_mutation_gives_the_digest_of_a_tag_and_leaves_a_digest_as_it_is() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let digest = demo_layout().select(crate::reference::Selector::tag("signed").as_ref()).unwrap().subject.digest;
    let (tag, by_digest) = (format!("{}/app:signed", server.host()), format!("{}/app@{digest}", server.host()));
    let missing = format!("{}/app:missing", server.host());
    let response = asked.keys(MUTATE, &[&tag, &by_digest, &missing]).await;
    assert_eq!((&response["idempotent"], error(&response)), (&true.into(), ""));
    assert_eq!(item(&response, &tag)["value"], by_digest.as_str());
    assert_eq!(item(&response, &by_digest)["value"], by_digest.as_str());
    assert!(item(&response, &missing)["error"].as_str().unwrap().starts_with("IMAGE_NOT_FOUND: "));
    assert_eq!(server.seen().len(), 2, "{:?}", server.paths());
}

#[tokio::test]
async fn our_own_users_get_the_verdict_of_the_contract() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let (signed, unknown) = (format!("{}/app:signed", server.host()), "UPPER");
    let body = json!({ "images": [signed, unknown] }).to_string();
    let (_, answer) = asked.ask_as(client("opa"), "/v1/verify", body).await;
    assert_eq!(answer["apiVersion"], "image-integrity/v1");
    assert_eq!(answer["images"][&signed]["code"], "VERIFIED");
    assert!(answer["images"][&signed]["verifierReports"][0]["checks"].is_array());
    assert_eq!(
        (&answer["images"][unknown]["isSuccess"], &answer["images"][unknown]["code"]),
        (&false.into(), &"REFERENCE_INVALID".into())
    );
}

#[tokio::test]
async fn evidence_becomes_the_same_verdict_when_configuration_and_time_are_added() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let names = ["signed", "unsigned", "missing"].map(|tag| format!("{}/app:{tag}", server.host()));
    let body = json!({ "images": [names[0], names[1], names[2], "UPPER"], "namespace": "team-a" }).to_string();
    let (_, answer) = asked.ask_as(client("opa"), "/v1/evidence", body).await;
    let mut input = answer["input"].clone();
    for absent in ["config", "now", "requestId"] {
        assert_eq!(input.get(absent), None, "{absent}");
    }
    input["now"] = "2026-11-24T12:00:00Z".into();
    input["config"] = serde_json::to_value(crate::testing::demo_config()).unwrap();
    let verdict: Value = serde_json::from_slice(&wasm_policy::verify(input.to_string().as_bytes())).unwrap();
    let code = |name: &str| verdict["images"][answer["names"][name].as_str().unwrap()]["code"].clone();
    assert_eq!(
        [code(&names[0]), code(&names[1]), code(&names[2]), code("UPPER")],
        ["VERIFIED", "SIGNATURE_NOT_FOUND", "IMAGE_NOT_FOUND", "REFERENCE_INVALID"]
    );
}

#[tokio::test]
async fn evidence_is_fetched_for_the_configuration_that_the_caller_trusts() {
    // The server's own looks at no such type.
    let server = demo(|_| None).await;
    let config = std::fs::read_to_string(crate::testing::fixture("demo/verify-config.yaml")).unwrap();
    let config = config.replace("application/vnd.cncf.notary.signature", "application/vnd.example");
    let asked = World { config, ..World::default() }.start().await;
    let signed = image(&server, ":signed").to_string();
    let fetched = async |body: Value| {
        let (_, answer) = asked.ask_as(client("opa"), "/v1/evidence", body.to_string()).await;
        answer["input"]["blobs"].as_object().map_or(0, serde_json::Map::len)
    };
    assert_eq!(fetched(json!({ "images": [signed] })).await, 0);
    assert_eq!(fetched(json!({ "images": [signed], "config": crate::testing::demo_config() })).await, 2);
}
