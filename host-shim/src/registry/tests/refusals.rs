//! Credentials that are refused: how often they are shown, and what a helper is asked then.

use futures_util::future::join_all;

use super::{
    logins::{
        PASSWORD, alice, authorization, challenge, conversation, keychain, logged_in, resolve, resolve_of, token,
    },
    *,
};

pub(super) fn challenge_by_basic(_: &Seen) -> Reply {
    Reply::new(
        401,
        &[("www-authenticate", "Basic")],
        r#"{"errors":[{"code":"UNAUTHORIZED","message":"no: pass:word-7f3"}]}"#,
    )
}

#[tokio::test]
async fn a_credential_that_was_refused_is_not_shown_again_at_once() {
    // A few wrong tries lock an account.
    let server = Server::start(challenge_by_basic).await;
    let registries = logged_in(keychain(&server, &alice()));
    for _ in 0..3 {
        assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryLoginFailed);
    }
    let shown = server.seen().iter().filter(|seen| authorization(seen).is_some()).count();
    assert_eq!(shown, 1, "{:?}", conversation(&server));
}

#[tokio::test]
async fn the_words_of_a_registry_that_refuses_a_password_are_not_repeated() {
    let server = Server::start(challenge_by_basic).await;
    let error = resolve(&logged_in(keychain(&server, &alice())), &server).await.unwrap_err();
    assert!(!error.to_string().contains(PASSWORD), "{error}");
}

/// The image `v1` of a repository of the server.
fn of(server: &Server, repository: &str) -> Reference {
    format!("{}/{repository}:v1", server.host()).parse().unwrap()
}

/// The logins that the server saw, in order.
fn shown(server: &Server) -> Vec<String> {
    server.seen().iter().filter_map(authorization).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_wrong_password_is_shown_once_for_all_repositories_at_the_same_time_and_later() {
    let by_token: fn(&Seen) -> Reply = |seen| match seen.path() {
        "/token" => Reply::new(401, &[], ""),
        _ => challenge(seen),
    };
    for answer in [challenge_by_basic, by_token] {
        let server = Server::start(answer).await;
        let registries = logged_in(keychain(&server, &alice()));
        for _ in 0..2 {
            let images: Vec<_> = (0..20).map(|number| of(&server, &format!("app/{number}"))).collect();
            for outcome in join_all(images.iter().map(|image| resolve_of(&registries, image))).await {
                assert_eq!(code_of(outcome), Code::RegistryLoginFailed);
            }
        }
        assert_eq!(shown(&server).len(), 1, "{:?}", conversation(&server));
    }
}

#[tokio::test]
async fn a_right_that_is_missing_in_one_repository_is_no_refusal_in_another() {
    let at_the_service: fn(&Seen) -> Reply = |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) if seen.target.contains("secret") => Reply::new(403, &[], ""),
        ("/token", _) => token("t1"),
        (_, Some("Bearer t1")) => manifest_reply(CONTENT),
        _ => challenge(seen),
    };
    let at_the_registry: fn(&Seen) -> Reply = |seen| match (seen.path(), authorization(seen)) {
        ("/token", _) => token("t1"),
        (path, Some("Bearer t1")) if !path.contains("secret") => manifest_reply(CONTENT),
        _ => challenge(seen),
    };
    for answer in [at_the_service, at_the_registry] {
        let server = Server::start(answer).await;
        let registries = logged_in(keychain(&server, &alice()));
        for _ in 0..2 {
            assert_eq!(code_of(resolve_of(&registries, &of(&server, "secret")).await), Code::RegistryLoginFailed);
        }
        let asked = server.paths().iter().filter(|path| *path == "/token").count();
        assert_eq!(asked, 1, "{:?}", conversation(&server));
        assert!(resolve_of(&registries, &of(&server, "app")).await.is_ok());
    }
}

