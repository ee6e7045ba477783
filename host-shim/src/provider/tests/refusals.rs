//! Requests that are not answered, and what is said instead: always one JSON document.

use axum::body::Body;
use futures_util::stream;
use http::{Request, StatusCode};

use super::world::{MUTATE, VERIFY, World, question};

#[tokio::test]
async fn what_is_no_request_is_told_what_is_wrong_with_it() {
    let asked = World::default().start().await;
    for (body, said) in [
        ("", "the request is no ProviderRequest"),
        ("null", "the request is no ProviderRequest"),
        (&question(&["a"]).replace("v1beta1", "v3"), "unknown apiVersion"),
        (&question(&["a"]).replace("ProviderRequest", "Pod"), "unknown kind"),
        (&question(&[]).replace("[]", "[1]"), "the request is no ProviderRequest"),
    ] {
        for path in [VERIFY, MUTATE] {
            let (status, answer) = asked.ask(path, body.to_owned()).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
            let error = answer["response"]["systemError"].as_str().unwrap();
            assert!(error.starts_with(said), "{error}");
            assert_eq!(answer["response"]["items"], serde_json::json!([]));
        }
    }
}

#[tokio::test]
async fn a_body_of_ten_mebibytes_and_one_without_an_end_are_refused() {
    let asked = World::default().start().await;
    let (status, answer) = asked.ask(VERIFY, vec![b' '; 10 << 20]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer["response"]["systemError"], "the request has more than 1048576 bytes");
    let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1 << 16])));
    assert_eq!(asked.ask(VERIFY, endless).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let world = World { verify_deadline: std::time::Duration::from_millis(200), ..World::default() };
    let asked = world.start().await;
    let never = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (status, answer) = asked.ask(VERIFY, never).await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer["response"]["systemError"], "the request did not arrive in time");
}

#[tokio::test]
async fn ten_thousand_keys_are_refused_and_a_thousand_are_answered() {
    let asked = World::default().start().await;
    let keys: Vec<_> = (0..10_000).map(|number| format!("UPPER{number}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    assert_eq!(asked.ask(VERIFY, question(&keys)).await.0, StatusCode::BAD_REQUEST);
    let response = asked.keys(VERIFY, &keys[..1_000]).await;
    assert_eq!(response["items"].as_array().unwrap().len(), 1_000);
}

#[tokio::test]
async fn other_paths_and_methods_are_told_where_to_go() {
    let asked = World::default().start().await;
    let (status, answer) = asked.ask("/", "").await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::NOT_FOUND, &"NOT_FOUND".into()));
    let (status, answer) = asked.send(Request::get(VERIFY).body(Body::empty()).unwrap()).await;
    assert_eq!(
        (status, &answer["error"]["message"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"only POST is answered here".into())
    );
}
