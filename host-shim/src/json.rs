//! JSON strings, written in one go.

/// Appends a string as serde_json writes it.
///
/// Hardly any holds something to be escaped, and a look at all bytes without a branch for each costs half as much as a search for the first.
pub(crate) fn push_string(text: &mut Vec<u8>, string: &str) {
    let is_escaped = |b: u8| matches!(b, ..b' ' | b'"' | b'\\');
    if string.bytes().fold(false, |any, b| any | is_escaped(b)) {
        // A vector takes all that is written.
        let _ = serde_json::to_writer(text, string);
    } else {
        text.push(b'"');
        text.extend_from_slice(string.as_bytes());
        text.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_written_as_serde_json_writes_it() {
        for character in '\0'..=char::MAX {
            let string = format!("before it {character}");
            let mut text = b"[".to_vec();
            push_string(&mut text, &string);
            assert_eq!(text, format!("[{}", serde_json::to_string(&string).unwrap()).into_bytes(), "{character:?}");
        }
    }
}
