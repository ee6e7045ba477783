//! An answer of OPA's data API, read: the result, and which module was loaded.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::error::OpaError;
use crate::engine::ModuleDigest;

/// The first version whose engine for WebAssembly survives a client that goes away.
const OLDEST: (u32, u32) = (1, 19);

/// What OPA says at a path.
#[derive(Debug)]
pub(super) struct Answer {
    /// What the rule or the module gives; absent where it is undefined.
    pub(super) result: Option<Value>,
    pub(super) module: ModuleDigest,
}

#[derive(Deserialize)]
struct Document {
    result: Option<Value>,
    provenance: Option<Provenance>,
}

#[derive(Deserialize)]
struct Provenance {
    #[serde(default)]
    version: String,
    #[serde(default)]
    bundles: BTreeMap<String, Bundle>,
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    revision: String,
}

impl Answer {
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Self, OpaError> {
        if status != StatusCode::OK {
            return Err(OpaError::Refused { status, said: said(body) });
        }
        let Document { result, provenance } =
            serde_json::from_slice(body).map_err(|error| OpaError::NotOpa(error.to_string()))?;
        let Some(Provenance { version, bundles }) = provenance else {
            return Err(OpaError::NotOpa("it has no provenance".to_owned()));
        };
        if number(&version).is_some_and(|number| number < OLDEST) {
            return Err(OpaError::TooOld(version));
        }
        // OPA that has no bundle says so by having no result, which is the better thing to tell.
        if result.is_none() && bundles.is_empty() {
            return Err(OpaError::NoResult);
        }
        Ok(Self { result, module: module(&bundles)? })
    }
}

/// The module of the only bundle that has one. Bundles of users may be loaded beside it.
fn module(bundles: &BTreeMap<String, Bundle>) -> Result<ModuleDigest, OpaError> {
    let found: BTreeSet<_> =
        bundles.values().filter_map(|bundle| ModuleDigest::of_revision(&bundle.revision)).collect();
    let mut found: Vec<_> = found.into_iter().collect();
    match (found.pop(), found.is_empty()) {
        (Some(module), true) => Ok(module),
        (last, _) => Err(OpaError::ModuleUnknown(found.into_iter().chain(last).collect())),
    }
}

/// Major and minor number of a version; of builds that have none nothing is known.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// What OPA says about an error: of errors in the evaluation the first, since the sentence above them is always the same.
fn said(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Words {
        message: String,
        #[serde(default)]
        errors: Vec<Words>,
    }
    let words: Words = serde_json::from_slice(body).ok()?;
    Some(words.errors.into_iter().next().map_or(words.message, |first| first.message))
}
