//! JSON as OPA hashes it for a signature: members sorted, no space, and strings as Go's encoder writes them (`walk` in OPA's `bundle/hash.go`).
//!
//! Manifest and data are packed in this form, so that the hash of every member of a bundle is that of its bytes.

/// The canonical form of JSON that serde_json has written with sorted members and without space.
pub(super) fn canonical(json: &str) -> String {
    // Where the two encoders differ. Outside of a string neither character can stand.
    json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A string, with its quotes.
pub(super) fn string(text: &str) -> String {
    canonical(&serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_written_as_go_writes_them() {
        // What Go 1.26 gives with SetEscapeHTML(false).
        let text = "\u{0}\u{8}\t\n\u{b}\u{c}\r\u{1f}\"\\/<&>\u{7f}é\u{2028}\u{2029}😀";
        assert_eq!(string(text), "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/<&>\u{7f}é\\u2028\\u2029😀\"",);
    }
}
