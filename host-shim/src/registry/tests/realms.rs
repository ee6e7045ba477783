//! Token services of a hostile registry's choice (R9), and such as answer as they should not: each ends by the deadline with its own code, and no one
//! else sees the credential.

use super::{
    logins::{alice, challenge, challenge_for, keychain, logged_in, resolve, token},
    tls::World,
    *,
};

/// What comes of a registry that sends to this realm, and whether somebody logs in with a credential.
async fn sent_to(realm: &str, with_credential: bool) -> (FetchError, Server) {
    let realm = realm.to_owned();
    let server = Server::start(move |_| challenge_for(&realm)).await;
    let registries = if with_credential { logged_in(keychain(&server, &alice())) } else { plain() };
    let error = resolve(&registries, &server).await.unwrap_err();
    (error, server)
}

#[tokio::test]
async fn a_realm_on_another_host_is_sent_nothing() {
    // R9: `realm::check`. By another name this machine is another host.
    let elsewhere = Server::start(|_| token("t1")).await;
    let realm = format!("http://localhost:{}/token", elsewhere.address.port());
    for with_credential in [true, false] {
        let (error, server) = sent_to(&realm, with_credential).await;
        assert_eq!(error.code(), Code::RegistryRealmRefused, "{error}");
        assert!(error.to_string().contains(&server.host()) && error.to_string().contains("localhost"), "{error}");
        assert_eq!(server.seen().len(), 1);
    }
    let (error, _) = sent_to("https://login.example/token", true).await;
    assert_eq!(error.code(), Code::RegistryRealmRefused);
    assert!(error.to_string().contains("would be shown to another owner's host"));
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_realm_is_no_metadata_service_and_none_of_this_network() {
    // R9: `Reach::Named` and `is_inner_address` in `realm::check`.
    for realm in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/token",
        "http://[::ffff:169.254.169.254]/token",
        "http://2852039166/token",
        "http://10.0.0.7/token",
        "http://[::1]/token",
        "ftp://127.0.0.1/token",
        "http://user:s3cret@127.0.0.1/token",
    ] {
        for with_credential in [true, false] {
            let (error, server) = sent_to(realm, with_credential).await;
            assert_eq!(error.code(), Code::RegistryRealmRefused, "{realm}: {error}");
            assert_eq!(server.seen().len(), 1, "{realm}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_registry_with_tls_cannot_send_to_a_realm_without() {
    // R9: the check of the scheme in `realm::check`.
    let service = Server::start(|_| token("t1")).await;
    let realm = format!("http://{}/token", service.host());
    let world = World::of(move |_| challenge_for(&realm)).await;
    let registries =
        Registries::new(RegistryOptions { keychain: keychain(&world.server, &alice()), ..world.trusted() }).unwrap();
    let error = resolve(&registries, &world.server).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryRealmRefused);
    assert!(error.to_string().contains("which is not https"), "{error}");
    assert_eq!(service.seen().len(), 0);
}

#[tokio::test]
async fn a_request_for_a_token_is_not_redirected_to_another_origin() {
    // R8, R9: `Redirects::WithinOrigin`.
    let elsewhere = Server::start(|_| token("t1")).await;
    let to = format!("http://{}/token", elsewhere.host());
    for entry in [alice(), r#""identitytoken":"id-1""#.to_owned()] {
        let to = to.clone();
        let server = Server::start(move |seen| match seen.path() {
            "/token" => Reply::new(307, &[("location", &to)], ""),
            _ => challenge(seen),
        })
        .await;
        let error = resolve(&logged_in(keychain(&server, &entry)), &server).await.unwrap_err();
        assert_eq!(error.code(), Code::RegistryRedirectRefused, "{error}");
    }
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_request_for_a_token_goes_around_within_its_origin_four_times() {
    let server = Server::start(|seen| match seen.path() {
        "/token" => Reply::new(307, &[("location", "/token")], ""),
        _ => challenge(seen),
    })
    .await;
    let error = resolve(&logged_in(keychain(&server, &alice())), &server).await.unwrap_err();
    assert_eq!((error.code(), server.seen().len()), (Code::RegistryRedirectRefused, 5));
}

/// What comes of a service that answers so.
async fn answering(reply: Reply, deadline: Deadline) -> FetchError {
    let server = Server::start(move |seen| if seen.path() == "/token" { reply.clone() } else { challenge(seen) }).await;
    let (registries, image) = (logged_in(keychain(&server, &alice())), image(&server, ":v1"));
    let error = registries.repository(&image).resolve(&image, &allowance(deadline)).await.unwrap_err();
    assert!(error.to_string().contains(&format!("token to pull from {}/app", server.host())), "{error}");
    error
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_told_as_such_and_not_shown() {
    // R4: bounds of the answer; and a token is what a header can hold.
    let mebibyte = 1 << 20;
    let padded = |length: usize| format!(r#"{{"token":"t1"{}}}"#, " ".repeat(length - 14));
    for (reply, code, told) in [
        (Reply::new(200, &[], padded(mebibyte + 1)), Code::ContentTooLarge, "larger than 1048576 bytes"),
        (Reply::without_length(200, &[], padded(mebibyte + 1)), Code::ContentTooLarge, "larger than 1048576 bytes"),
        (Reply::without_length(200, &[], "{").then_endless(), Code::ContentTooLarge, "larger than 1048576 bytes"),
        (Reply::new(200, &[], "<html>s3cret"), Code::RegistryResponseInvalid, "no token in JSON"),
        (Reply::new(200, &[], r#"{"token":"s3cret"#), Code::RegistryResponseInvalid, "no token in JSON"),
        (Reply::new(200, &[], r#"{"token":["s3cret"]}"#), Code::RegistryResponseInvalid, "no token in JSON"),
        (Reply::new(200, &[], r#"["s3cret"]"#), Code::RegistryResponseInvalid, "no token"),
        (Reply::new(200, &[], "{}"), Code::RegistryResponseInvalid, "it holds no token"),
        (
            Reply::new(200, &[], r#"{"token":"","access_token":null}"#),
            Code::RegistryResponseInvalid,
            "it holds no token",
        ),
        (
            Reply::new(200, &[], r#"{"token":"s3cret\r\nx-injected: 1"}"#),
            Code::RegistryResponseInvalid,
            "its token is none that a header can hold",
        ),
        (
            Reply::new(200, &[], format!(r#"{{"token":"{}"}}"#, "s3cret".repeat(20_000))),
            Code::RegistryResponseInvalid,
            "its token is none that a header can hold",
        ),
        (Reply::new(200, &[("content-encoding", "gzip")], b"\x1f\x8b\x08"), Code::RegistryResponseInvalid, "no token"),
        (Reply::new(204, &[], ""), Code::RegistryResponseInvalid, "204"),
        (Reply::new(404, &[], "<html>"), Code::RegistryResponseInvalid, "404"),
        (Reply::new(500, &[], "<html>"), Code::RegistryUnavailable, "500"),
    ] {
        let error = answering(reply, ample()).await;
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("s3cret"), "{error}");
    }
    let server = Server::start(move |seen| match (seen.path(), seen.header("authorization")) {
        ("/token", _) => Reply::new(200, &[], padded(mebibyte)),
        (_, Some("Bearer t1")) => manifest_reply(CONTENT),
        _ => challenge(seen),
    })
    .await;
    assert!(resolve(&plain(), &server).await.is_ok(), "as large as it may be");
}

#[tokio::test]
async fn a_service_that_hangs_is_left_at_the_deadline() {
    // R4: the deadline over the whole exchange.
    for reply in [
        Reply::raw(b"").then_hang(),
        Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").then_hang(),
        Reply::raw(b"HTTP/1.1 401 No\r\ncontent-length: 9\r\n\r\n{").then_hang(),
    ] {
        assert_eq!(answering(reply, short()).await.code(), Code::RegistryTimeout);
    }
}
