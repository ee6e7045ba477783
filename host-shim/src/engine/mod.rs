//! Who gives the verdict. An engine knows the contract and nothing else: an input document goes in, a verdict document comes out.

mod native;

pub use native::Native;

/// Gives verdicts.
pub trait Engine: Send + Sync {
    /// The verdict document on an input document, both as JSON.
    ///
    /// It blocks for as long as the arithmetic of the signatures takes.
    fn verify(&self, input: &[u8]) -> Vec<u8>;
}
