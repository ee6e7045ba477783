//! Verdicts as people and programs want them: a tree of checks as text, the document itself as JSON, or the same document as YAML.
//!
//! The presenter reads the verdict document, whichever engine wrote it. It decides nothing: what it shows is what the document says.

mod document;
mod layout;
mod text;
mod yaml;

pub use document::{Action, Check, Class, Document, Image, Outcome, Reason, Report, Result};
pub use text::{Asked, text};
pub use yaml::yaml;
