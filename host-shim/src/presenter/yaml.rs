//! The verdict document as YAML 1.2 in block style, for people who read YAML; the same values in the same order.
//!
//! Of our own, since it is short and what matters is that no reader of YAML 1.1 or 1.2 takes a string for anything else: a scalar stands plain only
//! where it begins with a letter, is of letters, digits and `_./+-`, and is no word such as `yes` or `null`. All else is quoted as JSON does it.

use std::fmt::Write as _;

use serde_json::Value;

/// Words that some reader of YAML takes for a boolean or null.
const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

/// Writes a JSON value as a YAML document that ends with a line feed.
pub fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => block(&mut out, value, 0),
        _ => {
            scalar(&mut out, value);
            out.push('\n');
        }
    }
    out
}

/// Writes the members or elements of a collection that is not empty, one a line; the caller has already indented the first.
fn block(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) => {
            for (index, (name, member)) in members.iter().enumerate() {
                indent(out, index, depth);
                key(out, name, depth);
                if is_empty(member) || !is_collection(member) {
                    out.push(' ');
                    scalar(out, member);
                    out.push('\n');
                } else {
                    out.push('\n');
                    out.extend(std::iter::repeat_n("  ", depth + 1));
                    block(out, member, depth + 1);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                indent(out, index, depth);
                out.push_str("- ");
                if is_empty(element) || !is_collection(element) {
                    scalar(out, element);
                    out.push('\n');
                } else {
                    block(out, element, depth + 1);
                }
            }
        }
        _ => scalar(out, value),
    }
}

/// Writes a member's name with its colon. A reader need not find the colon of a longer one without the explicit `?`.
fn key(out: &mut String, name: &str, depth: usize) {
    const LONGEST_IMPLICIT: usize = 1024;
    let mut written = String::new();
    string(&mut written, name);
    if written.chars().count() < LONGEST_IMPLICIT {
        out.push_str(&written);
    } else {
        out.push_str("? ");
        out.push_str(&written);
        out.push('\n');
        indent(out, 1, depth);
    }
    out.push(':');
}

fn indent(out: &mut String, index: usize, depth: usize) {
    if index > 0 {
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn is_collection(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        _ => false,
    }
}

fn scalar(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => string(out, text),
        // `{}`, `[]`, numbers, `true`, `false` and `null` are the same in both.
        other => out.push_str(&other.to_string()),
    }
}

fn string(out: &mut String, text: &str) {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_./+-".contains(&b))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if plain {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // What YAML does not print as itself, or takes for a line break.
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};
    use serde_json::json;

    use super::*;
    use crate::yaml::{self as reader, Node, scalar};

    /// What a reader that follows `kubectl` makes of a document.
    fn read(node: &Node) -> Value {
        match &node.value {
            reader::Value::Scalar(read) => match scalar::kind(read) {
                scalar::Kind::Null => Value::Null,
                scalar::Kind::Boolean(boolean) => boolean.into(),
                scalar::Kind::Number => serde_json::from_str(&read.text).unwrap(),
                scalar::Kind::Text => read.text.clone().into(),
            },
            reader::Value::Sequence(elements) => elements.iter().map(read).collect(),
            reader::Value::Mapping(entries) => entries
                .iter()
                .map(|entry| (read(&entry.key).as_str().unwrap().to_owned(), read(&entry.value)))
                .collect(),
            reader::Value::Alias => panic!("an alias"),
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        // Of any characters; of those that YAML gives a meaning to; and of words.
        prop_oneof![
            any::<String>(),
            "[-a-z0-9:#&*!|>'\"%@`{}\\[\\],? \n\t._~+/]{0,12}",
            "(?i)true|no|null|y|\\.nan|0x1f|1e3|2026-11-24"
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u32>().prop_map(Value::from),
            any_text().prop_map(Value::from)
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                collection::btree_map(any_text(), inner, 0..6).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_document_is_read_as_it_was_written(value in any_value()) {
            // The reader leaves out documents that are null.
            let value = json!([value]);
            let text = yaml(&value);
            let documents = reader::documents(&text, reader::Limits::default()).map_err(|faults| TestCaseError::fail(format!("{faults:?}: {text}")))?;
            prop_assert_eq!(documents.iter().map(read).collect::<Vec<_>>(), [value], "{}", text);
        }
    }

    #[test]
    fn a_name_that_is_longer_than_a_reader_looks_ahead_is_read() {
        let value = json!({ "b": { "a".repeat(5000): { "c": [] }, "d": "e" } });
        let documents = reader::documents(&yaml(&value), reader::Limits::default()).unwrap();
        assert_eq!(documents.iter().map(read).collect::<Vec<_>>(), [value]);
    }

    #[test]
    fn a_document_reads_as_blocks() {
        let value = json!({
            "apiVersion": "image-integrity/v1",
            "images": { "registry.example/app:v1": { "checks": [{ "name": "expiry", "result": "pass" }, ["a", []]], "isSuccess": true } },
            "needs": [],
            "requestId": null,
        });
        let expected = "\
apiVersion: image-integrity/v1
images:
  \"registry.example/app:v1\":
    checks:
      - name: expiry
        result: pass
      - - a
        - []
    isSuccess: true
needs: []
requestId: null
";
        assert_eq!(yaml(&value), expected);
    }

    #[test]
    fn a_string_that_another_reader_might_take_for_something_else_is_quoted() {
        for text in
            ["", "yes", "No", "NULL", "~", "1.0", "0x1f", "1e3", "-", "- a", "a: b", "# a", ".inf", "*a", "a b", " a"]
        {
            assert_eq!(yaml(&json!(text)), format!("\"{text}\"\n"));
        }
        assert_eq!(yaml(&json!("notation")), "notation\n");
    }

    #[test]
    fn what_does_not_print_is_escaped() {
        assert_eq!(yaml(&json!("a\n\u{1b}[31m\"\\\u{2028}é")), "\"a\\n\\u001b[31m\\\"\\\\\\u2028é\"\n");
    }
}
