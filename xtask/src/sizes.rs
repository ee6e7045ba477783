//! The module's size by part: what each crate's code takes, and the data.

use std::{collections::BTreeMap, fmt};

use rustc_demangle::demangle;
use wasmparser::{BinaryReaderError, KnownCustom, Name, Parser, Payload};

/// Crates of the standard library: a function of theirs counts for the crate for which it was made, where its name tells one.
const STANDARD: [&str; 7] = ["core", "alloc", "std", "compiler_builtins", "hashbrown", "__rustc", "rustc"];

/// Bytes by part, largest first.
pub(crate) struct Sizes(Vec<(String, usize)>);

/// Measures a linked module that still has its names.
pub(crate) fn measure(linked: &[u8]) -> Result<Sizes, BinaryReaderError> {
    let (mut bodies, mut names) = (Vec::new(), BTreeMap::new());
    let mut parts = BTreeMap::<String, usize>::new();
    let mut imported = 0;
    for payload in Parser::new(0).parse_all(linked) {
        match payload? {
            // The other import is the memory.
            Payload::ImportSection(imports) => imported = imports.count() as usize - 1,
            Payload::CodeSectionEntry(body) => bodies.push(length(&body.range())),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(subsections) = section.as_known() {
                    for subsection in subsections {
                        if let Name::Function(map) = subsection? {
                            for naming in map {
                                let naming = naming?;
                                names.insert(naming.index as usize, naming.name);
                            }
                        }
                    }
                }
            }
            payload => {
                let (name, size) = match &payload {
                    Payload::DataSection(section) => ("(data)", length(&section.range())),
                    Payload::ElementSection(section) => ("(table)", length(&section.range())),
                    _ => continue,
                };
                *parts.entry(name.to_owned()).or_default() += size;
            }
        }
    }
    for (size, index) in bodies.into_iter().zip(imported..) {
        let part =
            names.get(&index).map_or_else(|| "(unnamed)".to_owned(), |name| crate_of(&demangle(name).to_string()));
        *parts.entry(part).or_default() += size;
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    Ok(Sizes(parts))
}

/// The first crate in a function's name that is not of the standard library.
fn crate_of(function: &str) -> String {
    let mut crates = function
        .split(|character: char| !(character.is_ascii_alphanumeric() || matches!(character, '_' | ':')))
        .filter_map(|path| path.split_once("::"))
        .map(|(first, _)| first)
        .filter(|first| !first.is_empty());
    let first = crates.clone().next();
    crates.find(|name| !STANDARD.contains(name)).or(first).unwrap_or("wasm_policy").to_owned()
}

fn length(range: &std::ops::Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(part, size)| writeln!(f, "{size:>8}  {part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn a_function_counts_for_the_crate_that_it_was_made_for() {
        for (function, expected) in [
            ("wasm_policy::text::json::parse", "wasm_policy"),
            ("<rsa::key::Key as core::fmt::Debug>::fmt", "rsa"),
            ("core::ptr::drop_in_place<alloc::vec::Vec<der::Error>>", "der"),
            ("<&mut T as core::fmt::Display>::fmt", "core"),
            ("opa_eval", "wasm_policy"),
            ("memcmp", "wasm_policy"),
        ] {
            assert_eq!(crate_of(function), expected, "{function}");
        }
    }
}
