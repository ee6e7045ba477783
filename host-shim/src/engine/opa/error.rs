//! Why an OPA gave no verdict, or cannot be asked at all.

use std::{path::PathBuf, time::Duration};

use http::StatusCode;
use thiserror::Error;
use wasm_policy::text::shown;

use super::path::DecisionPath;
use crate::engine::ModuleDigest;

/// Why an OPA gave no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpaError {
    /// The input document is not JSON; OPA is not asked.
    #[error("the input document is not JSON ({0})")]
    Input(String),
    /// It cannot be reached, or breaks off.
    #[error("it cannot be reached ({0})")]
    Unreachable(String),
    /// It takes too long.
    #[error("it did not answer within {} s", .0.as_secs_f64())]
    Timeout(Duration),
    /// It answers with another status than 200.
    #[error("it answers {status}{}", .said.as_deref().map(|said| format!(": {}", shown(said))).unwrap_or_default())]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it says about it.
        said: Option<String>,
    },
    /// The answer is too large.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The answer is not one of OPA's REST API.
    #[error("the answer is not one of OPA ({0})")]
    NotOpa(String),
    /// There is nothing at the module's path.
    #[error(
        "it has no result at data.image_integrity.verify: the bundle is not loaded, or this OPA has no WebAssembly engine"
    )]
    NoResult,
    /// What it gives at the module's path is none of the module's answers.
    #[error("its result is no answer to what was asked: {0}")]
    NotAVerdict(&'static str),
    /// None of its bundles has a module's digest in its revision, or several have different ones.
    #[error("which module answered cannot be told: {}", digests(.0))]
    ModuleUnknown(Vec<ModuleDigest>),
    /// The bundle was replaced between two queries.
    #[error("the module was replaced: {verdict} gave the verdict, and {decision} was there for the decision")]
    ModuleChanged {
        /// Gave the verdict.
        verdict: ModuleDigest,
        /// Was loaded when the user's rule was asked.
        decision: ModuleDigest,
    },
    /// The user's rule is undefined.
    #[error(
        "the rule {0} is undefined for an image without a signature: check its path, and that it answers for every input"
    )]
    NoDecision(DecisionPath),
    /// Its engine for WebAssembly is one that a client's timeout can make unusable.
    #[error("it is OPA {}, and 1.19 or newer is needed", shown(.0))]
    TooOld(String),
}

fn digests(found: &[ModuleDigest]) -> String {
    if found.is_empty() {
        return "no bundle's revision begins with the digest of a module; pack it with `image-integrity bundle`"
            .to_owned();
    }
    let found: Vec<_> = found.iter().map(ModuleDigest::as_str).collect();
    format!("its bundles are of several, {}", found.join(" and "))
}

/// Why OPA cannot be asked as configured.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpaSetupError {
    /// A file.
    #[error("{}: {reason}", shown(&.path.to_string_lossy()))]
    File {
        /// As given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client of HTTP and TLS itself.
    #[error("connections to OPA cannot be made: {0}")]
    Client(String),
}
