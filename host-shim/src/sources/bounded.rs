//! Reads no more than so many bytes, and tells where they are no text.

use std::io::{self, Read};

/// All bytes, where there are at most that many; of more, one more is read.
pub(crate) fn read(source: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// The bytes as text.
///
/// # Errors
/// The first line that is not UTF-8.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, usize> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_file_is_read_no_further_than_it_may_be() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += buffer.len() as u64;
                assert!(self.0 <= 101, "{} bytes were asked for", self.0);
                buffer.fill(b'#');
                Ok(buffer.len())
            }
        }
        assert_eq!(read(Endless(0), 100).unwrap(), None);
        assert_eq!(read(io::repeat(1).take(100), 100).unwrap(), Some(vec![1; 100]));
    }

    #[test]
    fn the_line_that_is_no_text_is_told() {
        assert_eq!(text(b"a\nb".to_vec()).as_deref(), Ok("a\nb"));
        assert_eq!(text(b"a\nb\n\xff\n\xff".to_vec()), Err(3));
    }
}
