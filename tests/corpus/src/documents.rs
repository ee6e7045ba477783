//! Texts that are refused as a whole.

use crate::{Case, World};

/// Documents that are no input, and what each is refused with.
pub fn documents() -> Vec<Case> {
    let signed = String::from_utf8(World::signed().rounds().0).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(signed.contains(from), "{from}");
        signed.replacen(from, to, 1)
    };
    let deep = format!(r#""x":{}{},"now""#, "[".repeat(64), "]".repeat(64));
    let cases = [
        ("an empty text", String::new(), "INPUT_MALFORMED"),
        ("no JSON", "verify this, please".to_owned(), "INPUT_MALFORMED"),
        ("a number", "1".to_owned(), "INPUT_MALFORMED"),
        ("an empty object", "{}".to_owned(), "INPUT_MALFORMED"),
        ("something after the document", format!("{signed}{{}}"), "INPUT_MALFORMED"),
        ("a name twice in the document", changed(r#""now":"#, r#""now":"","now":"#), "DUPLICATE_MEMBER"),
        ("a name twice where nobody reads", changed(r#""now":"#, r#""x":[{"a":1,"a":1}],"now":"#), "DUPLICATE_MEMBER"),
        ("a text that is too deep", changed(r#""now""#, &deep), "INPUT_TOO_LARGE"),
        ("no apiVersion", changed(r#""apiVersion""#, r#""apiversion""#), "INPUT_MALFORMED"),
        ("another apiVersion", changed("image-integrity/v1", "image-integrity/v2"), "API_VERSION_UNSUPPORTED"),
        ("a time with an offset", changed("12:00:00Z", "12:00:00+00:00"), "INPUT_MALFORMED"),
        ("no time", changed(r#""now""#, r#""then""#), "INPUT_MALFORMED"),
        ("a requestId that is a number", changed(r#""corpus""#, "7"), "INPUT_MALFORMED"),
        ("a requestId of 257 bytes", changed("corpus", &"x".repeat(257)), "INPUT_MALFORMED"),
        ("no config", changed(r#""config""#, r#""configuration""#), "INPUT_MALFORMED"),
        ("an unknown field of the config", changed(r#""verifiers""#, r#""x":1,"verifiers""#), "CONFIG_INVALID"),
        ("a verifier without a name", changed(r#""name":"notation","#, ""), "CONFIG_INVALID"),
        ("a verifier of an unknown type", changed(r#""type":"notation""#, r#""type":"cosign""#), "CONFIG_INVALID"),
        ("a limit of no signatures", changed(r#""type":"n"#, r#""maxSignatures":0,"type":"n"#), "CONFIG_INVALID"),
        ("a limit above the listing's", changed(r#""type":"n"#, r#""maxSignatures":1001,"type":"n"#), "CONFIG_INVALID"),
        ("a rule that is neither any nor all", changed(r#""default":"any""#, r#""default":"some""#), "CONFIG_INVALID"),
        (
            "a misspelt field of a trust policy",
            changed(r#"{"level""#, r#"{"overide":{},"level""#),
            "TRUST_POLICY_INVALID",
        ),
        ("a level that does not exist", changed(r#""strict""#, r#""Strict""#), "TRUST_POLICY_INVALID"),
    ];
    cases.map(|(name, text, code)| Case { name: name.to_owned(), input: text.into_bytes(), code }).into()
}