#[cfg(unix)]
mod of_helpers {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Duration,
    };

    use super::*;
    use crate::{
        registry::credentials::Helpers,
        testing::{later, machine::Machine},
    };

    /// `alice:new`
    const NEW: &str = "Basic YWxpY2U6bmV3";

    /// A machine whose helper says `old` so many times, and then `new`; it notes each time.
    fn machine(old: usize) -> Machine {
        let script = format!(
            r#"echo run >>"${{0%/*}}/log"
            secret=new; [ "$(wc -l <"${{0%/*}}/log")" -gt {old} ] || secret=old
            echo '{{"Username":"alice","Secret":"'$secret'"}}'"#
        );
        let machine = Machine::new().with("test", &script);
        std::fs::write(machine.folder().join("config.json"), r#"{"credsStore":"test"}"#).unwrap();
        machine
    }

    fn registries(machine: &Machine, helpers: Helpers) -> Registries {
        logged_in(Keychain::load(&machine.folder().join("config.json"), helpers).unwrap())
    }

    fn runs(machine: &Machine) -> usize {
        machine.log("log").lines().count()
    }

    #[tokio::test]
    async fn a_helper_is_asked_again_where_its_login_is_refused() {
        let server = Server::start(|seen| match authorization(seen) {
            Some(NEW) => manifest_reply(CONTENT),
            _ => challenge_by_basic(seen),
        })
        .await;
        let machine = machine(1);
        let registries = registries(&machine, machine.helpers());
        assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryLoginFailed);
        assert!(resolve(&registries, &server).await.is_ok(), "{:?}", conversation(&server));
        assert!(resolve_of(&registries, &of(&server, "other")).await.is_ok());
        assert_eq!(runs(&machine), 2);
    }

    #[tokio::test]
    async fn what_a_helper_says_again_is_not_shown_again_at_once() {
        let server = Server::start(challenge_by_basic).await;
        let machine = machine(10);
        let registries = registries(&machine, machine.helpers());
        for _ in 0..4 {
            assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryLoginFailed);
        }
        assert_eq!((shown(&server).len(), runs(&machine)), (1, 2));
    }

    #[tokio::test]
    async fn a_login_that_has_lapsed_is_renewed_also_where_the_registry_says_403() {
        // As ECR does, after twelve hours.
        let has_lapsed = Arc::new(AtomicBool::new(false));
        let lapsed = Arc::clone(&has_lapsed);
        let server = Server::start(move |seen| match authorization(seen) {
            None => challenge_by_basic(seen),
            Some(login) if login != NEW && lapsed.load(Ordering::SeqCst) => Reply::new(403, &[], ""),
            Some(_) => manifest_reply(CONTENT),
        })
        .await;
        let machine = machine(1);
        let registries = registries(&machine, machine.helpers());
        let repositories = ["app", "other"];
        for repository in repositories {
            assert!(resolve_of(&registries, &of(&server, repository)).await.is_ok());
        }
        has_lapsed.store(true, Ordering::SeqCst);
        // It may be a right that is missing, and the helper has only just been asked.
        assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryForbidden);
        assert_eq!(runs(&machine), 1);
        later(Duration::from_mins(5)).await;
        for repository in repositories {
            assert!(resolve_of(&registries, &of(&server, repository)).await.is_ok(), "{:?}", conversation(&server));
        }
        assert_eq!(runs(&machine), 2);
    }

    #[tokio::test]
    async fn a_right_that_is_missing_is_told_after_one_more_login() {
        let server = Server::start(|seen| match authorization(seen) {
            None => challenge_by_basic(seen),
            Some(_) => Reply::new(403, &[], ""),
        })
        .await;
        let machine = machine(1);
        let registries = registries(&machine, machine.helpers());
        assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryForbidden);
        later(Duration::from_mins(5)).await;
        assert_eq!(code_of(resolve(&registries, &server).await), Code::RegistryForbidden);
        // 401 and 403; 403 with the old login, 401, and 403 with the new one.
        assert_eq!((server.seen().len(), runs(&machine)), (2 + 3, 2), "{:?}", conversation(&server));
    }
}
