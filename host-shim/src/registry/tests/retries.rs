//! Trying again: where it may help and there is time, three times at most, and not where somebody else can be asked. And what is remembered of a registry.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{logins::resolve, *};

/// A server that gives these answers one after another, the last one again and again.
async fn in_turn(replies: Vec<Reply>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start(move |_| replies[next.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1)].clone()).await
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    for (status, headers) in [(429, &[("retry-after", "0")][..]), (503, &[]), (502, &[]), (504, &[])] {
        let server = in_turn(vec![Reply::new(status, headers, ""), manifest_reply(CONTENT)]).await;
        assert!(resolve(&plain(), &server).await.is_ok(), "{status}");
        assert_eq!(server.seen().len(), 2);
    }
    let server = in_turn(vec![Reply::raw(b""), Reply::raw(b""), manifest_reply(CONTENT)]).await;
    assert!(resolve(&plain(), &server).await.is_ok(), "a connection that breaks off");
}

#[tokio::test]
async fn what_does_not_pass_is_asked_three_times() {
    // R6: the error keeps its code.
    for (reply, code) in [
        (Reply::new(429, &[], ""), Code::RegistryThrottled),
        (Reply::new(503, &[], ""), Code::RegistryUnavailable),
        (Reply::raw(b""), Code::RegistryUnavailable),
    ] {
        let server = in_turn(vec![reply]).await;
        assert_eq!(code_of(resolve(&plain(), &server).await), code);
        assert_eq!(server.seen().len(), 3);
    }
    for status in [400, 403, 404, 500] {
        let server = in_turn(vec![Reply::new(status, &[], "")]).await;
        assert!(resolve(&plain(), &server).await.is_err());
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_registry_that_asks_for_more_time_than_there_is_is_left_at_once() {
    let server = in_turn(vec![Reply::new(429, &[("retry-after", "40")], "")]).await;
    let started = std::time::Instant::now();
    let error = resolve(&plain(), &server).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), (Code::RegistryThrottled, 1));
    assert!(error.to_string().ends_with("429 Too Many Requests, and asks to wait 40 s"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20), "of the thirty that there were");
}

#[tokio::test]
async fn a_token_service_is_asked_again_too() {
    let given = AtomicUsize::new(0);
    let server = Server::start(move |seen| match (seen.path(), seen.header("authorization")) {
        ("/token", _) if given.fetch_add(1, Ordering::SeqCst) == 0 => Reply::new(503, &[], ""),
        ("/token", _) => super::logins::token("t1"),
        (_, Some("Bearer t1")) => manifest_reply(CONTENT),
        _ => super::logins::challenge(seen),
    })
    .await;
    assert!(resolve(&plain(), &server).await.is_ok());
    assert_eq!(server.seen().len(), 4);
}

/// The paths that two images of a registry are asked for, which has this in place of the referrers API, and may have the fallback tag.
async fn paths_of_two(lacking: Reply, tag: Reply) -> Vec<String> {
    let server = Server::start(move |seen| match seen.path() {
        path if path.contains("/referrers/") => lacking.clone(),
        _ => tag.clone(),
    })
    .await;
    let (registries, image) = (plain(), image(&server, ""));
    for subject in ["a", "b"] {
        let repository = registries.repository(&image);
        let listing = repository.referrers(&digest_of(subject), &WantedTypes::Every, &allowance(ample())).await;
        assert!(listing.unwrap().referrers.is_empty());
    }
    let kind = |path: &String| if path.contains("/referrers/") { "api" } else { "tag" }.to_owned();
    server.paths().iter().map(kind).collect()
}

#[tokio::test]
async fn a_registry_without_the_referrers_api_is_asked_for_the_tag_first_from_then_on() {
    let tag = page("[]", &[]);
    for lacking in [Reply::new(404, &[], "404 page not found"), not_found("UNSUPPORTED"), Reply::new(405, &[], "")] {
        assert_eq!(paths_of_two(lacking, tag.clone()).await, ["api", "tag", "tag"]);
    }
    assert_eq!(paths_of_two(not_found("MANIFEST_UNKNOWN"), tag).await, ["api", "tag", "api", "tag"]);
}

#[tokio::test]
async fn that_there_is_nothing_is_never_told_from_memory() {
    // R6: what answered 404 may have been a proxy before the registry, or the path of another image.
    let lacking = Reply::new(404, &[], "404 page not found");
    assert_eq!(paths_of_two(lacking, not_found("MANIFEST_UNKNOWN")).await, ["api", "tag", "tag", "api"]);
}

#[tokio::test]
async fn a_storage_that_has_lost_the_list_has_not_said_that_there_is_none() {
    // R6: the registry says that the tag is there.
    let storage = Server::start(|_| Reply::new(404, &[], "")).await;
    let to = format!("http://{}/lost", storage.host());
    let server = Server::start(move |seen| match seen.path() {
        path if path.contains("/referrers/") => not_found("UNSUPPORTED"),
        _ => Reply::new(307, &[("location", &to)], ""),
    })
    .await;
    let (registries, image) = (plain(), image(&server, ""));
    let repository = registries.repository(&image);
    let listing = repository.referrers(&digest_of("a"), &WantedTypes::Every, &allowance(ample())).await;
    assert_eq!(code_of(listing), Code::ImageNotFound);
}

#[tokio::test]
async fn no_error_of_the_referrers_api_is_remembered() {
    // R6: only that there is no such API is kept, never an error as "none".
    for status in [401, 403, 500] {
        let first = AtomicUsize::new(0);
        let server = Server::start(move |_| match first.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::new(status, &[], ""),
            _ => page("[]", &[]),
        })
        .await;
        let (registries, image) = (plain(), image(&server, ""));
        let list = async || {
            let repository = registries.repository(&image);
            repository.referrers(&digest_of(""), &WantedTypes::Every, &allowance(ample())).await
        };
        assert!(list().await.is_err(), "{status}");
        assert!(list().await.is_ok(), "{status}");
        assert!(server.paths().iter().all(|path| path.contains("/referrers/")), "{:?}", server.paths());
    }
}
