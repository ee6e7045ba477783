//! A `data.json`. What OPA would read in another way than it is written is refused, as a member that is there twice.

use std::sync::Arc;

use serde::de::IgnoredAny;
use wasm_policy::{
    code::Failure,
    limits::Limits,
    text::{Value, json},
};

use super::{Data, place};
use crate::bundle::{
    canonical,
    error::{Error, Place},
    files::Source,
};

pub(super) fn read(source: &Source) -> Result<Data, Error> {
    let Source { file, text } = source;
    let value = json::parse(text.as_bytes(), &Limits::default()).map_err(|failure| wrong(source, &failure))?;
    Ok(Reader { file, text }.data(&value, 1))
}

fn wrong(source: &Source, failure: &Failure) -> Error {
    let Source { file, text } = source;
    // It knows the line, but takes what the stricter reader refuses.
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => Error::Wrong(Place::line(file, error.line()), format!("not JSON: {error}")),
        Ok(_) => Error::Wrong(Place::file(file), failure.message.clone()),
    }
}

struct Reader<'a> {
    file: &'a Arc<str>,
    text: &'a str,
}

impl Reader<'_> {
    /// Recursion is bounded by the depth that the reader accepts.
    fn data(&self, value: &Value<'_>, line: usize) -> Data {
        let place = place(self.file, Some(line));
        match value {
            Value::Null => Data::other("null", place),
            Value::Bool(value) => Data::other(value.to_string(), place),
            // As it is written: OPA hashes a number by its text.
            Value::Number(text) => Data::other(*text, place),
            Value::String(text) => Data::other(canonical::string(text), place),
            // JSON has no sets.
            Value::Array(elements) | Value::Set(elements) => {
                let elements: Vec<_> = elements.iter().map(|element| self.data(element, line)).collect();
                Data::array(&elements, place)
            }
            Value::Object(members) => {
                let member = |(name, value): (&str, &Value<'_>)| {
                    (name.to_owned(), self.data(value, self.line(name).unwrap_or(line)))
                };
                Data::object(members.iter().map(member).collect(), place)
            }
        }
    }

    /// The line of a name, where it is part of the text; one with escapes is not.
    fn line(&self, name: &str) -> Option<usize> {
        let at = name.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        Some(self.text.get(..at)?.matches('\n').count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        read(&Source { file: Arc::from("data.json"), text: text.to_owned() }).unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_json_is_told_with_its_line() {
        assert!(told("{\n\"a\": 1,\n}").starts_with("data.json:3: not JSON: "));
        assert!(told("").starts_with("data.json:1: not JSON"));
        assert!(told("{} {}").starts_with("data.json:1: not JSON: trailing characters"));
    }

    #[test]
    fn what_readers_disagree_about_is_refused() {
        assert!(told(r#"{"a": 1, "a": 2}"#).starts_with("data.json: "), "{}", told(r#"{"a": 1, "a": 2}"#));
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert!(told(&deep).starts_with("data.json: "), "{}", told(&deep));
    }
}
