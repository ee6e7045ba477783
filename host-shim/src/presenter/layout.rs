//! Lines of text that fit a terminal: words are wrapped, and nothing from outside reaches the terminal as a control sequence.

use std::borrow::Cow;

use wasm_policy::text::escaped;

/// The width that lines are wrapped at, also where the terminal is wider: people read these lines in logs and tickets too.
pub(super) const WIDTH: usize = 100;

/// The text with all that a terminal would not show as itself escaped.
pub(super) fn printable(text: &str) -> String {
    escaped(text).to_string()
}

/// Puts the items on lines of at most [`WIDTH`] columns, each line indented alike. An item that is longer stands on a line of its own.
///
/// `gap` stands between two items of a line; an item's columns are counted by `columns`, since it may hold invisible styles.
pub(super) fn fill<'i>(indent: usize, gap: &str, items: impl IntoIterator<Item = (Cow<'i, str>, usize)>) -> String {
    let mut out = String::new();
    let mut used = 0;
    for (item, columns) in items {
        if used == 0 {
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used + gap.len() + columns > WIDTH {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else {
            out.push_str(gap);
            used += gap.len();
        }
        out.push_str(&item);
        used += columns;
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Wraps a sentence: `lead` (as wide as `indent` counts) before the first line, as many spaces before the others.
pub(super) fn sentence(lead: &str, indent: usize, text: &str) -> String {
    let shown = printable(text);
    let body = fill(
        indent,
        " ",
        shown.split(' ').filter(|word| !word.is_empty()).map(|word| (Cow::Borrowed(word), word.chars().count())),
    );
    format!("{lead}{}", body.get(indent..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_sequence_reaches_the_terminal() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\n"), "a\\u{1b}[2J\\u{202e}b\\n");
        assert_eq!(printable("CN=Müller, O=…"), "CN=Müller, O=…");
    }

    #[test]
    fn a_long_sentence_is_wrapped_under_its_first_word() {
        let text = "word ".repeat(40);
        let wrapped = sentence("  → ", 4, &text);
        let lines: Vec<_> = wrapped.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("  → word") && lines[1].starts_with("    word"), "{wrapped}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
    }

    #[test]
    fn a_word_that_is_wider_than_the_line_is_kept_whole() {
        let digest = "f".repeat(2 * WIDTH);
        assert_eq!(sentence("  ", 2, &format!("see {digest} there")), format!("  see\n  {digest}\n  there\n"));
    }
}
