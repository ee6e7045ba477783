//! Text from outside inside a sentence for people: nothing in it may break a line, reorder it, hide or flood.

use core::fmt::{self, Write};

/// How many characters are shown before the rest is cut: longer than any name that a person would read.
const SHOWN_CHARACTERS: usize = 256;

/// The text with control, bidirectional and other invisible characters escaped, cut to 256 characters.
pub fn shown(text: &str) -> impl fmt::Display {
    Shown { text, most: SHOWN_CHARACTERS }
}

/// The whole text with the same characters escaped; for what is bounded already.
pub fn escaped(text: &str) -> impl fmt::Display {
    Shown { text, most: usize::MAX }
}

struct Shown<'a> {
    text: &'a str,
    most: usize,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.chars();
        for character in characters.by_ref().take(self.most) {
            if !is_hidden(character) {
                f.write_char(character)?;
            } else if is_filler(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                write!(f, "{}", character.escape_debug())?;
            }
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// Whether a character cannot be seen, or changes how the text around it is shown.
pub(crate) fn is_hidden(character: char) -> bool {
    match character {
        // `escape_debug` escapes these too, for source code; in a sentence they are harmless.
        '"' | '\'' | '\\' => false,
        _ => is_filler(character) || character.escape_debug().len() > 1,
    }
}

/// Letters and symbols by their category, and blank all the same: the Hangul fillers and the empty Braille pattern.
const fn is_filler(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_is_shown_as_it_is() {
        let text = r#"CN=Jürgen O\, GmbH, O="acme" 'ツ' 東京"#;
        assert_eq!(shown(text).to_string(), text);
    }

    #[test]
    fn what_breaks_reorders_or_hides_is_escaped() {
        for (text, expected) in [
            ("a\r\nb\tc", r"a\r\nb\tc"),
            ("\0\u{1b}[31m\u{7f}\u{85}", r"\0\u{1b}[31m\u{7f}\u{85}"),
            ("a\u{202e}b\u{2066}\u{200f}", r"a\u{202e}b\u{2066}\u{200f}"),
            ("a\u{200b}\u{feff}\u{ad}\u{2028}\u{a0}", r"a\u{200b}\u{feff}\u{ad}\u{2028}\u{a0}"),
            ("\u{e0041}\u{fe0f}\u{34f}", r"\u{e0041}\u{fe0f}\u{34f}"),
            ("\u{115f}\u{1160}\u{2800}\u{3164}\u{ffa0}", r"\u{115f}\u{1160}\u{2800}\u{3164}\u{ffa0}"),
        ] {
            assert_eq!(shown(text).to_string(), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(shown(&"ü".repeat(256)).to_string(), "ü".repeat(256));
        assert_eq!(shown(&"ü".repeat(257)).to_string(), "ü".repeat(256) + "…");
        assert_eq!(escaped(&"ü\n".repeat(257)).to_string(), r"ü\n".repeat(257));
    }
}
