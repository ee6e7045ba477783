//! Why there is no verdict.

use thiserror::Error;

use super::opa::OpaError;

/// Why an engine gave no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// It broke off in the middle.
    #[error("the engine broke and gave no verdict")]
    Broken,
    /// It has the answer to a question wrong that every engine answers alike.
    #[error("the engine does not answer a question right whose answer is known")]
    Wrong,
    /// An OPA gave none.
    #[error("OPA gave no verdict: {0}")]
    Opa(#[from] OpaError),
}
