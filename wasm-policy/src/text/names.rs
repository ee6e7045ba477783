//! Names that a lenient reader takes for others.
//!
//! Go's reader of JSON matches a member with a field though its letters differ in case, and then U+017F (ſ) counts as `s` and U+212A (K) as `k`.
//! A document with such a name says one thing to Go and another to a strict reader, so it is refused and not just ignored.

use super::Object;

/// The first member whose name is one of the known names but for case, with that known name. Known names are ASCII.
pub(crate) fn variant<'o>(object: &'o Object<'_>, known: &[&'static str]) -> Option<(&'o str, &'static str)> {
    object.iter().find_map(|(name, _)| known.iter().find(|known| is_variant(name, known)).map(|known| (name, *known)))
}

fn is_variant(name: &str, known: &str) -> bool {
    name != known && name.chars().map(folded).eq(known.chars().map(folded))
}

const fn folded(character: char) -> char {
    match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_differs_in_case_alone_is_a_variant() {
        for name in ["Size", "SIZE", "\u{17f}ize", "\u{17f}IZE"] {
            assert!(is_variant(name, "size"), "{name}");
        }
        assert!(is_variant("\u{212a}ey", "key"));
        assert!(is_variant("mediatype", "mediaType"));
    }

    #[test]
    fn the_name_itself_and_other_names_are_no_variants() {
        for name in ["size", "siz", "sizes", "sız", "ﬁze", "size ", ""] {
            assert!(!is_variant(name, "size"), "{name}");
        }
    }
}
