//! Loops over text that take 64 bytes a turn.
//!
//! OPA's engine leaves the compiled code at each turn of a loop, some 11 ns: a loop over single bytes reads 80 MB a second, and most of an
//! input is base64 in long strings. What a turn does is written out, since the rules are compiled for size, and so a loop would stay one.

use core::cmp::Ordering;

/// What one turn takes.
type Block = [[u8; 8]; 8];

/// How many bytes come before the first quotation mark, backslash or control character, or the end.
pub(super) fn plain_run(text: &[u8]) -> usize {
    let (blocks, rest) = blocks(text);
    for (turn, block) in blocks.iter().enumerate() {
        if let Some(stop) = first_stop(block) {
            return turn * 64 + stop;
        }
    }
    let run = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
    text.len() - rest.len() + run
}

fn first_stop(block: &Block) -> Option<usize> {
    let word = match () {
        () if stops(block[0]) != 0 => 0,
        () if stops(block[1]) != 0 => 1,
        () if stops(block[2]) != 0 => 2,
        () if stops(block[3]) != 0 => 3,
        () if stops(block[4]) != 0 => 4,
        () if stops(block[5]) != 0 => 5,
        () if stops(block[6]) != 0 => 6,
        () if stops(block[7]) != 0 => 7,
        () => return None,
    };
    Some(word * 8 + stops(block[word]).trailing_zeros() as usize / 8)
}

/// Sets the high bit of the first byte at which a plain run stops. Bits above it may be set wrongly, by borrows; the lowest one is right.
const fn stops(word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    (below(word, b' ') | equal(word, b'"') | equal(word, b'\\')) & HIGH
}

/// The order of names: that of their bytes, as Go and Rego sort them.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (blocks_a, blocks_b) = (a.as_chunks::<16>().0, b.as_chunks::<16>().0);
    for (x, y) in blocks_a.iter().zip(blocks_b) {
        let (x, y) = (u128::from_be_bytes(*x), u128::from_be_bytes(*y));
        if x != y {
            return x.cmp(&y);
        }
    }
    let common = blocks_a.len().min(blocks_b.len()) * 16;
    a[common..].cmp(&b[common..])
}

/// Whether the text is UTF-8: what [`core::str::from_utf8`] says, with the ASCII parts skipped.
#[cfg(any(test, all(target_arch = "wasm32", not(feature = "js"))))]
pub(crate) fn is_utf8(text: &[u8]) -> bool {
    // Enough that a text without ASCII is checked in few pieces, and that one letter among base64 costs little.
    const PIECE: usize = 512;
    let mut rest = text;
    loop {
        let ascii = blocks(rest).0.iter().take_while(|block| is_ascii(block)).count();
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

#[cfg(any(test, all(target_arch = "wasm32", not(feature = "js"))))]
fn is_ascii(block: &Block) -> bool {
    any(block, |word| word) & HIGH == 0
}

/// Whether every byte is from space to tilde.
#[cfg(any(test, all(target_arch = "wasm32", not(feature = "js"))))]
pub(crate) fn is_printable_ascii(text: &[u8]) -> bool {
    let (blocks, rest) = blocks(text);
    let other = |word| word | below(word, b' ') | equal(word, 0x7f);
    blocks.iter().all(|block| any(block, other) & HIGH == 0) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(any(test, all(target_arch = "wasm32", not(feature = "js"))))]
fn any(block: &Block, of: impl Fn(u64) -> u64) -> u64 {
    let of = |word: usize| of(u64::from_le_bytes(block[word]));
    of(0) | of(1) | of(2) | of(3) | of(4) | of(5) | of(6) | of(7)
}

/// The text in blocks, and what is left of it.
fn blocks(text: &[u8]) -> (&[Block], &[u8]) {
    let blocks = text.as_chunks::<8>().0.as_chunks::<8>().0;
    (blocks, &text[blocks.len() * 64..])
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// Sets the high bit of the first byte that is ASCII and below this one.
const fn below(word: u64, byte: u8) -> u64 {
    word.wrapping_sub(ONES * byte as u64) & !word
}

/// Sets the high bit of the first byte that is this one.
const fn equal(word: u64, byte: u8) -> u64 {
    below(word ^ (ONES * byte as u64), 1)
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
