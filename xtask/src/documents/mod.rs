//! What is generated and kept in the repository: documents that say what the closed list of codes and the contract's types are, for people and for other
//! tools, and files that hold the text of others.

mod assembled;
mod codes;
mod typescript;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;
use thiserror::Error;

/// Why the documents could not be generated, or are not what they should be.
#[derive(Debug, Error)]
pub(crate) enum DocumentsError {
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The files differ from what the types say.
    #[error("out of date: {}; run `cargo run -p xtask -- generate` and commit the result", .0.join(", "))]
    Drifted(Vec<String>),
    /// A schema that no TypeScript is known for.
    #[error("TypeScript: {0}")]
    Untranslatable(#[from] typescript::Untranslatable),
}

/// Writes the documents; the number of files that changed.
pub(crate) fn write() -> Result<usize, DocumentsError> {
    let drifted = drifted()?;
    for (path, text) in &drifted {
        let path = root().join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| DocumentsError::File { path, error })?;
    }
    Ok(drifted.len())
}

/// Refuses documents that are not what [`write()`] would write.
pub(crate) fn check() -> Result<(), DocumentsError> {
    let drifted: Vec<_> = drifted()?.into_iter().map(|(path, _)| path).collect();
    if drifted.is_empty() { Ok(()) } else { Err(DocumentsError::Drifted(drifted)) }
}

/// The documents whose files are missing or different, by path.
fn drifted() -> Result<Vec<(String, String)>, DocumentsError> {
    let mut drifted = Vec::new();
    for (path, text) in generated()? {
        let file = root().join(&path);
        match fs::read_to_string(&file) {
            Ok(present) if present == text => {}
            Ok(_) => drifted.push((path, text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => drifted.push((path, text)),
            Err(error) => return Err(DocumentsError::File { path: file, error }),
        }
    }
    Ok(drifted)
}

fn generated() -> Result<Vec<(String, String)>, DocumentsError> {
    let (input, verdict) = (wasm_policy::schema::input().to_value(), wasm_policy::schema::verdict().to_value());
    let documents = [
        ("docs/codes.md", codes::page()),
        ("docs/schema/contract.d.ts", typescript::declarations(&[&input, &verdict])?),
        ("docs/schema/input.schema.json", pretty(&input)),
        ("docs/schema/verdict.schema.json", pretty(&verdict)),
    ];
    let mut files = assembled::files(root())?;
    files.extend(documents.map(|(path, text)| (path.to_owned(), text)));
    Ok(files)
}

fn pretty(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// The workspace's folder.
fn root() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_documents_are_what_the_types_say() {
        if let Err(error) = check() {
            panic!("{error}");
        }
    }
}
