//! What a plain scalar means to `kubectl`: its reader (sigs.k8s.io/yaml) follows YAML 1.1 in what is a boolean, a number or null.
//!
//! Where a string is wanted, whatever either version of YAML takes for something else has to be quoted.

use super::{Scalar, Style};

/// What a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean(bool),
    Number,
    Text,
}

/// Whether nothing is written, or `null` or `~`; `kubectl` treats such a field as absent.
pub(crate) fn is_null(scalar: &Scalar) -> bool {
    kind(scalar) == Kind::Null
}

pub(crate) fn kind(scalar: &Scalar) -> Kind {
    if scalar.style != Style::Plain {
        return Kind::Text;
    }
    match scalar.text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y" | "Y" => Kind::Boolean(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "n" | "N" => Kind::Boolean(false),
        text if is_number(text) => Kind::Number,
        _ => Kind::Text,
    }
}

/// Decimal, hexadecimal, octal or binary, with `_` between digits, or a float, `.inf` or `.nan`.
fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits: String = unsigned.chars().filter(|c| *c != '_').collect();
    let radix = |prefixes: [&str; 2], radix| {
        let rest = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix));
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)))
    };
    if radix(["0x", "0X"], 16) || radix(["0o", "0O"], 8) || radix(["0b", "0B"], 2) {
        return true;
    }
    // Rust's floats are YAML's but for the words, which have no digit.
    digits.contains(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}
