//! Logins that fail, and what becomes of a credential then: it is told which, and nobody is asked without it.

use std::{ffi::OsString, process::Command};

use image_integrity_e2e::{
    CredentialHelper, DockerConfig, IDENTITY_TOKEN, Kind, PASSWORD, Proxy, Registry, TokenServer, USER, WRONG_PASSWORD,
    assert_discreet,
};
use serde_json::json;

use super::{DEMO, asked, code_of, judged, verdict_on};

const IMAGE: &str = "app:v1";

/// The verdict on the signed image of the demo, which is pushed to the registry.
fn verdict_at(registry: &Registry, options: &[OsString]) -> (i32, String) {
    registry.copy("demo/layout", "signed", IMAGE);
    verdict_on(DEMO, registry.options().iter().chain(options).chain([&registry.image(IMAGE).into()]))
}

/// The same with a credential helper.
fn verdict_with(helper: &CredentialHelper, registry: &Registry) -> (i32, String) {
    registry.copy("demo/layout", "signed", IMAGE);
    let login = DockerConfig::new(&json!({ "credHelpers": { registry.host(): "e2e" } }));
    let mut verify = asked("verify", DEMO);
    verify.args(registry.options()).args(login.options()).arg(registry.image(IMAGE)).env("PATH", helper.path());
    verdict_of(&mut verify)
}

fn verdict_of(verify: &mut Command) -> (i32, String) {
    let (ended, verdict) = judged(verify);
    (ended.code, code_of(&verdict))
}

fn verified() -> (i32, String) {
    (0, "VERIFIED".to_owned())
}

fn untold(code: &str) -> (i32, String) {
    (2, code.to_owned())
}

#[test]
fn a_wrong_password_is_a_failed_login_even_where_everybody_gets_a_token() {
    let tokens = TokenServer::start("app", &["--public", "app"]);
    let registry = Registry::with_tokens(&tokens);
    let login = DockerConfig::password(registry.host(), WRONG_PASSWORD);
    assert_eq!(verdict_at(&registry, &login.options()), untold("REGISTRY_LOGIN_FAILED"));
    assert_eq!(tokens.requests(), ["GET 401 basic alice"]);
}

#[test]
fn an_identity_token_that_is_refused_is_a_failed_login() {
    let tokens = TokenServer::start("app", &["--public", "app"]);
    let registry = Registry::with_tokens(&tokens);
    let login = DockerConfig::new(&json!({ "auths": { registry.host(): { "identitytoken": "of-yesterday" } } }));
    assert_eq!(verdict_at(&registry, &login.options()), untold("REGISTRY_LOGIN_FAILED"));
    assert_eq!(tokens.requests(), ["POST 401 refresh_token"]);
}

#[test]
fn a_registry_token_for_another_repository_is_a_failed_login() {
    let tokens = TokenServer::start("another", &["--public", "app"]);
    let registry = Registry::with_tokens(&tokens);
    let login = DockerConfig::registry_token(registry.host(), &tokens.registry_token());
    assert_eq!(verdict_at(&registry, &login.options()), untold("REGISTRY_LOGIN_FAILED"));
    assert_eq!(tokens.requests(), [""; 0]);
}

#[test]
fn a_wrong_password_by_basic_is_a_failed_login() {
    let registry = Registry::with_htpasswd();
    let login = DockerConfig::password(registry.host(), WRONG_PASSWORD);
    assert_eq!(verdict_at(&registry, &login.options()), untold("REGISTRY_LOGIN_FAILED"));
}

#[test]
fn without_a_credential_a_registry_that_wants_one_says_so() {
    let nobody = DockerConfig::new(&json!({}));
    assert_eq!(verdict_at(&Registry::with_htpasswd(), &nobody.options()), untold("REGISTRY_UNAUTHORIZED"));
    // A token without rights, and none at all.
    for (options, request) in [(&[][..], "GET 200 anonymous"), (&["--refuse-anonymous"], "GET 401 anonymous")] {
        let tokens = TokenServer::start("app", options);
        let registry = Registry::with_tokens(&tokens);
        assert_eq!(verdict_at(&registry, &nobody.options()), untold("REGISTRY_UNAUTHORIZED"), "{request}");
        assert_eq!(tokens.requests(), [request]);
    }
}

#[test]
fn a_credential_for_another_port_is_not_for_this_registry() {
    let registry = Registry::with_htpasswd();
    let login = DockerConfig::password("127.0.0.1:1", PASSWORD);
    assert_eq!(verdict_at(&registry, &login.options()), untold("REGISTRY_UNAUTHORIZED"));
}

#[test]
fn a_token_server_at_another_host_is_not_asked() {
    let tokens = TokenServer::start("app", &["--public", "app"]);
    // There is no image, as oras does not push by way of such a server either; the registry asks for a login before it says so.
    let registry = Registry::with_tokens_at(&tokens, "localhost");
    for login in [DockerConfig::password(registry.host(), PASSWORD), DockerConfig::new(&json!({}))] {
        let arguments = registry.options().into_iter().chain(login.options()).chain([registry.image(IMAGE).into()]);
        assert_eq!(verdict_on(DEMO, arguments), untold("REGISTRY_REALM_REFUSED"));
    }
    assert_eq!(tokens.requests(), [""; 0]);
}

