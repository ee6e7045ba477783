//! Texts from outside: strict readers of JSON and of Rego literals into one tree, and how such text is shown to people.
//!
//! Both readers are stricter than common ones: a repeated member name rejects anywhere, depth and number of values are bounded, and names are
//! compared byte for byte. So no two readers can disagree about what a document says.

pub mod json;
pub(crate) mod names;
mod reader;
pub mod rego;
mod scan;
mod shown;
pub(crate) mod value;

#[cfg(test)]
mod tests;

pub use shown::shown;
pub use value::{Object, Value};
