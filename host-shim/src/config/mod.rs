//! The configuration: the YAML that people `kubectl apply` for Ratify and AKS Image Integrity, read into one immutable snapshot.
//!
//! A text becomes a tree ([`yaml`](crate::yaml)), the tree becomes objects, each by the module of its kind, and the objects become one
//! [`Configuration`] (`assemble`). Every mistake is told at once, with its file, line and field; what is known and not supported is refused, never left out.
//! Objects of other API groups in the same files are left out with a note, unless their group or kind resembles one of ours.

mod anchors;
mod assemble;
mod field;
mod finding;
mod lookup;
mod object;
mod pem;
mod policy;
mod source;
mod store;
mod trust_policy;
mod verifier;

use std::path::PathBuf;

use wasm_policy::input::Config;

pub use self::finding::{Finding, Mistakes, Place};
use self::{
    field::Field,
    finding::Findings,
    object::{Identity, Objects},
    source::SourceText,
};
use crate::yaml;

const NO_VERIFIER: &str = "there is no Verifier that applies, so every image would be denied; those of a namespace apply with --namespace NAME";

/// What the files say, as a whole; nothing in it changes.
#[derive(Clone, Debug)]
pub struct Configuration {
    config: Config,
    plain_http: bool,
    notes: Vec<Finding>,
}

impl Configuration {
    /// Reads files, folders (every `.yaml`, `.yml` and `.json` in them, not their own folders) and, as `-`, standard input.
    ///
    /// Objects of the kinds whose names begin with `Namespaced` count only where `namespace` is theirs; a cluster's objects always do.
    ///
    /// # Errors
    /// Every mistake at once; there is no configuration then.
    pub fn load(sources: &[PathBuf], namespace: Option<&str>) -> Result<Self, Mistakes> {
        let findings = Findings::default();
        let texts = source::read(sources, &findings);
        Self::read(&texts, namespace, findings)
    }

    fn read(texts: &[SourceText], namespace: Option<&str>, findings: Findings) -> Result<Self, Mistakes> {
        let mut objects = Objects::default();
        for source in texts {
            match yaml::documents(&source.text, yaml::Limits::default()) {
                Ok(documents) => {
                    if documents.is_empty() {
                        findings.mistake(Place::file(&source.name), "the file is empty");
                    }
                    for document in &documents {
                        objects.read(&Field::document(document, &source.name, &findings));
                    }
                }
                Err(faults) => {
                    for fault in faults {
                        findings.mistake(Place::fault(&source.name, &fault), fault.message);
                    }
                }
            }
        }
        let assembled = assemble::assemble(objects, namespace, &findings);
        if assembled.config.verifiers.is_empty() && !findings.any_mistake() {
            findings.mistake(Place::files(texts), NO_VERIFIER);
        }
        let notes = findings.into_result()?;
        Ok(Self { config: assembled.config, plain_http: assembled.plain_http, notes })
    }

    /// The part of the input document that says whom to trust for what.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether registries are asked over HTTP without TLS (`useHttp` of the Store).
    pub fn plain_http(&self) -> bool {
        self.plain_http
    }

    /// What was left out or has no effect, and where it is written.
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }
}

#[cfg(test)]
mod tests;
