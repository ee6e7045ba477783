//! The configuration: the YAML that people `kubectl apply` for Ratify and AKS Image Integrity, read into one immutable snapshot.
//!
//! A text becomes a tree ([`yaml`](crate::yaml)), the tree becomes objects, each by the module of its kind, and the objects become one
//! [`Configuration`] (`assemble`). Every mistake is told at once, with its file, line and field; what is known and not supported is refused, never left out.
//! Objects of other API groups in the same files are left out with a note, unless their group or kind resembles one of ours.

mod anchors;
mod assemble;
pub mod check;
pub mod explain;
#[cfg(feature = "serve")]
pub mod live;
mod logins;
mod lookup;
mod object;
mod pem;
mod policy;
mod store;
mod trust_policy;
mod trust_rules;
mod verifier;

use std::{collections::BTreeMap, path::PathBuf};

use wasm_policy::{input::Config, time::Instant};

#[cfg(feature = "serve")]
pub(crate) use self::object::is_name;
use self::{
    assemble::Assembled,
    object::{Identity, Objects, Origin},
    store::StoreObject,
};
pub use self::{
    explain::Explanation,
    logins::{Logins, SecretName, ServiceAccountName},
};
pub use crate::sources::finding::{Finding, Mistakes, Notes, Place};
use crate::sources::{
    self, SourceText, field,
    finding::{self, Findings},
};

const NO_VERIFIER: &str = "there is no Verifier that applies, so every image would be denied; those of a namespace apply with --namespace NAME";

/// What the files say, as a whole; nothing in it changes.
#[derive(Clone, Debug)]
pub struct Configuration {
    config: Config,
    plain_http: bool,
    logins: Logins,
    /// By verifier and trust store, the objects whose certificates it is made of.
    origins: BTreeMap<(String, String), Vec<String>>,
    notes: Notes,
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
        let texts = sources::read(sources, &findings);
        Self::read(&texts, namespace, findings)
    }

    fn read(texts: &[SourceText], namespace: Option<&str>, findings: Findings) -> Result<Self, Mistakes> {
        let assembled = assemble::assemble(Objects::of_texts(texts, Origin::Files, &findings), namespace, &findings);
        for Finding { place, message } in &assembled.weakening {
            findings.mistake(place.clone(), message);
        }
        if assembled.config.verifiers.is_empty() && findings.count() == 0 {
            findings.mistake(Place::files(texts), NO_VERIFIER);
        }
        Ok(Self::new(assembled, findings.into_result()?))
    }

    fn new(assembled: Assembled, notes: Notes) -> Self {
        let Assembled { config, store, origins, weakening: _, broken: _ } = assembled;
        let StoreObject { use_http, logins } = store;
        Self { config, plain_http: use_http, logins, origins, notes }
    }

    /// The part of the input document that says whom to trust for what.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether registries are asked over HTTP without TLS (`useHttp` of the Store).
    pub fn plain_http(&self) -> bool {
        self.plain_http
    }

    /// What to log in to registries with (`authProvider` of the Store).
    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    /// Whether images are judged in the same way; what notes say does not matter.
    #[cfg(feature = "serve")]
    fn means_the_same(&self, other: &Self) -> bool {
        let Self { config, plain_http, logins, origins: _, notes: _ } = self;
        (config, plain_http, logins) == (&other.config, &other.plain_http, &other.logins)
    }

    /// What the configuration means at a time, for people.
    pub fn explain(&self, now: Instant) -> Explanation {
        Explanation::new(self, now)
    }

    /// What was left out or has no effect, and where it is written.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }
}

#[cfg(test)]
pub(crate) mod tests;
