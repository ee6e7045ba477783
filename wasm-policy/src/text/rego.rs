//! Rego literal texts: how OPA hands its input to a wasm module (the text of an `ast.Value`).
//!
//! It is JSON with sets beside arrays, names that may be any value (here only strings), and strings as Go's `strconv.Quote` writes them.

use crate::{code::Failure, limits::Limits};

use super::{
    Value,
    json::json_escape,
    reader::{self, Dialect, Escape},
};

/// Reads one Rego literal; anything after it but white space rejects.
///
/// # Errors
/// As [`json::parse`](super::json::parse).
pub fn parse<'a>(text: &'a [u8], limits: &Limits) -> Result<Value<'a>, Failure> {
    parse_str(reader::utf8(text, limits)?, limits)
}

/// As [`parse`], of a text that is known to be UTF-8.
pub fn parse_str<'a>(text: &'a str, limits: &Limits) -> Result<Value<'a>, Failure> {
    reader::read::<Rego>(text, limits)
}

struct Rego;

impl Dialect for Rego {
    const NAME: &'static str = "a Rego literal";
    const SETS: bool = true;

    fn escape(letter: u8) -> Option<Escape> {
        match letter {
            b'a' => Some(Escape::Char('\u{7}')),
            b'v' => Some(Escape::Char('\u{b}')),
            b'x' => Some(Escape::Byte),
            b'U' => Some(Escape::Scalar),
            _ => json_escape(letter),
        }
    }
}
