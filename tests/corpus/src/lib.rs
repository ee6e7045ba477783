//! Input documents with known outcomes.
//!
//! [`fixtures()`] are the images that notation-go has signed, as a host would present them; [`World`] builds others out of these, a part at a
//! time; [`documents()`] are texts that are no input at all. Everything here is for tests: a mistake is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod documents;
mod fixtures;
mod layout;
mod world;

pub use documents::documents;
pub use fixtures::{Fixture, fixtures};
pub use layout::{Layout, digest_of};
pub use world::{Signature, World};

/// The time of every verdict, unless a test says another.
pub const NOW: &str = "2026-11-24T12:00:00Z";

/// An input document and the code that each of its images must have; none where the document is refused without naming images.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in the corpus.
    pub name: String,
    /// The exact bytes of the input.
    pub input: Vec<u8>,
    /// The code of the only image, or of the refusal.
    pub code: &'static str,
}

/// Every case of the corpus.
pub fn cases() -> Vec<Case> {
    fixtures().iter().map(Fixture::case).chain(documents()).collect()
}
