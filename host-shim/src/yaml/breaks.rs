//! Line breaks of YAML 1.1 that YAML 1.2 has not (YAML 1.1, section 5.4): to `kubectl` a comment ends there, and what follows is read.

use super::{Fault, faults::MAX_FAULTS};

const BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// A fault for each, in the order of the text. A person sees none of them, so that they are refused in quotes, too.
pub(super) fn of_other_readers(text: &str) -> Vec<Fault> {
    let faults = text.split('\n').enumerate().flat_map(|(line, content)| {
        let breaks = content.chars().enumerate().filter(|(_, c)| BREAKS.contains(c));
        breaks.map(move |(column, c)| Fault {
            line: line + 1,
            column: column + 1,
            path: String::new(),
            message: format!(
                "U+{0:04X} ends a line to some readers of YAML only; remove it, or write \"\\u{0:04x}\" in double quotes",
                u32::from(c)
            ),
        })
    });
    faults.take(MAX_FAULTS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, documents};

    #[test]
    fn line_breaks_of_other_readers_are_told_with_line_and_column() {
        let told = |text: &str| {
            let faults = documents(text, Limits::default()).unwrap_err();
            faults.iter().map(|fault| format!("{}:{} {}", fault.line, fault.column, fault.message)).collect::<Vec<_>>()
        };
        let message = |code: &str, escape: &str| {
            format!(
                "{code} ends a line to some readers of YAML only; remove it, or write \"{escape}\" in double quotes"
            )
        };
        assert_eq!(
            told("a: 1\n# é\u{85}b: 2\nc: \"x\u{2028}\"\nd: |\n  y\u{2029}z\n"),
            [
                format!("2:4 {}", message("U+0085", "\\u0085")),
                format!("3:6 {}", message("U+2028", "\\u2028")),
                format!("5:4 {}", message("U+2029", "\\u2029")),
            ]
        );
        assert_eq!(told(&"\u{85}".repeat(200_000)).len(), 100);
    }

    #[test]
    fn their_escapes_in_double_quotes_are_text() {
        let read = documents("\"\\u0085\\N\\u2028\\L\\u2029\\P\"", Limits::default()).unwrap();
        let text = read[0].scalar().map(|scalar| scalar.text.as_str());
        assert_eq!(text, Some("\u{85}\u{85}\u{2028}\u{2028}\u{2029}\u{2029}"));
    }
}
