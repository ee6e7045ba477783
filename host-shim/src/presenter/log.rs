//! Lines of a log that CI systems would take for commands to them, made harmless.
//!
//! GitHub Actions obeys a line that begins with `::`, after any spaces, and `##[…]` anywhere in a line; Azure Pipelines obeys `##vso[…]` and `##[…]`. Of
//! standard output and standard error alike, so that an image's signature could set a variable of the job that verifies it.

use std::borrow::Cow;

use anstream::adapter::strip_str;

/// The text with every such line changed so that it is only shown.
pub fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    // A carriage return ends a line, too.
    text.split_inclusive(['\n', '\r']).map(without_command).collect()
}

fn without_command(line: &str) -> String {
    let line = line.replace("##", "#\\u{23}");
    // Styles are taken out where there is no terminal.
    if strip_str(&line).to_string().trim_start().starts_with("::") {
        return line.replacen("::", "\\u{3a}:", 1);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ci_system_would_obey_is_only_shown() {
        for (line, shown) in [
            ("::error::x", "\\u{3a}:error::x"),
            (" \t\u{a0}\u{2003}::set-output name=a::b", " \t\u{a0}\u{2003}\\u{3a}:set-output name=a::b"),
            (":::stop-commands::x", "\\u{3a}::stop-commands::x"),
            ("\u{1b}[1m::error::x\u{1b}[0m", "\u{1b}[1m\\u{3a}:error::x\u{1b}[0m"),
            ("a\n::error::x\nb", "a\n\\u{3a}:error::x\nb"),
            ("a\r::error::x", "a\r\\u{3a}:error::x"),
            ("a ##[add-matcher]x", "a #\\u{23}[add-matcher]x"),
            ("a ##vso[task.setvariable variable=a]b", "a #\\u{23}vso[task.setvariable variable=a]b"),
            ("a ####[error]", "a #\\u{23}#\\u{23}[error]"),
            ("a ###[error]", "a #\\u{23}#[error]"),
        ] {
            assert_eq!(without_commands(line), shown);
        }
    }

    #[test]
    fn other_text_is_left_as_it_is() {
        for text in ["", "a::b\n  c ::d\n", "# a\n#[b]\n: c\n", "✓ registry.example/app:v1  verified\n"] {
            assert_eq!(without_commands(text), text);
        }
    }
}
