//! Requests for one repository at the same time: which one goes alone, and how long the others wait for it.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{
    logins::{alice, authorization, challenge_for, conversation, keychain, logged_in, token, two},
    refusals::challenge_by_basic,
    tls::World,
    *,
};

/// A registry that takes the token `t1`, which its service gives to all. Where told so, it has no image before somebody has asked with a token for
/// what refers to it.
fn registry(scheme: &'static str, referrers_first: Option<Arc<Notify>>) -> impl Fn(&Seen) -> Reply {
    move |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (path, Some("Bearer t1")) if path.contains("/referrers/") => {
            if let Some(notify) = &referrers_first {
                notify.notify_one();
            }
            page("[]", &[])
        }
        (_, Some("Bearer t1")) => match &referrers_first {
            Some(notify) => manifest_reply(CONTENT).not_before(notify),
            None => manifest_reply(CONTENT),
        },
        _ => challenge_for(&format!("{scheme}://{}/token", seen.header("host").unwrap())),
    }
}

/// Asks for the image and for what refers to it, as is done where its digest is known.
async fn both(
    registries: &Registries,
    server: &Server,
) -> (Result<Descriptor<'static>, FetchError>, Result<Listing, FetchError>) {
    let (digest, allowance) = (digest_of(CONTENT), allowance(ample()));
    let image = image(server, &format!("@{digest}"));
    let repository = registries.repository(&image);
    tokio::join!(repository.resolve(&image, &allowance), repository.referrers(&digest, &WantedTypes::Every, &allowance))
}

#[tokio::test]
async fn whoever_asks_at_the_same_time_logs_in_once() {
    let server = Server::start(registry("http", None)).await;
    let (resolved, listed) = both(&logged_in(keychain(&server, &alice())), &server).await;
    assert!(resolved.is_ok() && listed.is_ok());
    assert_eq!(server.seen().len(), 4, "one 401, one token, two answers: {:?}", conversation(&server));
}

#[tokio::test]
async fn with_tls_one_request_finds_out_about_the_token_and_who_waits_for_it_does_not_wait_until_it_has_been_used() {
    for with_credential in [false, true] {
        let world = World::of(registry("https", Some(Arc::default()))).await;
        let keychain = if with_credential { keychain(&world.server, &alice()) } else { Keychain::none() };
        let registries = Registries::new(RegistryOptions { keychain, ..world.trusted() }).unwrap();
        let (resolved, listed) = both(&registries, &world.server).await;
        assert!(resolved.is_ok() && listed.is_ok());
        assert_eq!(world.server.seen().len(), 4, "one 401, one token, two answers: {:?}", conversation(&world.server));
    }
}

#[tokio::test]
async fn where_no_login_is_wanted_the_first_request_alone_is_waited_for() {
    let asked_for_referrers = Arc::new(Notify::new());
    let world = World::of(move |seen| match seen.path() {
        "/v2/app/manifests/v1" => manifest_reply(CONTENT),
        path if path.contains("/referrers/") => {
            asked_for_referrers.notify_one();
            page("[]", &[])
        }
        _ => manifest_reply(CONTENT).not_before(&asked_for_referrers),
    })
    .await;
    let registries = Registries::new(world.trusted()).unwrap();
    let tagged = image(&world.server, ":v1");
    assert!(registries.repository(&tagged).resolve(&tagged, &allowance(ample())).await.is_ok());
    let (resolved, listed) = both(&registries, &world.server).await;
    assert!(resolved.is_ok() && listed.is_ok());
    assert_eq!(world.server.seen().len(), 3);
}

#[tokio::test]
async fn a_first_request_that_fails_lets_all_others_go() {
    let asked_for_referrers = Arc::new(Notify::new());
    let world = World::of(move |seen| match seen.path() {
        "/v2/app/manifests/v1" => Reply::new(307, &[], ""),
        path if path.contains("/referrers/") => {
            asked_for_referrers.notify_one();
            page("[]", &[])
        }
        _ => manifest_reply(CONTENT).not_before(&asked_for_referrers),
    })
    .await;
    let registries = Registries::new(world.trusted()).unwrap();
    let tagged = image(&world.server, ":v1");
    let outcome = registries.repository(&tagged).resolve(&tagged, &allowance(ample())).await;
    assert_eq!(code_of(outcome), Code::RegistryRedirectRefused);
    let (resolved, listed) = both(&registries, &world.server).await;
    assert!(resolved.is_ok() && listed.is_ok());
}

#[tokio::test]
async fn of_several_credentials_the_others_are_shown_only_what_was_accepted() {
    let server = Server::start(|seen| match (seen.path(), authorization(seen)) {
        // `first:secret-1`
        ("/token", Some("Basic Zmlyc3Q6c2VjcmV0LTE=")) => token("first"),
        ("/token", _) => token("second"),
        (path, Some("Bearer second")) if path.contains("/referrers/") => page("[]", &[]),
        (_, Some("Bearer second")) => manifest_reply(CONTENT),
        _ => challenge_for(&format!("http://{}/token", seen.header("host").unwrap())),
    })
    .await;
    let (resolved, listed) = both(&logged_in(two(&server)), &server).await;
    assert!(resolved.is_ok() && listed.is_ok());
    assert_eq!(server.seen().len(), 6, "{:?}", conversation(&server));
}

#[tokio::test]
async fn a_wrong_password_is_shown_once_however_many_ask() {
    let server = Server::start(challenge_by_basic).await;
    let (resolved, listed) = both(&logged_in(keychain(&server, &alice())), &server).await;
    assert_eq!([code_of(resolved), code_of(listed)], [Code::RegistryLoginFailed; 2]);
    let shown = server.seen().iter().filter(|seen| authorization(seen).is_some()).count();
    assert_eq!(shown, 1, "{:?}", conversation(&server));
}
