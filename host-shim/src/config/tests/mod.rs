//! Configurations as text, and what is read from them.

mod forms;

use super::{Configuration, Findings, Mistakes, SourceText};

/// The file of the AKS article, byte for byte.
pub(super) const AKS: &str = include_str!("../../../../tests/fixtures/demo/aks-verify-config.yaml");

/// Reads one file of that text, named `f.yaml`.
pub(super) fn read(text: &str) -> Result<Configuration, Mistakes> {
    read_in(None, text)
}

/// As [`read`], with the objects of a namespace.
pub(super) fn read_in(namespace: Option<&str>, text: &str) -> Result<Configuration, Mistakes> {
    let source = SourceText { name: "f.yaml".into(), text: text.to_owned() };
    Configuration::read(&[source], namespace, Findings::default())
}
