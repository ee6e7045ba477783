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
    use serde_json::json;

    use super::*;

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
