//! Whether the signatures of a container image satisfy a trust policy, as a pure function.
//!
//! No I/O, no clock, no randomness, no global state: the same input gives the same bytes on every host. The main path is in `workflow`.

mod asn1;
pub mod code;
pub mod crypto;
pub mod digest;
pub mod envelope;
mod evidence;
mod host;
pub mod input;
pub mod limits;
mod manifest;
pub mod reference;
mod request;
#[cfg(feature = "schema")]
pub mod schema;
pub mod text;
pub mod time;
pub mod trust;
pub mod verdict;
mod workflow;
pub mod x509;

use code::Failure;
use crypto::RustCrypto;
use limits::Limits;
use text::{Notation, Value};
use verdict::Verdict;
use workflow::Context;

/// The verdict on an input document in JSON, as canonical JSON.
pub fn verify(input: &[u8]) -> Vec<u8> {
    evaluate(input, Notation::Json).to_bytes()
}

/// The verdict on an input document in JSON or as a Rego literal.
pub fn evaluate(input: &[u8], notation: Notation) -> Verdict {
    let limits = Limits::default();
    judge(notation.parse(input, &limits), input, notation, &limits)
}

/// The verdict on a document as its reader found it.
fn judge(document: Result<Value<'_>, Failure>, input: &[u8], notation: Notation, limits: &Limits) -> Verdict {
    match document {
        Ok(document) => workflow::evaluate(&document, &Context { limits, provider: &RustCrypto }),
        Err(failure) => workflow::refuse(text::image_keys(input, notation, limits), &failure, limits),
    }
}
