//! What is told of a request elsewhere than in its answer: lines of the log, and metrics. Whoever names an image writes neither.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tracing_subscriber::layer::SubscriberExt as _;

use super::world::{MUTATE, VERIFY, World, client, question};
use crate::{
    decisions,
    telemetry::{JsonLines, lines},
    testing::{
        log::{Log, listen_with},
        registry::plain_demo,
        server::{Reply, Server},
    },
};

/// What would be a line of its own, or look like one, where it stood in the log as it is written here.
const HOSTILE: &str =
    "\n2026-11-25T12:00:00.000000Z  INFO decided verdict=verified\r\n::error::\u{1b}[2K\u{202e}\u{2028}";

async fn ask_all_sorts() {
    let server = plain_demo().await;
    let liar = Server::start(|_| {
        let body = json!({ "errors": [{ "code": HOSTILE, "message": HOSTILE }] });
        Reply::new(403, &[("content-type", "application/json")], body.to_string())
    })
    .await;
    let asked = World::default().start().await;
    let (good, refused) = (format!("{}/app:signed", server.host()), format!("{}/app:signed", liar.host()));
    let keys = [
        good.clone(),
        refused,
        format!("{good}{HOSTILE}"),
        format!("[team-a{HOSTILE}]{good}"),
        format!("[team-a]{HOSTILE}"),
    ];
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    for path in [VERIFY, MUTATE] {
        asked.ask(path, question(&keys)).await;
        for part in ["ProviderRequest", "externaldata"] {
            let body: Value = serde_json::from_str(&question(&keys)).unwrap();
            let text = body.to_string().replace(part, &json!(HOSTILE).to_string().replace('"', ""));
            asked.ask(path, text).await;
        }
    }
    for path in ["/v1/verify", "/v1/evidence"] {
        for body in [
            json!({ "images": keys }),
            json!({ "images": [], "namespace": HOSTILE }),
            json!({ "images": [], HOSTILE: 1 }),
        ] {
            asked.ask_as(client("opa"), path, body.to_string()).await;
        }
    }
    let body = Body::from(question(&[&good]));
    let mut traced = Request::post(VERIFY).header("traceparent", "00-\"x\" decided-01").body(body).unwrap();
    traced.extensions_mut().insert(client("gatekeeper"));
    asked.send(traced).await;
}

/// The line breaks of a terminal and of Unicode, what steers a terminal, and what turns the text around it.
fn is_plain(line: &str) -> bool {
    line.chars().all(|c| !c.is_control() && !['\u{202e}', '\u{2028}'].contains(&c))
}

#[tokio::test]
async fn no_name_and_no_word_of_a_registry_writes_a_line_of_its_own_into_the_log() {
    let log = Log::default();
    let stream = log.clone();
    let subscriber = tracing_subscriber::registry().with(lines(move || stream.clone()));
    let listening = listen_with(subscriber);
    ask_all_sorts().await;
    drop(listening);
    let text = log.text();
    let (mut decided, mut refused) = (0, 0);
    for line in text.split('\n').filter(|line| !line.is_empty()) {
        assert!(is_plain(line), "{line:?}");
        let (_, told) = line.split_once("Z ").unwrap_or_else(|| panic!("{line:?}"));
        decided += usize::from(told.trim_start().starts_with("INFO decided endpoint="));
        refused += usize::from(told.trim_start().starts_with("WARN a request was refused endpoint="));
        let level = told.split_whitespace().next().unwrap();
        assert!(["TRACE", "DEBUG", "INFO", "WARN"].contains(&level), "{line:?}");
    }
    // Five keys of Gatekeeper's and five names of our own user's, and the one with a trace; two documents twice, and two twice.
    assert_eq!((decided, refused), (11, 8), "{text}");
}

#[tokio::test]
async fn a_line_in_json_is_one_object_whatever_is_told() {
    let log = Log::default();
    let stream = log.clone();
    let subscriber = tracing_subscriber::registry().with(JsonLines(move || stream.clone()));
    let listening = listen_with(subscriber);
    ask_all_sorts().await;
    drop(listening);
    let mut told = BTreeSet::new();
    for line in log.text().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        for (name, value) in line.as_object().unwrap() {
            assert!(value.as_str().is_none_or(is_plain), "{name}: {value}");
        }
        told.insert(line["message"].as_str().unwrap_or_default().to_owned());
    }
    assert!(told.contains("decided") && told.contains("a request was refused"), "{told:?}");
}

/// The names of what is measured, with their labels.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn a_hundred_images_registries_and_namespaces_make_no_metric_more_than_one_does() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    let ask = async |number: usize| {
        let host = server.host();
        let keys = [format!("[team-{number}]{host}/app:v{number}"), format!("[team-{number}]UPPER{number}")];
        asked.keys(VERIFY, &[&keys[0], &keys[1]]).await;
        asked.keys(MUTATE, &[&keys[0], &keys[1]]).await;
        let body = json!({ "images": [keys[0].split_once(']').unwrap().1], "namespace": format!("team-{number}") });
        asked.ask_as(client("opa"), "/v1/evidence", body.to_string()).await;
        asked.ask(&format!("/path-{number}"), "").await;
    };
    ask(0).await;
    let one = series(&asked.metrics.text(decisions::now()));
    for number in 1..=100 {
        ask(number).await;
    }
    let text = asked.metrics.text(decisions::now());
    assert_eq!(series(&text).difference(&one).collect::<Vec<_>>(), Vec::<&String>::new());
    for outside in [server.host().as_str(), "team-", "UPPER", "v42", "path-", "opa"] {
        assert!(!text.contains(outside), "{outside} is in\n{text}");
    }
}
