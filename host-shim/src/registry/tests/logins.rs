//! Logging in: what is shown to whom, how often, and what comes of a login that is refused.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::registry::credentials::{Helpers, PullSecret};

pub(super) const PASSWORD: &str = "pass:word-7f3";
/// `alice:pass:word-7f3`
const ALICE: &str = "Basic YWxpY2U6cGFzczp3b3JkLTdmMw==";

/// The pull secret of a server with these members of its entry.
pub(super) fn keychain(server: &Server, entry: &str) -> Keychain {
    of_entries(&[(&server.host(), entry)])
}

/// A pull secret with these entries.
pub(super) fn of_entries(entries: &[(&str, &str)]) -> Keychain {
    let entries: Vec<_> = entries.iter().map(|(key, entry)| format!(r#""{key}":{{{entry}}}"#)).collect();
    let text = format!(r#"{{"auths":{{{}}}}}"#, entries.join(","));
    Keychain::of_secret(text.as_bytes(), PullSecret::DockerConfigJson, "secret test/login").unwrap()
}

pub(super) fn alice() -> String {
    format!(r#""username":"alice","password":"{PASSWORD}""#)
}

pub(super) fn logged_in(keychain: Keychain) -> Registries {
    Registries::new(RegistryOptions { plain_http: PlainHttp::Always, keychain, ..Default::default() }).unwrap()
}

/// A challenge to get a token from the server that was asked.
pub(super) fn challenge(seen: &Seen) -> Reply {
    challenge_for(&format!("http://{}/token", seen.header("host").unwrap()))
}

pub(super) fn challenge_for(realm: &str) -> Reply {
    let challenge = format!(r#"Bearer realm="{realm}",service="test, one",scope="repository:other:push,pull""#);
    Reply::new(401, &[("www-authenticate", &challenge)], "")
}

pub(super) fn token(text: &str) -> Reply {
    Reply::new(200, &[("content-type", "application/json")], format!(r#"{{"token":"{text}"}}"#))
}

pub(super) fn authorization(seen: &Seen) -> Option<&str> {
    seen.header("authorization")
}

pub(super) async fn resolve(registries: &Registries, server: &Server) -> Result<Descriptor<'static>, FetchError> {
    resolve_of(registries, &image(server, ":v1")).await
}

pub(super) async fn resolve_of(registries: &Registries, image: &Reference) -> Result<Descriptor<'static>, FetchError> {
    registries.repository(image).resolve(image, &allowance(ample())).await
}

/// A registry that takes the token `t1`, which its service gives to all.
async fn with_tokens() -> Server {
    Server::start(|seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (_, Some("Bearer t1")) => manifest_reply(CONTENT),
        _ => challenge(seen),
    })
    .await
}

/// What was asked, with what came along to prove who asks.
pub(super) fn conversation(server: &Server) -> Vec<String> {
    let line = |seen: &Seen| {
        let authorization = authorization(seen).map(|value| format!(" [{value}]")).unwrap_or_default();
        format!("{} {}{authorization}", seen.method, seen.path())
    };
    server.seen().iter().map(line).collect()
}

#[tokio::test]
async fn a_user_and_password_are_shown_after_they_were_asked_for() {
    let server = Server::start(|seen| match authorization(seen) {
        Some(ALICE) => manifest_reply(CONTENT),
        _ => Reply::new(401, &[("www-authenticate", r#"Basic realm="r""#)], ""),
    })
    .await;
    let registries = logged_in(keychain(&server, &alice()));
    assert!(resolve(&registries, &server).await.is_ok());
    assert!(resolve(&registries, &server).await.is_ok());
    let asked = "GET /v2/app/manifests/v1";
    let with_login = format!("{asked} [{ALICE}]");
    assert_eq!(conversation(&server), [asked, &with_login, &with_login]);
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_password_and_for_the_right_to_pull_alone() {
    let server = with_tokens().await;
    assert!(resolve(&logged_in(keychain(&server, &alice())), &server).await.is_ok());
    let asked = "GET /v2/app/manifests/v1";
    assert_eq!(conversation(&server), [asked, &format!("GET /token [{ALICE}]"), &format!("{asked} [Bearer t1]")]);
    assert_eq!(server.seen()[1].target, "/token?service=test%2C+one&scope=repository%3Aapp%3Apull");
}

#[tokio::test]
async fn a_scope_in_the_query_of_the_realm_is_not_asked_for_either() {
    let server = Server::start(|seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (_, Some("Bearer t1")) => manifest_reply(CONTENT),
        _ => {
            let host = seen.header("host").unwrap();
            let realm = format!("http://{host}/token?a=b&scope=repository:other:push&scope=registry:catalog:*");
            challenge_for(&realm)
        }
    })
    .await;
    for entry in [alice(), r#""identitytoken":"id-1""#.to_owned()] {
        assert!(resolve(&logged_in(keychain(&server, &entry)), &server).await.is_ok());
    }
    let seen = server.seen();
    assert_eq!(seen[1].target, "/token?a=b&service=test%2C+one&scope=repository%3Aapp%3Apull");
    assert_eq!((seen[4].method.as_str(), seen[4].target.as_str()), ("POST", "/token?a=b"));
}

#[tokio::test]
async fn an_identity_token_is_posted_as_a_refresh_token() {
    let server = with_tokens().await;
    let registries = logged_in(keychain(&server, r#""identitytoken":"id-1&x=y""#));
    assert!(resolve(&registries, &server).await.is_ok());
    let seen = &server.seen()[1];
    assert_eq!((seen.method.as_str(), seen.target.as_str(), authorization(seen)), ("POST", "/token", None));
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    let expected = "grant_type=refresh_token&client_id=image-integrity&scope=repository%3Aapp%3Apull\
                    &refresh_token=id-1%26x%3Dy&service=test%2C+one";
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn a_service_that_knows_no_post_is_asked_with_get() {
    for status in [404, 405] {
        let server = Server::start(move |seen| match (seen.method.as_str(), seen.path(), authorization(seen)) {
            ("POST", ..) => Reply::new(status, &[], ""),
            (_, "/token", _) => token("t1"),
            (_, _, Some("Bearer t1")) => manifest_reply(CONTENT),
            _ => challenge(seen),
        })
        .await;
        assert!(resolve(&logged_in(keychain(&server, r#""identitytoken":"id-1""#)), &server).await.is_ok());
        // `:id-1`
        assert_eq!(conversation(&server)[1..3], ["POST /token", "GET /token [Basic OmlkLTE=]"]);
    }
}

#[tokio::test]
async fn a_registry_token_is_used_as_it_is() {
    let server = Server::start(|seen| match authorization(seen) {
        Some("Bearer r1") => manifest_reply(CONTENT),
        _ => challenge(seen),
    })
    .await;
    assert!(resolve(&logged_in(keychain(&server, r#""registrytoken":"r1""#)), &server).await.is_ok());
    let asked = "GET /v2/app/manifests/v1";
    assert_eq!(conversation(&server), [asked, &format!("{asked} [Bearer r1]")]);
}

#[tokio::test]
async fn a_token_by_its_other_name_counts_where_there_is_none_by_the_first() {
    for body in
        [r#"{"access_token":"t1"}"#, r#"{"token":"","access_token":"t1"}"#, r#"{"token":"t1","access_token":"t2"}"#]
    {
        let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
            ("/token", _) => Reply::new(200, &[], body),
            (_, Some("Bearer t1")) => manifest_reply(CONTENT),
            _ => challenge(seen),
        })
        .await;
        assert!(resolve(&plain(), &server).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn without_a_credential_a_token_for_everybody_is_asked_for() {
    let server = with_tokens().await;
    assert!(resolve(&plain(), &server).await.is_ok());
    assert_eq!(conversation(&server)[1], "GET /token");
}

#[tokio::test]
async fn bearer_is_answered_where_basic_is_offered_too() {
    for (first, second) in [("Bearer", "Basic"), ("Basic", "Bearer")] {
        for headers in [1, 2] {
            let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
                ("/token", _) => token("t1"),
                (_, Some("Bearer t1")) => manifest_reply(CONTENT),
                _ => {
                    let host = seen.header("host").unwrap();
                    let realm = |scheme| match scheme {
                        "Bearer" => format!(r#"Bearer realm="http://{host}/token""#),
                        _ => r#"Basic realm="a, Bearer b""#.to_owned(),
                    };
                    let (first, second) = (realm(first), realm(second));
                    let name = "www-authenticate";
                    match headers {
                        1 => Reply::new(401, &[(name, &format!("{first}, {second}"))], ""),
                        _ => Reply::new(401, &[(name, &first), (name, &second)], ""),
                    }
                }
            })
            .await;
            assert!(resolve(&logged_in(keychain(&server, &alice())), &server).await.is_ok());
            assert_eq!(server.paths()[1], "/token");
        }
    }
}

/// Two credentials for a server, the second with a longer key.
pub(super) fn two(server: &Server) -> Keychain {
    let app = format!("{}/app", server.host());
    of_entries(&[
        (&server.host(), r#""username":"second","password":"secret-2""#),
        (&app, r#""username":"first","password":"secret-1""#),
    ])
}

#[tokio::test]
async fn credentials_are_tried_in_turn_at_the_registry() {
    // `second:secret-2`
    let accepted = "Basic c2Vjb25kOnNlY3JldC0y";
    let server = Server::start(move |seen| match authorization(seen) {
        Some(value) if value == accepted => manifest_reply(CONTENT),
        _ => Reply::new(401, &[("www-authenticate", "Basic")], ""),
    })
    .await;
    assert!(resolve(&logged_in(two(&server)), &server).await.is_ok());
    let tried: Vec<_> = server.seen().iter().map(|seen| authorization(seen).map(str::to_owned)).collect();
    assert_eq!(tried[0], None);
    assert_eq!(tried[1].as_deref(), Some("Basic Zmlyc3Q6c2VjcmV0LTE="));
    assert_eq!(tried[2].as_deref(), Some(accepted));
    assert_eq!(tried.len(), 3);
}

#[tokio::test]
async fn a_login_that_is_taken_and_has_no_right_is_forbidden_and_not_refused() {
    let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (_, None) => challenge(seen),
        _ => Reply::new(403, &[], ""),
    })
    .await;
    assert_eq!(code_of(resolve(&logged_in(two(&server)), &server).await), Code::RegistryForbidden);
    assert_eq!(server.paths().iter().filter(|path| *path == "/token").count(), 2);
}

#[tokio::test]
async fn where_all_credentials_are_refused_each_is_named_and_nothing_is_asked_without_one() {
    for at_the_service in [true, false] {
        let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
            ("/token", Some(_)) if at_the_service => {
                Reply::new(401, &[], r#"{"errors":[{"code":"DENIED","message":"not secret-1"}]}"#)
            }
            ("/token", _) => token("t1"),
            _ => challenge(seen),
        })
        .await;
        let error = resolve(&logged_in(two(&server)), &server).await.unwrap_err();
        assert_eq!(error.code(), Code::RegistryLoginFailed);
        let told = error.to_string();
        let host = server.host();
        let found_in = |key: &str| format!(r#"secret test/login: auths["{key}"]: the "#);
        let (first, second) = (found_in(&format!("{host}/app")), found_in(&host));
        assert!(told.contains(&first) && told.contains(&second), "{told}");
        for secret in ["secret-1", "secret-2", "t1", "Zmlyc3Q6c2VjcmV0LTE=", "c2Vjb25kOnNlY3JldC0y"] {
            assert!(!format!("{told} {error:?}").contains(secret), "{secret}: {told}");
        }
        let seen = server.seen();
        assert_eq!(authorization(&seen[0]), None);
        assert!(seen[1..].iter().all(|seen| authorization(seen).is_some()), "{:?}", conversation(&server));
        assert_eq!(server.paths().iter().filter(|path| *path == "/token").count(), 2);
    }
}

#[tokio::test]
async fn where_there_is_no_credential_that_is_what_is_told() {
    let basic = Reply::new(401, &[("www-authenticate", "Basic")], "");
    let error = resolve(&plain(), &Server::start(move |_| basic.clone()).await).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnauthorized);
    assert!(error.to_string().ends_with("it asks for a login, and no credential for it is configured"), "{error}");

    for (service, requests) in [(Reply::new(401, &[], ""), 2), (token("t1"), 3)] {
        let server = Server::start(move |seen| if seen.path() == "/token" { service.clone() } else { challenge(seen) });
        let server = server.await;
        let error = resolve(&plain(), &server).await.unwrap_err();
        assert_eq!((error.code(), server.seen().len()), (Code::RegistryUnauthorized, requests), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_wants_no_login_is_shown_none() {
    let server = Server::start(|_| manifest_reply(CONTENT)).await;
    assert!(resolve(&logged_in(keychain(&server, &alice())), &server).await.is_ok());
    assert_eq!(conversation(&server), ["GET /v2/app/manifests/v1"]);
}

#[tokio::test]
async fn a_token_is_kept_for_its_repository_and_for_no_other() {
    let server = with_tokens().await;
    let registries = logged_in(keychain(&server, &alice()));
    let of = |name: &str| -> Reference { format!("{}/{name}:v1", server.host()).parse().unwrap() };
    for name in ["app", "app", "app/part", "app"] {
        assert!(resolve_of(&registries, &of(name)).await.is_ok());
    }
    let scopes: Vec<_> =
        server.seen().into_iter().filter(|seen| seen.path() == "/token").map(|seen| seen.target).collect();
    assert_eq!(scopes.len(), 2, "{scopes:?}");
    assert!(scopes[0].ends_with("scope=repository%3Aapp%3Apull"), "{scopes:?}");
    assert!(scopes[1].ends_with("scope=repository%3Aapp%2Fpart%3Apull"), "{scopes:?}");
    // Nothing of the first repository's login is shown for the second.
    let first_of_other = server.seen().into_iter().find(|seen| seen.path().contains("/part/")).unwrap();
    assert_eq!(authorization(&first_of_other), None);
}

#[tokio::test]
async fn a_token_that_counts_no_longer_is_renewed_once() {
    let given = AtomicUsize::new(0);
    let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token(&format!("t{}", given.fetch_add(1, Ordering::SeqCst) + 1)),
        ("/v2/app/manifests/v1", Some("Bearer t1")) | ("/v2/app/manifests/v2", Some("Bearer t2")) => {
            manifest_reply(CONTENT)
        }
        _ => challenge(seen),
    })
    .await;
    let registries = logged_in(keychain(&server, &alice()));
    assert!(resolve(&registries, &server).await.is_ok());
    assert!(resolve_of(&registries, &image(&server, ":v2")).await.is_ok());
    let asked = "GET /v2/app/manifests/v2";
    let (token, [old, new]) = (format!("GET /token [{ALICE}]"), ["t1", "t2"].map(|t| format!("{asked} [Bearer {t}]")));
    assert_eq!(conversation(&server)[3..], [old, token, new]);

    // One that is never taken is not asked for again and again.
    let before = server.seen().len();
    let error = resolve_of(&registries, &image(&server, ":v3")).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len() - before), (Code::RegistryLoginFailed, 3), "{error}");
}

#[tokio::test]
async fn a_challenge_that_cannot_be_answered_is_told() {
    for (value, told) in [("Negotiate", "neither Bearer nor Basic"), ("Bearer realm=", "not well-formed")] {
        let server = Server::start(move |_| Reply::new(401, &[("www-authenticate", value)], "")).await;
        let error = resolve(&logged_in(keychain(&server, &alice())), &server).await.unwrap_err();
        assert_eq!(error.code(), Code::RegistryResponseInvalid);
        assert!(error.to_string().contains(told), "{error}");
        assert!(server.seen().iter().all(|seen| authorization(seen).is_none()));
    }
}

#[tokio::test]
async fn a_helper_that_may_not_run_is_an_error_and_nothing_is_asked_without_it() {
    let server = with_tokens().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, r#"{"credsStore":"test"}"#).unwrap();
    let keychain = Keychain::load(&path, Helpers::Refuse).unwrap();
    assert_eq!(code_of(resolve(&logged_in(keychain), &server).await), Code::CredentialUnavailable);
    assert_eq!(server.seen().len(), 1, "only the question whether a login is wanted");
}

#[tokio::test]
async fn a_login_is_not_shown_to_where_a_blob_is_stored() {
    // R8: the headers of a request stay with its origin.
    let storage = Server::start(|_| Reply::new(200, &[], CONTENT)).await;
    let to = format!("http://{}/blob", storage.host());
    let server = Server::start(move |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (_, Some("Bearer t1")) => Reply::new(307, &[("location", &to)], ""),
        _ => challenge(seen),
    })
    .await;
    let registries = logged_in(keychain(&server, &alice()));
    let image = image(&server, "");
    let blob = registries.repository(&image).blob(&digest_of(CONTENT), size_of(CONTENT), &allowance(ample())).await;
    assert!(blob.is_ok());
    assert_eq!(conversation(&storage), ["GET /blob"]);
}

#[tokio::test]
async fn what_shows_registries_for_debugging_shows_no_secret() {
    let server = with_tokens().await;
    let registries = logged_in(keychain(&server, &alice()));
    assert!(resolve(&registries, &server).await.is_ok());
    let shown = format!("{registries:?} {:?}", registries.repository(&image(&server, "")));
    for secret in [PASSWORD, "t1\"", "Bearer t1", ALICE] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn an_image_that_one_credential_does_not_see_another_may() {
    // Registries hide what one may not pull.
    let second = "Basic c2Vjb25kOnNlY3JldC0y";
    let server = Server::start(move |seen| match authorization(seen) {
        None => Reply::new(401, &[("www-authenticate", "Basic")], ""),
        Some(value) if value == second => manifest_reply(CONTENT),
        Some(_) => not_found("MANIFEST_UNKNOWN"),
    })
    .await;
    assert!(resolve(&logged_in(two(&server)), &server).await.is_ok(), "{:?}", conversation(&server));
}

#[tokio::test]
async fn a_storage_that_asks_for_a_login_is_not_the_registry() {
    let storage = Server::start(|_| Reply::new(401, &[("www-authenticate", "Basic")], "")).await;
    let to = format!("http://{}/blob", storage.host());
    let server = Server::start(move |seen| match authorization(seen) {
        Some(ALICE) => Reply::new(307, &[("location", &to)], ""),
        _ => Reply::new(401, &[("www-authenticate", "Basic")], ""),
    })
    .await;
    let registries = logged_in(keychain(&server, &alice()));
    let outcome = registries.repository(&image(&server, "")).blob(&digest_of("x"), 1, &allowance(ample())).await;
    assert_eq!(code_of(outcome), Code::RegistryUnauthorized);
    assert_eq!(storage.seen().len(), 1);
    assert!(authorization(&storage.seen()[0]).is_none());
}
