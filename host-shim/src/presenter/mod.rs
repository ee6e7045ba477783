//! Verdicts as people and programs want them: a tree of checks as text, annotations of GitHub Actions, the document itself as JSON, or the same as YAML.
//!
//! The presenter reads the verdict document, whichever engine wrote it. It decides nothing: what it shows is what the document says.

mod document;
mod github;
mod layout;
mod log;
mod text;
mod yaml;

pub use document::{Action, Check, Class, Document, Image, Outcome, Reason, Report, Result};
pub use github::{annotation, github};
pub use log::without_commands;
pub use text::{Asked, Origin, text};
pub use yaml::yaml;
