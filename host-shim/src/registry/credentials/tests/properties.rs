//! Any bytes at all: an answer, never a panic, and never a secret in it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use proptest::prelude::*;

use super::*;

/// Neither a name of a helper nor base64.
const SECRET: &str = "Correct-Horse+Battery";

/// A config with the secret in every place that can hold one.
fn full() -> String {
    let auth = BASE64_STANDARD.encode(format!("user:{SECRET}"));
    format!(
        r#"{{"auths":{{"a.example":{{"auth":"{auth}"}},"b.example":{{"username":"u","password":"{SECRET}"}},
        "c.example":{{"identitytoken":"{SECRET}"}},"d.example":{{"registrytoken":"{SECRET}"}}}},
        "credHelpers":{{"e.example":"pass"}},"credsStore":"","HttpHeaders":{{"X-Token":"{SECRET}"}}}}"#
    )
}

/// Everything that is said of a config, in both ways of saying it.
fn everything_said(text: &[u8]) -> String {
    let forms = [Form::File, Form::Secret, Form::AuthsOnly];
    let said = forms.map(|form| match Keychain::read(text, form, "config.json".to_owned(), Helpers::Refuse) {
        Ok(keychain) => {
            let credentials = keychain.sources.iter().flat_map(|source| &source.config.logins);
            let credentials = credentials.map(|entry| format!("{} {:?}", entry.credential, entry.credential));
            format!("{keychain:?} {keychain:#?} {}", credentials.collect::<String>())
        }
        Err(error) => format!("{error} {error:?}"),
    });
    said.concat()
}

fn holds_a_secret(said: &str) -> bool {
    let auth = BASE64_STANDARD.encode(format!("user:{SECRET}"));
    said.contains(SECRET) || said.contains(auth.trim_end_matches('='))
}

#[test]
fn what_is_looked_for_is_there_to_be_found() {
    assert!(holds_a_secret(&full()));
    assert!(!holds_a_secret(&everything_said(full().as_bytes())));
    assert_eq!(config(&full()).unwrap().sources[0].config.logins.len(), 4);
}

/// JSON with the secret as every text, under names that matter.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec!["null", "7", "-1.5", "true", "[]", "{}", "\"\"", "\"dXNlcjpw\"", "SECRET"]);
    let leaf = leaf.prop_map(|leaf| leaf.replace("SECRET", &format!("\"{SECRET}\"")));
    let names =
        ["auths", "credHelpers", "credsStore", "auth", "username", "password", "identitytoken", "registrytoken", "a"];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop::collection::vec((prop::sample::select(names.to_vec()), inner), 0..5).prop_map(|members| {
            // A user is no secret, and is shown.
            let members = members.iter().filter(|(name, value)| *name != "username" || !value.contains(SECRET));
            let members: Vec<_> = members.map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", members.join(","))
        })
    })
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!everything_said(&bytes).is_empty());
        let _ = helper::login(&bytes);
    }

    #[test]
    fn no_text_of_a_config_of_any_shape_is_repeated(text in json()) {
        prop_assert!(!everything_said(text.as_bytes()).contains(SECRET));
        let answer = text.replace("username", "Username").replace("password", "Secret");
        let said = format!("{:?}", helper::login(answer.as_bytes()));
        prop_assert!(!said.contains(SECRET));
    }

    #[test]
    fn no_secret_of_a_damaged_config_is_repeated(edits in prop::collection::vec((0..1_000_usize, 0..4_usize, any::<char>()), 1..4)) {
        let mut text: Vec<char> = full().chars().collect();
        for (at, removed, inserted) in edits {
            let at = at.min(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, [inserted]);
        }
        let text: String = text.into_iter().collect();
        prop_assert!(!holds_a_secret(&everything_said(text.as_bytes())));
    }

    #[test]
    fn any_key_gets_an_answer(key in any::<String>(), registry in any::<String>(), repository in any::<String>()) {
        let key = serde_json::to_string(&key.replace('@', "")).unwrap();
        let keychain = config(&format!(r#"{{"auths":{{{key}:{{"username":"u","password":"p"}}}}}}"#)).unwrap();
        let _ = keychain.may_have(&registry, &repository);
    }
}