#[test]
fn a_registry_that_does_not_ask_for_a_credential_sees_none() {
    let registry = Registry::plain(Kind::ReferrersApi);
    registry.copy("demo/layout", "signed", IMAGE);
    let open = Proxy::before(&registry, &["--refuse-login"]);
    let login = DockerConfig::password(open.host(), PASSWORD);
    let arguments = open.options().into_iter().chain(login.options()).chain([open.image(IMAGE).into()]);
    assert_eq!(verdict_on(DEMO, arguments), verified());
}

#[test]
fn the_login_of_the_home_directory_is_found() {
    let registry = Registry::with_htpasswd();
    registry.copy("demo/layout", "signed", IMAGE);
    let home = tempfile::tempdir().unwrap();
    let login = DockerConfig::password(registry.host(), PASSWORD);
    std::os::unix::fs::symlink(login.folder(), home.path().join(".docker")).unwrap();
    let mut verify = asked("verify", DEMO);
    verify.args(registry.options()).arg(registry.image(IMAGE)).env("HOME", home.path());
    assert_eq!(verdict_of(&mut verify), verified());
}

#[test]
fn a_helper_says_a_password_or_an_identity_token() {
    let registry = Registry::with_htpasswd();
    let helper = CredentialHelper::saying(registry.host(), USER, PASSWORD);
    assert_eq!(verdict_with(&helper, &registry), verified());

    let tokens = TokenServer::start("app", &[]);
    let registry = Registry::with_tokens(&tokens);
    let helper = CredentialHelper::saying(registry.host(), "<token>", IDENTITY_TOKEN);
    assert_eq!(verdict_with(&helper, &registry), verified());
    assert_eq!(tokens.requests(), ["POST 200 refresh_token"]);
}

#[test]
fn a_helper_that_fails_is_told_and_nobody_is_asked_without_it() {
    let tokens = TokenServer::start("app", &["--public", "app"]);
    let registry = Registry::with_tokens(&tokens);
    for body in ["echo 'the keychain is locked' >&2; exit 1", "echo 'no document'", "exit 0"] {
        let helper = CredentialHelper::new(body);
        assert_eq!(verdict_with(&helper, &registry), untold("CREDENTIAL_UNAVAILABLE"), "{body}");
    }
    let empty = tempfile::tempdir().unwrap();
    let login = DockerConfig::new(&json!({ "credHelpers": { registry.host(): "e2e" } }));
    let mut verify = asked("verify", DEMO);
    verify.args(registry.options()).args(login.options()).arg(registry.image(IMAGE)).env("PATH", empty.path());
    assert_eq!(verdict_of(&mut verify), untold("CREDENTIAL_UNAVAILABLE"));
    assert_eq!(tokens.requests(), [""; 0]);
}

#[test]
fn a_helper_that_knows_no_login_leaves_what_everybody_gets() {
    let tokens = TokenServer::start("app", &["--public", "app"]);
    let registry = Registry::with_tokens(&tokens);
    let helper = CredentialHelper::saying("registry.example", USER, WRONG_PASSWORD);
    assert_eq!(verdict_with(&helper, &registry), verified());
    assert_eq!(tokens.requests(), ["GET 200 anonymous"]);
}

#[test]
fn an_image_that_is_not_there_is_told_apart_from_a_login_that_fails() {
    let tokens = TokenServer::start("app", &[]);
    let registry = Registry::with_tokens(&tokens);
    registry.push(IMAGE);
    let login = DockerConfig::password(registry.host(), PASSWORD);
    let options = || registry.options().into_iter().chain(login.options());
    for image in ["app:none", "none:v1"] {
        let verdict = verdict_on(DEMO, options().chain([registry.image(image).into()]));
        assert_eq!(verdict, untold("IMAGE_NOT_FOUND"), "{image}");
    }
}

#[test]
fn the_trace_tells_of_the_registry_and_of_no_secret() {
    let registry = Registry::with_htpasswd();
    registry.copy("demo/layout", "signed", IMAGE);
    let login = DockerConfig::password(registry.host(), PASSWORD);
    let mut verify = asked("verify", DEMO);
    verify.args(registry.options()).args(login.options()).arg(registry.image(IMAGE));
    // Secrets are looked for in all that any call tells; this one shows that there is something to look in.
    let (ended, _) = judged(&mut verify);
    assert!(ended.err.contains(registry.host()), "{ended:?}");
}

#[test]
#[should_panic(expected = "is a secret")]
fn a_secret_that_is_told_is_noticed() {
    assert_discreet([format!("logs in as {USER} with {PASSWORD}").as_str()].into_iter());
}
