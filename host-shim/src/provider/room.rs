//! How large one answer may get. Whoever names the images chooses how much there is to say of them, and whoever asks reads all of it into memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use wasm_policy::code::{Code, Failure};

/// Bytes of verdicts in one answer: some 5,000 images with one signature, or four with the most signatures that are looked at.
pub(super) const OF_VERDICTS: usize = 8 << 20;
/// Bytes of evidence in one answer: the 16 MiB that are fetched at most for one image take 22 MiB in base64.
pub(super) const OF_EVIDENCE: usize = 24 << 20;

/// The bytes that are left of an answer.
#[derive(Debug)]
pub(super) struct Room {
    left: AtomicUsize,
    of: usize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: AtomicUsize::new(bytes), of: bytes }
    }

    /// Takes so many bytes for what is said of one image.
    ///
    /// # Errors
    /// Where they are not left. Nothing is taken then, and something smaller may still fit.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Failure> {
        let taken = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).map(|_| ()).map_err(|_| {
            let message = format!("the answer would have more than {} bytes; ask about fewer images at once", self.of);
            Failure::new(Code::FetchLimitReached, message)
        })
    }

    /// Gives back all that was taken, where the answer is written anew.
    pub(super) fn refill(&self) {
        self.left.store(self.of, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_takes_nothing_from_what_does() {
        let room = Room::new(10);
        assert!(room.take(6).is_ok());
        let failure = room.take(5).unwrap_err();
        assert_eq!(failure.code, Code::FetchLimitReached);
        assert_eq!(failure.message, "the answer would have more than 10 bytes; ask about fewer images at once");
        assert!(room.take(4).is_ok());
        room.refill();
        assert!(room.take(10).is_ok());
    }
}
