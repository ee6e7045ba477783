//! Loops over text that take many bytes a turn.
//!
//! OPA's engine leaves the compiled code at each turn of a loop, some 11 ns: a loop over single bytes reads 80 MB a second, and most of an
//! input is base64 in long strings.

use core::cmp::Ordering;

/// How many bytes come before the first quotation mark, backslash or control character, or the end.
pub(super) fn plain_run(text: &[u8]) -> usize {
    let (blocks, rest) = text.as_chunks::<64>();
    let plain = blocks.iter().take_while(|block| is_plain(block)).count() * 64;
    let tail = text.get(plain..).unwrap_or(rest);
    plain + tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count()
}

/// Whether a run goes through the whole block. Written out, since a compiler that saves space would make it a loop again.
fn is_plain(block: &[u8; 64]) -> bool {
    let words = block.as_chunks::<8>().0;
    let stop = |index: usize| words.get(index).map_or(0, |word| stops(u64::from_le_bytes(*word)));
    stop(0) | stop(1) | stop(2) | stop(3) | stop(4) | stop(5) | stop(6) | stop(7) == 0
}

/// The order of names: that of their bytes, as Go and Rego sort them.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (blocks_a, blocks_b) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        if x != y {
            return u128::from_be_bytes(*x).cmp(&u128::from_be_bytes(*y));
        }
    }
    let common = blocks_a.len().min(blocks_b.len()) * 16;
    a[common..].cmp(&b[common..])
}

/// Whether the text is UTF-8: what [`core::str::from_utf8`] says, with the ASCII parts skipped 64 bytes a turn.
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) fn is_utf8(text: &[u8]) -> bool {
    // Enough that a text without ASCII is checked in few pieces, and that one letter among base64 costs little.
    const PIECE: usize = 512;
    let mut rest = text;
    loop {
        let ascii = rest.as_chunks::<64>().0.iter().take_while(|block| is_ascii(block)).count();
        rest = &rest[ascii * 64..];
        if rest.is_empty() {
            return true;
        }
        rest = match core::str::from_utf8(&rest[..rest.len().min(PIECE)]) {
            Ok(piece) => &rest[piece.len()..],
            // The piece ends within a character; the next one begins with it.
            Err(error) if error.error_len().is_none() && rest.len() > PIECE => &rest[error.valid_up_to()..],
            Err(_) => return false,
        };
    }
}

/// Whether every byte is from space to tilde.
#[cfg(any(test, target_arch = "wasm32"))]
pub(crate) fn is_printable_ascii(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<64>();
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    blocks.iter().all(|block| block.iter().fold(true, |all, byte| all & printable(byte))) && rest.iter().all(printable)
}

#[cfg(any(test, target_arch = "wasm32"))]
fn is_ascii(block: &[u8; 64]) -> bool {
    block.as_chunks::<8>().0.iter().fold(0, |all, word| all | u64::from_le_bytes(*word)) & HIGH == 0
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// Not zero where a plain run stops in the word.
const fn stops(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (control | (quote.wrapping_sub(ONES) & !quote) | (backslash.wrapping_sub(ONES) & !backslash)) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_at_the_right_byte_wherever_it_stands() {
        for length in [0, 1, 7, 8, 9, 63, 64, 65, 130] {
            for at in 0..length {
                for byte in 0..=255 {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    let stop = matches!(byte, b'"' | b'\\' | 0..0x20);
                    assert_eq!(plain_run(&text), if stop { at } else { length }, "{byte:#x} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn the_first_of_two_stops_counts() {
        for first in 0..64 {
            for (x, y) in [(b'"', 0), (0, b'"'), (b'\\', 0x1f), (0x1f, 0x20), (b'"', b'#'), (b'"', 0x80)] {
                let mut text = vec![b'!'; 66];
                text[first] = x;
                text[first + 1] = y;
                assert_eq!(plain_run(&text), first);
            }
        }
    }

    #[test]
    fn names_are_ordered_by_their_bytes() {
        let long = "sha256:0123456789abcdef0123456789abcdef";
        let names = ["", "a", "b", "ä", "\u{10000}", long, &long[..16], &long[..17], &long[..32], "sha256:0123456780"];
        for a in names {
            for b in names {
                assert_eq!(order(a, b), a.as_bytes().cmp(b.as_bytes()), "{a} {b}");
            }
        }
    }

    #[test]
    fn utf8_is_what_the_standard_library_says() {
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for broken in [
            &b"\xff"[..],
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xf0\x9f\x98",
            b"",
            "😀".as_bytes(),
            "é".as_bytes(),
            "東京".as_bytes(),
        ] {
            for before in [0, 1, 63, 64, 65, 509, 510, 511, 512, 513, 575, 576, 1022, 1023] {
                for after in [0, 1, 64, 600] {
                    texts.push([&vec![b'a'; before], broken, &vec![b'z'; after]].concat());
                    texts.push([&b"\xc3\xa4".repeat(before / 2), broken, &b"\xc3\xa4".repeat(after / 2)].concat());
                }
            }
        }
        for text in texts {
            assert_eq!(is_utf8(&text), core::str::from_utf8(&text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn printable_ascii_is_from_space_to_tilde() {
        for length in [1, 64, 65, 128, 200] {
            for at in [0, length / 2, length - 1] {
                for byte in 0..=255 {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    assert_eq!(is_printable_ascii(&text), matches!(byte, b' '..=b'~'));
                }
            }
        }
    }
}
