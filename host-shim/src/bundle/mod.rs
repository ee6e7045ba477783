//! Bundles for OPA: the module with our own Rego and the user's Rego and data, as OPA reads them ("Bundle File Format" in OPA's manual).
//!
//! `opa build` drops a module that was not compiled from Rego, so the bundle is packed as what it is: a tar.gz with a manifest. The same content gives
//! the same bytes.

mod archive;
mod canonical;
mod claims;
mod data;
mod error;
mod files;
mod manifest;
mod module;
mod ours;
mod package;
mod roots;
mod signing;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::PathBuf};

use self::{data::Data, files::Files, manifest::Manifest, roots::Roots};
pub use self::{
    error::{Error, Place},
    manifest::RevisionPart,
    module::Module,
    signing::{Algorithm, KeyError, Signer},
};

/// What goes into a bundle.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// The verdict.
    pub module: &'a Module,
    /// The user's files and folders of Rego and data.
    pub policies: &'a [PathBuf],
    /// The paths that the user's files own; where there are none, they follow from the files.
    pub roots: &'a [String],
    /// The user's part of the revision.
    pub revision: Option<&'a RevisionPart>,
    /// Who signs, where the bundle is to be signed.
    pub signer: Option<&'a Signer>,
}

/// A bundle, and what to tell about it.
#[derive(Debug)]
pub struct Packed {
    /// The tar.gz.
    pub bytes: Vec<u8>,
    /// The revision in its manifest.
    pub revision: String,
    /// The paths that it owns, in order.
    pub roots: Vec<String>,
    /// What was left out, one sentence each.
    pub notes: Vec<String>,
}

/// Packs a bundle.
///
/// # Errors
/// The first thing that is wrong with the user's files, and where.
pub fn pack(contents: Contents<'_>) -> Result<Packed, Error> {
    let Contents { module, policies, roots, revision, signer } = contents;
    let Files { rego, data, notes } = Files::collect(policies)?;
    let named = Roots::named(roots)?;
    let mut claims = Vec::new();
    let mut members = ours::members();
    for (name, source) in rego {
        claims.push(package::claim(&source)?);
        members.insert(name, source.text.into_bytes());
    }
    let mut merged: Option<Data> = None;
    for file in data {
        let read = Data::read(&file)?;
        read.claims(file.folder.len(), &named, &mut claims);
        match &mut merged {
            None => merged = Some(read),
            Some(merged) => merged.merge(read)?,
        }
    }
    if let Some(data) = merged {
        members.insert(DATA.to_owned(), data.canonical());
    }
    let roots = named.hold(claims)?;
    let Manifest { revision, roots, text } = Manifest::new(module, roots, revision);
    members.insert(module::NAME.to_owned(), module.bytes().to_owned());
    members.insert(".manifest".to_owned(), text);
    if let Some(signer) = signer {
        let signatures = signer.sign(&members)?;
        members.insert(".signatures.json".to_owned(), signatures);
    }
    Ok(Packed { bytes: archive::pack(&members)?, revision, roots, notes })
}

/// All data of a bundle is one file, in which no key can be lost or mean two things.
const DATA: &str = "data.json";

/// The files of a bundle by their names in it, with `/` on every system.
type Members = BTreeMap<String, Vec<u8>>;
