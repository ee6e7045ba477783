//! Who gives the verdict. An engine knows the contract and nothing else: an input document goes in, a verdict document comes out.

mod error;
mod module;
mod native;
pub mod opa;
mod probe;

use futures_util::future::BoxFuture;

pub use error::EngineError;
pub use module::ModuleDigest;
pub use native::Native;

/// Gives verdicts.
pub trait Engine: Send + Sync {
    /// The verdict document on an input document, both as JSON, and who gave it.
    ///
    /// How many are worked on at once is the engine's to bound; how long somebody waits for an answer is the caller's.
    fn verify(&self, input: Vec<u8>) -> BoxFuture<'_, Result<Judgement, EngineError>>;

    /// Whether it can answer now, and which module would: it is asked a question whose answer is known.
    fn check(&self) -> BoxFuture<'_, Result<Option<ModuleDigest>, EngineError>>;
}

/// A verdict, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict document, in canonical form.
    pub verdict: Vec<u8>,
    /// The module that gave it; absent where the verdict's code is part of this program.
    pub module: Option<ModuleDigest>,
}
