//! Credential helpers as shell scripts: those that answer, and those that do anything else.
#![cfg(unix)]

use std::{fs, process::Command};

use super::*;
use crate::testing::{later, machine::Machine, short};

const LOGIN: &str = r#"echo '{"ServerURL":"x","Username":"alice","Secret":"hunter2"}'"#;

fn keychain(machine: &Machine, config: &str) -> Keychain {
    Keychain::read(config.as_bytes(), Form::File, "config.json".to_owned(), machine.helpers()).unwrap()
}

const STORE: &str = r#"{"credsStore":"test"}"#;

async fn fault_before(script: &str, deadline: Deadline) -> String {
    let machine = Machine::new().with("test", script);
    let error = keychain(&machine, STORE).candidates("reg.example:5000", "app", deadline).await.unwrap_err();
    let start = "the credential helper docker-credential-test for reg.example:5000, named in config.json, ";
    error.to_string().strip_prefix(start).unwrap().to_owned()
}

async fn fault(script: &str) -> String {
    fault_before(script, ample()).await
}

#[tokio::test]
async fn a_helper_is_asked_for_the_server_as_docker_asks() {
    let machine = Machine::new().with("test", &format!(r#"echo "$* $(cat)" >>"${{0%/*}}/log"; {LOGIN}"#));
    let keychain = keychain(&machine, STORE);
    let found = candidates(&keychain, "reg.example:5000", "app").await;
    assert_eq!(in_clear(found[0].login()), "basic alice hunter2");
    assert_eq!(found[0].to_string(), "credential helper docker-credential-test for reg.example:5000");
    candidates(&keychain, "registry-1.docker.io", "library/alpine").await;
    assert_eq!(machine.log("log"), "get reg.example:5000\nget https://index.docker.io/v1/\n");
}

#[tokio::test]
async fn the_user_token_stands_for_an_identity_token() {
    let machine = Machine::new().with("test", r#"echo '{"Username":"<token>","Secret":"an identity"}'"#);
    assert_eq!(logins(&keychain(&machine, STORE), "reg.example", "app").await, ["identity an identity"]);
}

#[tokio::test]
async fn the_helper_of_a_registry_comes_before_the_store_and_both_before_what_is_written() {
    let answer = |user: &str| format!(r#"echo '{{"Username":"{user}","Secret":"s"}}'"#);
    let machine = Machine::new().with("own", &answer("own")).with("store", &answer("store"));
    let auths = r#"{"username":"written","password":"s"}"#;
    let keychain = keychain(
        &machine,
        &format!(
            r#"{{"credsStore":"store","credHelpers":{{"a.example":"own","b.example":"","a.example/path":"x","*.example":"x"}},
            "auths":{{"*.example":{auths}}}}}"#
        ),
    );
    assert_eq!(logins(&keychain, "a.example", "app").await, ["basic own s", "basic written s"]);
    assert_eq!(logins(&keychain, "b.example", "app").await, ["basic written s"]);
    assert_eq!(logins(&keychain, "c.example", "app").await, ["basic store s", "basic written s"]);
    assert_eq!(logins(&keychain, "a.other", "app").await, ["basic store s"]);
}

#[tokio::test]
async fn a_helper_that_has_nothing_leads_to_what_is_written() {
    for script in [
        "echo credentials not found in native keychain; exit 1",
        r#"echo '{"ServerURL":"","Username":"","Secret":""}'"#,
        "echo '{}'",
    ] {
        let machine = Machine::new().with("test", script);
        let keychain =
            keychain(&machine, &format!(r#"{{"credsStore":"test","auths":{{"reg.example":{{"auth":"{ALICE}"}}}}}}"#));
        assert!(keychain.may_have("other.example", "app"));
        assert_eq!(logins(&keychain, "reg.example", "app").await, [format!("basic alice {PASSWORD}")], "{script}");
        assert!(candidates(&keychain, "other.example", "app").await.is_empty(), "{script}");
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_an_error_without_what_it_wrote_to_standard_output() {
    let to_see = "to see why, run: printf %s reg.example:5000 | docker-credential-test get";
    for (script, expected) in [
        ("echo hunter2; exit 1", format!("failed (exit status: 1); {to_see}")),
        (
            "echo hunter2; printf '\\n the\\033 keychain is locked\\nhunter2\\n' >&2; exit 3",
            format!(r"failed (exit status: 3): the\u{{1b}} keychain is locked; {to_see}"),
        ),
        ("kill -9 $$", format!("failed (signal: 9 (SIGKILL)); {to_see}")),
    ] {
        assert_eq!(fault(script).await, expected, "{script}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_without_its_text() {
    for (answer, expected) in [
        ("", "line 1, column 0: EOF while parsing a value"),
        ("hunter2", "line 1, column 1: expected value"),
        (r#"["hunter2"]"#, "it is a list, and must be an object"),
        (r#"{"Username":"alice"}"#, "it has no Secret"),
        (r#"{"Secret":"hunter2"}"#, "it has no Username"),
        (r#"{"Username":"alice","Secret":7}"#, "Secret is a number, and must be a text"),
        (r#"{"Username":"alice","Secret":"hunter2","secret":"hunter3"}"#, "Secret is there twice"),
        (r#"{"Username":"a:b","Secret":"hunter2"}"#, "it has a user with a colon in it"),
    ] {
        let script = format!("printf %s '{answer}'");
        assert_eq!(fault(&script).await, format!("gave an answer that is none: {expected}"), "{answer}");
    }
}

#[tokio::test]
async fn a_helper_that_writes_without_end_is_stopped() {
    for endless in ["yes hunter2", "yes hunter2 >&2", "cat /dev/zero"] {
        assert_eq!(fault(endless).await, "wrote more than 65536 bytes", "{endless}");
    }
}

#[tokio::test]
async fn a_helper_that_hangs_ends_at_the_deadline() {
    assert_eq!(fault_before("exec sleep 60", short()).await, "gave no answer before the deadline");
}

/// Where nothing else happens, the paused clock goes on to the next moment that is waited for.
#[tokio::test(start_paused = true)]
async fn a_helper_may_take_ten_seconds() {
    let deadline = Deadline::within(Duration::from_mins(1));
    assert_eq!(fault_before("exec sleep 60", deadline).await, "gave no answer within 10 seconds");
}

#[tokio::test]
async fn a_helper_whose_answer_nobody_waits_for_is_killed() {
    let machine = Machine::new().with("test", r#"exec 3>"${0%/*}/alive"; echo started >&3; exec sleep 600"#);
    let alive = machine.folder().join("alive");
    assert!(Command::new("mkfifo").arg(&alive).status().unwrap().success());
    let keychain = keychain(&machine, STORE);
    // It ends when the helper, which holds the other end, is gone.
    let watch = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&alive).unwrap();
    let mut line = [0; 8];
    tokio::select! {
        _ = keychain.candidates("reg.example", "app", ample()) => unreachable!("it never answers"),
        () = started(&watch, &mut line) => {}
    }
    let gone = async {
        loop {
            watch.readable().await.unwrap();
            if matches!(watch.try_read(&mut line), Ok(0)) {
                return;
            }
        }
    };
    assert!(ample().bound(gone).await.is_ok());
}

async fn started(watch: &tokio::net::unix::pipe::Receiver, line: &mut [u8]) {
    loop {
        watch.readable().await.unwrap();
        if matches!(watch.try_read(line), Ok(1..)) {
            return;
        }
    }
}

#[tokio::test]
async fn a_program_that_a_helper_leaves_behind_does_not_hold_its_answer_up() {
    let machine = Machine::new().with("test", &format!("sleep 60 & {LOGIN}"));
    let keychain = keychain(&machine, STORE);
    let found = keychain.candidates("reg.example", "app", Deadline::within(HELPER_TIME / 2)).await.unwrap();
    assert_eq!(in_clear(found[0].login()), "basic alice hunter2");
}

#[tokio::test]
async fn a_helper_need_not_read_what_it_is_asked() {
    let machine = Machine::new().with("test", &format!("exec <&-; {LOGIN}"));
    assert_eq!(logins(&keychain(&machine, STORE), "reg.example", "app").await, ["basic alice hunter2"]);
}

#[tokio::test]
async fn a_helper_runs_once_for_a_registry_however_many_ask() {
    let machine = Machine::new().with("test", &format!(r#"echo run >>"${{0%/*}}/log"; {LOGIN}"#));
    let keychain = keychain(&machine, STORE);
    let ask = || logins(&keychain, "reg.example", "app");
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert!(first == second && second == third && third == ask().await);
    assert_eq!(machine.log("log"), "run\n");
    logins(&keychain, "other.example", "app").await;
    assert_eq!(machine.log("log"), "run\nrun\n");
}

#[tokio::test]
async fn a_failed_run_is_shared_by_those_who_wait_and_repeated_by_those_who_ask_later() {
    let machine = Machine::new().with("test", r#"echo run >>"${0%/*}/log"; exit 1"#);
    let keychain = keychain(&machine, STORE);
    let ask = || keychain.candidates("reg.example", "app", ample());
    let (first, second) = tokio::join!(ask(), ask());
    assert_eq!(first.unwrap_err(), second.unwrap_err());
    assert_eq!(machine.log("log"), "run\n");
    ask().await.unwrap_err();
    assert_eq!(machine.log("log"), "run\nrun\n");
}

#[tokio::test]
async fn a_helper_is_looked_for_in_the_absolute_folders_of_path_alone() {
    let start = "the credential helper docker-credential-test for reg.example, named in config.json, ";
    let machine = Machine::new().with("test", LOGIN);
    let folder = machine.folder().to_str().unwrap().to_owned();
    let here = std::env::current_dir().unwrap();
    let relative = "../".repeat(here.components().count() - 1) + &folder[1..];
    assert!(Path::new(&relative).is_dir(), "{relative}");
    for (search_path, is_found) in [
        (format!(":/nowhere:{folder}"), true),
        (String::new(), false),
        (relative, false),
        ("/nowhere".to_owned(), false),
    ] {
        let helpers = Helpers::Run { search_path: search_path.clone().into() };
        let keychain = Keychain::read(STORE.as_bytes(), Form::File, "config.json".to_owned(), helpers).unwrap();
        let answer = keychain.candidates("reg.example", "app", ample()).await;
        if is_found {
            assert_eq!(answer.unwrap().len(), 1, "{search_path}");
        } else {
            let expected = format!("{start}is in no folder of PATH: install it, or log in without it");
            assert_eq!(answer.unwrap_err().to_string(), expected, "{search_path}");
        }
    }
}

#[tokio::test]
async fn a_helper_that_is_no_program_is_told() {
    let machine = Machine::new();
    fs::write(machine.folder().join("docker-credential-test"), LOGIN).unwrap();
    let error = keychain(&machine, STORE).candidates("reg.example", "app", ample()).await.unwrap_err();
    assert!(error.to_string().ends_with("cannot be run: Permission denied (os error 13)"), "{error}");
}

#[tokio::test]
async fn where_helpers_may_not_run_a_registry_that_has_one_is_an_error() {
    let keychain =
        config(r#"{"credHelpers":{"ghcr.io":"test"},"auths":{"*.*":{"username":"a","password":"b"}}}"#).unwrap();
    let error = keychain.candidates("ghcr.io", "app", ample()).await.unwrap_err().to_string();
    let start = "the credential helper docker-credential-test for ghcr.io, named in config.json, ";
    assert_eq!(error, format!("{start}is not run: helpers are programs, and none may run here"));
    assert_eq!(logins(&keychain, "quay.io", "app").await, ["basic a b"]);
}

#[tokio::test]
async fn a_helper_is_asked_again_after_some_minutes() {
    let machine = Machine::new().with("test", &format!(r#"echo run >>"${{0%/*}}/log"; {LOGIN}"#));
    let keychain = keychain(&machine, STORE);
    let first = candidates(&keychain, "reg.example", "app").await;
    assert!(!first[0].is_old());
    later(ANSWER_LASTS).await;
    assert!(first[0].is_old());
    let second = candidates(&keychain, "reg.example", "app").await;
    assert!(!second[0].is_old());
    assert_eq!(machine.log("log"), "run\nrun\n");
}

#[tokio::test]
async fn a_login_that_is_forgotten_is_asked_for_again_and_no_other() {
    let machine = Machine::new().with("test", &format!(r#"echo run >>"${{0%/*}}/log"; {LOGIN}"#));
    let keychain = keychain(&machine, STORE);
    let found = candidates(&keychain, "reg.example", "app").await;
    candidates(&keychain, "other.example", "app").await;
    keychain.forget(&found[0]);
    candidates(&keychain, "other.example", "app").await;
    assert_eq!(machine.log("log"), "run\nrun\n");
    candidates(&keychain, "reg.example", "app").await;
    // It has been forgotten already, and there is another.
    keychain.forget(&found[0]);
    candidates(&keychain, "reg.example", "app").await;
    assert_eq!(machine.log("log"), "run\nrun\nrun\n");
}
