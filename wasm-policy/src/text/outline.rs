//! The names of the images in a document that cannot be read as a whole.
//!
//! A document may be well-formed and still be refused: a name occurs twice in it, it is too deep or too large. Whoever asked about an image
//! then expects an answer under its name.

use std::collections::BTreeSet;

use super::{Notation, Value, scan};
use crate::{code::Failure, limits::Limits};

/// Steps over a text, a step being a string or a byte outside of strings: more than any document takes that a host would send. A dense text
/// of the greatest size would otherwise cost more to refuse than any to judge.
const MAX_STEPS: usize = 4_000_000;

/// The member names of the `images` object: all of them, or one more than are answered; none where the text is too dense to tell.
pub(crate) fn image_keys(text: &[u8], notation: Notation, limits: &Limits) -> BTreeSet<String> {
    let mut outline = Outline { text, at: 0 };
    let (mut keys, mut depth, mut in_images) = (BTreeSet::new(), 0usize, false);
    // The name before a colon; what stands between is white space.
    let mut name = None;
    let mut steps = MAX_STEPS;
    while let Some(byte) = outline.next() {
        let Some(left) = steps.checked_sub(1) else { return BTreeSet::new() };
        steps = left;
        match byte {
            b'"' => name = outline.string(),
            b'{' | b'[' => {
                if depth == 1 {
                    in_images = byte == b'{'
                        && name.take().and_then(|name| unquoted(name, notation)).as_deref() == Some("images");
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' if depth == 2 && in_images => {
                keys.extend(name.take().and_then(|name| unquoted(name, notation)));
                if keys.len() > limits.images {
                    break;
                }
            }
            _ => {}
        }
    }
    keys
}

/// A string, as the reader of the notation reads it.
fn unquoted(quoted: &[u8], notation: Notation) -> Option<String> {
    let value: Result<Value<'_>, Failure> = notation.parse(quoted, &Limits::default());
    value.ok()?.as_str().map(str::to_owned)
}

struct Outline<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Outline<'a> {
    fn next(&mut self) -> Option<u8> {
        let byte = self.text.get(self.at)?;
        self.at += 1;
        Some(*byte)
    }

    /// The rest of a string whose opening quotation mark was passed, with both its marks.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at - 1;
        loop {
            self.at += scan::plain_run(self.text.get(self.at..)?);
            match self.next()? {
                b'"' => return self.text.get(start..self.at),
                b'\\' => self.at += 1,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &[u8]) -> Vec<String> {
        image_keys(text, Notation::Json, &Limits::default()).into_iter().collect()
    }

    #[test]
    fn the_names_of_images_are_found_in_a_document_that_is_refused() {
        let text = br#"{ "a": {"images": {"no": 1}}, "a": ["images", {"b": 2}], "images" : {"r\u002fx:1": {"failures": []}, "r/y:2":{}}, "z": {"q": 1}}"#;
        assert_eq!(keys(text), ["r/x:1", "r/y:2"]);
    }

    #[test]
    fn no_more_names_are_kept_than_tell_that_there_are_too_many() {
        let limits = Limits { images: 2, ..Limits::default() };
        let keys = image_keys(br#"{"images": {"a": 1, "b": 1, "a": 1, "c": 1, "d": 1"#, Notation::Rego, &limits);
        assert!(keys.iter().eq(["a", "b", "c"]), "{keys:?}");
    }

    // M1: 67 million numbers took a quarter of a minute in OPA.
    #[test]
    fn a_text_that_is_too_dense_names_none() {
        let dense = |numbers: usize| format!(r#"{{"images":{{"r/x:1":[{}]}}}}"#, vec!["1"; numbers].join(","));
        assert_eq!(keys(dense(1_900_000).as_bytes()), ["r/x:1"]);
        assert_eq!(keys(dense(2_100_000).as_bytes()), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_document_names_none() {
        for text in [
            &b""[..],
            b"\"",
            b"\"images\": {\"a\": 1}",
            b"[{\"images\": {\"a\": 1}}]",
            b"{\"images\": [\"a\"]}",
            b"}}}{",
            b"{\"images\": \"{\\\"a\\\": 1}\"}",
        ] {
            assert_eq!(keys(text), Vec::<String>::new(), "{}", text.escape_ascii());
        }
    }
}
