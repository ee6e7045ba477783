//! Texts from outside: strict readers of JSON and of Rego literals into one tree, and how such text is shown to people.
//!
//! Both readers are stricter than common ones: a repeated member name rejects anywhere, depth and number of values are bounded, and names are
//! compared byte for byte. So no two readers can disagree about what a document says.

pub mod json;
pub(crate) mod names;
mod outline;
mod reader;
pub mod rego;
mod scan;
mod shown;
pub(crate) mod value;

#[cfg(test)]
mod tests;

pub(crate) use outline::image_keys;
#[cfg(all(target_arch = "wasm32", not(feature = "js")))]
pub(crate) use scan::{is_printable_ascii, is_utf8};
pub(crate) use shown::is_hidden;
pub use shown::{escaped, shown};
pub use value::{Object, Value};

use crate::{code::Failure, limits::Limits};

/// How an input document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// JSON (RFC 8259).
    Json,
    /// A Rego literal, as OPA hands its input to a module.
    Rego,
}

impl Notation {
    /// Reads a text.
    pub fn parse<'a>(self, text: &'a [u8], limits: &Limits) -> Result<Value<'a>, Failure> {
        match self {
            Self::Json => json::parse(text, limits),
            Self::Rego => rego::parse(text, limits),
        }
    }
}
