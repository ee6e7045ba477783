//! YAML that people name on the command line: read within bounds, and whatever is said about it has its file, line and field.

pub(crate) mod bounded;
pub(crate) mod field;
mod files;
pub(crate) mod finding;

pub(crate) use files::{SourceText, is_stdin, read};
