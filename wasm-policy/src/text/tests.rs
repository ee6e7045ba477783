//! Both readers against documents written by hand, against serde_json, and against a writer of Go's strings.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Object, Value, json, rego};
use crate::{code::Code, limits::Limits};

fn json_code(text: &str) -> Code {
    json::parse(text.as_bytes(), &Limits::default()).unwrap_err().code
}

fn rego_code(text: &str) -> Code {
    rego::parse(text.as_bytes(), &Limits::default()).unwrap_err().code
}

fn rego_string(text: &str) -> String {
    match rego::parse(text.as_bytes(), &Limits::default()) {
        Ok(Value::String(string)) => string.into_owned(),
        other => panic!("{text} is no string: {other:?}"),
    }
}

#[test]
fn a_string_without_escapes_is_borrowed() {
    let value = json::parse(br#" {"b": ["\u00e4", true, null, -0.5e+3], "a": "plain"} "#, &Limits::default()).unwrap();
    let object = value.as_object().unwrap();
    assert!(matches!(object.get("a"), Some(Value::String(std::borrow::Cow::Borrowed("plain")))));
    let elements = object.get("b").unwrap().as_array().unwrap();
    assert_eq!(elements, [Value::String("ä".into()), Value::Bool(true), Value::Null, Value::Number("-0.5e+3")]);
}

#[test]
fn members_are_found_by_name_and_told_in_order_of_their_names() {
    let value = json::parse(br#"{"b": 1, "": 2, "a": 3, "ab": 4}"#, &Limits::default()).unwrap();
    let object = value.as_object().unwrap();
    assert_eq!(object.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["", "a", "ab", "b"]);
    assert_eq!(object.get("ab"), Some(&Value::Number("4")));
    assert_eq!(object.get("A"), None);
}

#[test]
fn a_name_that_occurs_twice_rejects_wherever_it_stands() {
    for text in [
        r#"{"a": 1, "a": 1}"#,
        r#"{"a": 1, "b": 1, "a": 1}"#,
        r#"{"c": 1, "b": 1, "a": 1, "b": 1}"#,
        r#"{"a": 1, "\u0061": 1}"#,
        r#"[{"x": [{"": {}, "": {}}]}]"#,
    ] {
        assert_eq!(json_code(text), Code::DuplicateMember, "{text}");
        assert_eq!(rego_code(text), Code::DuplicateMember, "{text}");
    }
    assert!(json::parse(br#"{"a": {"a": 1}, "A": 1, "a ": 1}"#, &Limits::default()).is_ok());
}

#[test]
fn a_document_at_a_bound_is_read_and_one_beyond_is_not() {
    let limits = Limits { text_depth: 3, text_values: 4, input_bytes: 14, ..Limits::default() };
    let code = |text: &str| {
        let [json, rego] = [json::parse, rego::parse].map(|parse| parse(text.as_bytes(), &limits).map(drop));
        assert_eq!(json, rego, "a document must not pass in one notation alone");
        json.map_err(|failure| failure.code).err()
    };
    assert_eq!(code(r#"[{"a":[]}]"#), None);
    assert_eq!(code("[[[[]]]]"), Some(Code::InputTooLarge));
    assert_eq!(code("[1,2,3]"), None);
    assert_eq!(code(r#"[{"a":{}},2]"#), None);
    assert_eq!(code(r#"[{"a":1},23]"#), None);
    assert_eq!(code(r#"[{"a":1},2,3]"#), Some(Code::InputTooLarge));
    assert_eq!(code("[1,2,3,4]"), Some(Code::InputTooLarge));
    assert_eq!(code("[1,2]         "), None);
    assert_eq!(code("[1,2]          "), Some(Code::InputTooLarge));
}

#[test]
fn what_is_no_json_rejects() {
    for text in [
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\x41\"",
        "\"\\a\"",
        "\"\\'\"",
        "\"a\nb\"",
        "\"\0\"",
        "tru",
        "True",
        "nulL",
        "01",
        "-",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "-Infinity",
        "1 2",
        "{} x",
        "[1]]",
        "'a'",
        "/**/1",
        "\u{feff}1",
        "\u{a0}1",
        "{1, 2}",
        "set()",
        "{\"a\"}",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800x\"",
    ] {
        assert_eq!(json_code(text), Code::InputMalformed, "{text:?}");
    }
    assert_eq!(json::parse(b"\"\xff\"", &Limits::default()).unwrap_err().code, Code::InputMalformed);
    assert_eq!(json::parse(b"\"\xed\xa0\x80\"", &Limits::default()).unwrap_err().code, Code::InputMalformed);
}

#[test]
fn rego_has_sets_and_json_objects() {
    let parse = |text: &'static str| rego::parse(text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(parse("{}"), Value::Object(Object::default()));
    assert_eq!(parse("set()"), Value::Set(vec![]));
    assert_eq!(parse(r#"{"a", {1}, [set()]}"#), {
        let one = Value::Set(vec![Value::Number("1")]);
        Value::Set(vec![Value::String("a".into()), one, Value::Array(vec![Value::Set(vec![])])])
    });
    assert_eq!(parse("{\"a\":\n{1, 2}}").as_object().unwrap().get("a").unwrap().kind(), "a set");
}

#[test]
fn a_rego_object_with_another_key_than_a_string_rejects() {
    for text in [
        "{1: 2}",
        "{[1]: 2}",
        r#"{{"a": 1}: 2}"#,
        r#"{"a": 1, 2: 3}"#,
        r#"{"a", "b": 1}"#,
        r#"{"a": 1, "b"}"#,
        "{1, 2: 3}",
        "{null: 1}",
    ] {
        assert_eq!(rego_code(text), Code::InputMalformed, "{text}");
    }
}

#[test]
fn gos_escapes_are_read() {
    assert_eq!(rego_string(r#""\a\b\f\n\r\t\v\\\"\x00\x7f\x1B\u00ad\U0001F600\U000e0001\/""#), {
        "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\"\0\u{7f}\u{1b}\u{ad}\u{1f600}\u{e0001}/"
    });
}

#[test]
fn escapes_that_are_no_character_reject() {
    for text in [
        r#""\x80""#,
        r#""\xc3\xa4""#,
        r#""\xf""#,
        r#""\x+7""#,
        r#""\U00110000""#,
        r#""\U0000D800""#,
        r#""\U0001F60""#,
        r#""\ud83d""#,
        r#""\'""#,
        r#""\0""#,
        r#""\101""#,
    ] {
        assert_eq!(rego_code(text), Code::InputMalformed, "{text}");
    }
}

/// As Go's `strconv.Quote` writes it, with more escaped than Go must: everything that is not ASCII, at times.
fn quoted_as_go(text: &str, ascii: bool) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\0'..' ' | '\u{7f}' => write!(quoted, "\\x{:02x}", u32::from(character)).unwrap(),
            ' '..='~' => quoted.push(character),
            '\u{80}'..='\u{ffff}' if ascii => write!(quoted, "\\u{:04x}", u32::from(character)).unwrap(),
            _ if ascii => write!(quoted, "\\U{:08x}", u32::from(character)).unwrap(),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// Near-JSON: mostly documents, and documents with a few bytes changed.
fn documents() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("JSON has no such number", |x| x.is_finite())
            .prop_map(|x| serde_json::json!(x).to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<String>().prop_map(|text| serde_json::json!(text).to_string()),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![any::<String>(), "[a-c]{0,2}"].prop_map(|text| serde_json::json!(text).to_string());
        let gap = || prop_oneof![Just(""), Just(" "), Just("\n\t ")];
        prop_oneof![
            (proptest::collection::vec(inner.clone(), 0..6), gap())
                .prop_map(|(elements, gap)| format!("[{gap}{}]", elements.join(","))),
            (proptest::collection::vec((name, inner), 0..6), gap()).prop_map(|(members, gap)| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}{gap}:{value}")).collect();
                format!("{{{}{gap}}}", members.join(&format!(",{gap}")))
            }),
        ]
    })
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Number(a), serde_json::Value::Number(b)) => {
            serde_json::from_str::<serde_json::Number>(a).unwrap() == *b
        }
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}

/// Whether both readers say the same, but for what ours rejects on purpose (repeated names) and serde_json does (numbers beyond f64).
fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
    match (json::parse(text, &Limits::default()), serde_json::from_slice::<serde_json::Value>(text)) {
        (Ok(ours), Ok(theirs)) => prop_assert!(same(&ours, &theirs)),
        (Err(ours), Err(_)) => prop_assert!(matches!(ours.code, Code::InputMalformed | Code::DuplicateMember)),
        (Err(ours), Ok(_)) => prop_assert_eq!(ours.code, Code::DuplicateMember),
        (Ok(_), Err(theirs)) => prop_assert!(theirs.to_string().starts_with("number out of range"), "{}", theirs),
    }
    Ok(())
}

proptest! {
    #[test]
    fn json_documents_are_read_as_serde_json_reads_them(text in documents()) {
        agrees(text.as_bytes())?;
    }

    #[test]
    fn altered_documents_are_judged_as_serde_json_judges_them(text in documents(), at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..3), cut in 0usize..3) {
        let mut text = text.into_bytes();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, bytes);
        agrees(&text)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        agrees(&bytes)?;
        let _ = rego::parse(&bytes, &Limits::default());
    }

    #[test]
    fn bytes_of_the_notation_are_read_or_refused(text in r#"[\[\]{}",:\\ untrefalsxU()0-9eE+.\-]{0,60}"#) {
        agrees(text.as_bytes())?;
        let _ = rego::parse(text.as_bytes(), &Limits::default());
    }

    #[test]
    fn strings_as_go_quotes_them_round_trip(text in any::<String>(), ascii in any::<bool>()) {
        prop_assert_eq!(rego_string(&quoted_as_go(&text, ascii)), text);
    }

    #[test]
    fn a_json_document_is_a_rego_literal_of_the_same_value(text in documents()) {
        let (json, rego) = (json::parse(text.as_bytes(), &Limits::default()), rego::parse(text.as_bytes(), &Limits::default()));
        match (json, rego) {
            (Ok(json), Ok(rego)) => prop_assert_eq!(json, rego),
            (Err(json), Err(rego)) => prop_assert_eq!(json.code, rego.code),
            (json, rego) => prop_assert!(false, "{:?} {:?}", json, rego),
        }
    }
}
