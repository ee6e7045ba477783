//! What a config says, and what is told of one that is wrong.

use super::*;

/// The login of an entry for `reg.example`.
async fn login(entry: &str) -> Option<String> {
    let keychain = config(&format!(r#"{{"auths":{{"reg.example":{entry}}}}}"#)).unwrap();
    logins(&keychain, "reg.example", "app").await.pop()
}

fn wrong(entry: &str) -> String {
    let told = told(&format!(r#"{{"auths":{{"reg.example":{entry}}}}}"#));
    told.strip_prefix(r#"auths["reg.example"]"#).unwrap().to_owned()
}

#[tokio::test]
async fn a_login_is_written_in_any_of_the_ways_that_docker_knows() {
    let alice = format!("basic alice {PASSWORD}");
    for entry in [
        format!(r#"{{"auth":"{ALICE}"}}"#),
        // Without padding, wrapped, padded with NUL as Docker does, and with a name spelled in another way.
        r#"{"auth":"YWxpY2U6aHVudGVyMjp3aXRoIGEgY29sb24"}"#.to_owned(),
        r#"{"auth":"YWxpY2U6aHVudGVy\r\nMjp3aXRoIGEgY29sb24=\n"}"#.to_owned(),
        r#"{"auth":"YWxpY2U6aHVudGVyMjp3aXRoIGEgY29sb24AAA=="}"#.to_owned(),
        format!(r#"{{"Auth":"{ALICE}","email":null,"username":null}}"#),
        format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#),
        format!(r#"{{"username":"alice","password":"{PASSWORD}","auth":""}}"#),
        // Docker takes `auth` where the two differ.
        format!(r#"{{"username":"bob","password":"other","auth":"{ALICE}"}}"#),
    ] {
        assert_eq!(login(&entry).await.as_ref(), Some(&alice), "{entry}");
    }
    assert_eq!(login(r#"{"auth":"YWxpY2U6"}"#).await.unwrap(), "basic alice ");
}

#[tokio::test]
async fn a_token_comes_before_user_and_password() {
    let both = format!(r#"{{"auth":"{ALICE}","identitytoken":"an identity","registrytoken":"a.bearer"}}"#);
    assert_eq!(login(&both).await.unwrap(), "registry a.bearer");
    let identity = r#"{"username":"00000000-0000-0000-0000-000000000000","identitytoken":"an identity"}"#;
    assert_eq!(login(identity).await.unwrap(), "identity an identity");
}

#[tokio::test]
async fn an_entry_that_docker_left_for_a_helper_is_no_login() {
    for entry in ["{}", "null", r#"{"email":"alice@example"}"#, r#"{"auth":"","identitytoken":null}"#] {
        assert_eq!(login(entry).await, None, "{entry}");
    }
}

#[tokio::test]
async fn a_config_without_logins_has_none() {
    for text in ["", " \n", "{}", r#"{"auths":null,"credHelpers":null,"credsStore":""}"#] {
        assert!(!config(text).unwrap().may_have("reg.example", "app"), "{text}");
    }
    let rest = r#"{"HttpHeaders":{"User-Agent":"x"},"proxies":{"default":{"httpProxy":"http://p"}},"plugins":{"a":[1,-1,1.5,true,{}]}}"#;
    assert!(!config(rest).unwrap().may_have("reg.example", "app"));
}

#[test]
fn text_that_is_no_json_is_told_with_its_line() {
    for (text, expected) in [
        ("{\n  \"auths\": {\n    \"a\" {}\n", "line 3, column 9: expected `:`"),
        ("{\"auths\": \"hunter2", "line 1, column 18: EOF while parsing a string"),
        ("{} hunter2", "line 1, column 4: trailing characters"),
        ("hunter2", "line 1, column 1: expected value"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
    assert_eq!(told(&"{\"\":".repeat(1_000)), "line 1, column 509: recursion limit exceeded");
    let bytes = Keychain::read(b"{\"\xff\":1}", Form::File, "c".to_owned(), Helpers::Refuse).unwrap_err();
    assert_eq!(bytes.to_string(), "the credentials in c cannot be used: line 1, column 3: invalid unicode code point");
}

#[test]
fn a_member_of_another_type_is_told_with_its_key() {
    for (text, expected) in [
        ("[]", "it is a list, and must be an object"),
        (r#""hunter2""#, "it is a text, and must be an object"),
        (r#"{"auths":"hunter2"}"#, "auths is a text, and must be an object"),
        (r#"{"auths":{"ghcr.io":"hunter2"}}"#, r#"auths["ghcr.io"] is a text, and must be an object"#),
        (r#"{"auths":{"ghcr.io":{"auth":7}}}"#, r#"auths["ghcr.io"].auth is a number, and must be a text"#),
        (r#"{"credsStore":true}"#, "credsStore is true or false, and must be a text"),
        (r#"{"credHelpers":[]}"#, "credHelpers is a list, and must be an object"),
        (r#"{"credHelpers":{"ghcr.io":{}}}"#, r#"credHelpers["ghcr.io"] is an object, and must be a text"#),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn what_is_there_twice_is_refused() {
    for (text, expected) in [
        (r#"{"auths":{"a":{},"a":{}}}"#, r#"auths["a"] is there twice"#),
        (r#"{"credHelpers":{"a":"x","a":"x"}}"#, r#"credHelpers["a"] is there twice"#),
        (r#"{"auths":{},"Auths":{}}"#, "auths is there twice"),
        (r#"{"auths":{"a":{"auth":"","auth":""}}}"#, r#"auths["a"].auth is there twice"#),
        (
            r#"{"credHelpers":{"docker.io":"x","https://index.docker.io/v1/":"y"}}"#,
            r#"credHelpers["https://index.docker.io/v1/"] is another helper than that of another key for the same registry"#,
        ),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn a_login_that_cannot_be_one_is_told_with_its_key_and_never_with_its_value() {
    for (entry, expected) in [
        (r#"{"auth":"hunter2!"}"#, ".auth is not base64"),
        (r#"{"auth":"aHVudGVyMg=="}"#, ".auth is not the base64 of user:password: it has no colon"),
        (r#"{"auth":"Omh1bnRlcjI="}"#, ".auth is not the base64 of user:password: the user is empty"),
        (r#"{"auth":"/////w=="}"#, ".auth is not the base64 of a text"),
        // `echo alice:hunter2 | base64`
        (
            r#"{"auth":"YWxpY2U6aHVudGVyMgo="}"#,
            ".auth has a user or password with a control character, as a line break, in it",
        ),
        (r#"{"username":"hunter2"}"#, " has a username and no password"),
        (r#"{"password":"hunter2"}"#, " has a password and no username"),
        (r#"{"username":"a:b","password":"hunter2"}"#, " has a user with a colon in it"),
        (r#"{"registrytoken":"hunter2\r\nX: y"}"#, ".registrytoken holds a character that no token may hold"),
        // Also where another member would be taken.
        (r#"{"registrytoken":"t","auth":"hunter2!"}"#, ".auth is not base64"),
    ] {
        assert_eq!(wrong(entry), expected, "{entry}");
    }
}

#[test]
fn a_key_with_a_user_in_it_is_refused_and_not_shown() {
    let expected = "has a key with @ in it: write the registry's host alone";
    assert_eq!(told(r#"{"auths":{"https://alice:hunter2@ghcr.io":{}}}"#), format!("auths {expected}"));
    assert_eq!(told(r#"{"credHelpers":{"alice:hunter2@ghcr.io":"x"}}"#), format!("credHelpers {expected}"));
}

#[test]
fn a_helpers_name_is_no_path_and_no_command() {
    let expected = "is no name of a credential helper: only lower-case letters, digits and - _ . are allowed";
    for name in ["../evil", "/bin/sh", "a b", "a;b", "PASS", "pass\\n", "\u{e4}"] {
        assert_eq!(told(&format!(r#"{{"credsStore":"{name}"}}"#)), format!("credsStore {expected}"), "{name}");
        let at_host = told(&format!(r#"{{"credHelpers":{{"ghcr.io":"{name}"}}}}"#));
        assert_eq!(at_host, format!(r#"credHelpers["ghcr.io"] {expected}"#), "{name}");
    }
    // Docker Desktop's, where Linux runs inside of Windows.
    assert!(config(r#"{"credsStore":"desktop.exe"}"#).unwrap().may_have("ghcr.io", "app"));
}

#[test]
fn a_config_is_bounded_in_bytes_entries_and_secrets() {
    assert_eq!(told(&" ".repeat(MAX_CONFIG_BYTES + 1)), "it is larger than 1048576 bytes");
    let entries: Vec<_> = (0..=MAX_ENTRIES).map(|number| format!(r#""{number}":null"#)).collect();
    for member in ["auths", "credHelpers"] {
        let text = |entries: &[String]| format!(r#"{{"{member}":{{{}}}}}"#, entries.join(","));
        assert!(config(&text(&entries[1..])).is_ok());
        assert_eq!(told(&text(&entries)), format!("{member} has more than 1000 entries"));
    }
    let long = "x".repeat(MAX_SECRET_BYTES + 1);
    assert_eq!(wrong(&format!(r#"{{"registrytoken":"{long}"}}"#)), ".registrytoken is too long");
    assert_eq!(wrong(&format!(r#"{{"identitytoken":"{long}"}}"#)), ".identitytoken is too long");
    let basic = format!(r#"{{"username":"u","password":"{long}"}}"#);
    assert_eq!(wrong(&basic), " has a user or password that is too long");
}

#[tokio::test]
async fn a_pull_secret_has_one_of_two_forms_and_names_no_helpers() {
    let inner = format!(r#"{{"reg.example":{{"auth":"{ALICE}"}}}}"#);
    let outer = format!(r#"{{"auths":{inner},"credsStore":"pass","credHelpers":{{"reg.example":"../evil"}}}}"#);
    for (form, text, found_in) in [
        (PullSecret::DockerCfg, &inner, r#"secret team/pull: ["reg.example"]"#),
        (PullSecret::DockerConfigJson, &outer, r#"secret team/pull: auths["reg.example"]"#),
    ] {
        let keychain = Keychain::of_secret(text.as_bytes(), form, "secret team/pull").unwrap();
        let found = candidates(&keychain, "reg.example", "app").await;
        assert_eq!(found.iter().map(|credential| credential.found_in()).collect::<Vec<_>>(), [found_in]);
        assert!(!keychain.may_have("ghcr.io", "app"));
    }
    let wrong = Keychain::of_secret(br#"{"a":{"auth":"!"}}"#, PullSecret::DockerCfg, "secret team/pull").unwrap_err();
    assert_eq!(wrong.to_string(), r#"the credentials in secret team/pull cannot be used: ["a"].auth is not base64"#);
}
