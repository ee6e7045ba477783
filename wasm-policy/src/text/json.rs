//! JSON texts (RFC 8259).
//!
//! Stricter than the RFC where it leaves a choice: UTF-8 without a byte order mark, no lone surrogates, no repeated names.

use crate::{code::Failure, limits::Limits};

use super::{
    Value,
    reader::{self, Dialect, Escape},
};

/// Reads one JSON text; anything after it but white space rejects.
///
/// # Errors
/// [`InputMalformed`](crate::code::Code::InputMalformed), [`DuplicateMember`](crate::code::Code::DuplicateMember) or
/// [`InputTooLarge`](crate::code::Code::InputTooLarge); who reads a nested document maps them to that document's code.
pub fn parse<'a>(text: &'a [u8], limits: &Limits) -> Result<Value<'a>, Failure> {
    reader::read::<Json>(reader::utf8(text, limits)?, limits)
}

struct Json;

impl Dialect for Json {
    const NAME: &'static str = "JSON";
    const SETS: bool = false;

    fn escape(letter: u8) -> Option<Escape> {
        json_escape(letter)
    }
}

/// The escapes of JSON strings.
pub(super) fn json_escape(letter: u8) -> Option<Escape> {
    Some(match letter {
        b'"' => Escape::Char('"'),
        b'\\' => Escape::Char('\\'),
        b'/' => Escape::Char('/'),
        b'b' => Escape::Char('\u{8}'),
        b'f' => Escape::Char('\u{c}'),
        b'n' => Escape::Char('\n'),
        b'r' => Escape::Char('\r'),
        b't' => Escape::Char('\t'),
        b'u' => Escape::Utf16,
        _ => return None,
    })
}
