//! Rego literal text, as OPA writes a value for a wasm module: what its `ast.Value.String()` gives.

use std::fmt::Write as _;

use serde_json::Value;

/// The literal of a JSON value.
pub fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(elements) => format!("[{}]", elements.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("{}: {}", quoted(name), literal(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// A string as Go's `strconv.Quote` writes it. What Go holds for printable is a table of Unicode's; here it is ASCII and a few letters, so that both
/// forms occur.
pub fn quoted(text: &str) -> String {
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
            ' '..='~' | 'À'..='ž' | '一'..='龥' => quoted.push(character),
            '\0'..='\u{7f}' => write!(quoted, "\\x{:02x}", u32::from(character)).unwrap(),
            '\u{80}'..='\u{ffff}' => write!(quoted, "\\u{:04x}", u32::from(character)).unwrap(),
            _ => write!(quoted, "\\U{:08x}", u32::from(character)).unwrap(),
        }
    }
    quoted + "\""
}
