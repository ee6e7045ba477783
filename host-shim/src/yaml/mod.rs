//! YAML as `kubectl apply` takes it, read into a tree that remembers where everything stands in its file.
//!
//! The grammar is YAML 1.2 (and so JSON); what a plain scalar means follows `kubectl`, see [`scalar`]. Anchors, aliases, tags, merge keys and duplicate keys are refused:
//! an alias can make a small file huge, and readers disagree about the rest, so that a person may read another policy than the machine.

mod breaks;
mod faults;
pub(crate) mod path;
pub(crate) mod scalar;
mod tree;

pub(crate) use tree::{Entry, Node, Scalar, Style, Value};

/// What is said of a text that is to become YAML.
pub(crate) const TEMPLATE: &str =
    "this is a template that has not been rendered; render it first, as with `helm template`";

/// What one text may hold. Bytes are bounded by whoever reads the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Nesting; the deepest field of any object that is read stands at 12.
    pub(crate) depth: usize,
    /// Scalars, sequences and mappings, in all documents of a text.
    pub(crate) nodes: usize,
    /// Characters that may begin a token. The parser queues the tokens of a whole `[…]` or `{…}`, some 500 bytes for each of these, before it gives
    /// the first: so this bounds its memory to some 200 MB. A node of JSON takes three or four.
    pub(crate) indicators: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 64, nodes: 100_000, indicators: 400_000 }
    }
}

/// Something in a text that makes it unusable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// Where in the document, as `spec.parameters[0]`; empty where that is not known.
    pub(crate) path: String,
    /// One sentence for people.
    pub(crate) message: String,
}

/// Reads the documents of a text; empty ones are left out.
///
/// # Errors
/// Every fault that is found; one alone where the text cannot be read on after it.
pub(crate) fn documents(text: &str, limits: Limits) -> Result<Vec<Node>, Vec<Fault>> {
    if let Some(fault) = too_many_indicators(text, limits) {
        return Err(vec![fault]);
    }
    let breaks = breaks::of_other_readers(text);
    if !breaks.is_empty() {
        return Err(breaks);
    }
    let documents = match tree::build(text, limits) {
        Ok(documents) => documents,
        Err(fault) => return Err(vec![template(text).unwrap_or(fault)]),
    };
    let faults: Vec<Fault> = documents.iter().flat_map(faults::of).collect();
    match faults.as_slice() {
        [] => Ok(documents),
        // Unrendered templates often happen to be YAML, of a strange kind: they are no mistakes of their author's YAML.
        _ => Err(template(text).map_or(faults, |fault| vec![fault])),
    }
}

fn too_many_indicators(text: &str, limits: Limits) -> Option<Fault> {
    let mut indicators = text.match_indices(&[',', ':', '[', '{', '?', '&', '*', '!', '\'', '"']);
    let (at, _) = indicators.nth(limits.indicators)?;
    let before = text.get(..at).unwrap_or_default();
    Some(Fault {
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        path: String::new(),
        message: format!("the file holds more than {} of the characters , : [ {{ ? & * ! ' \"", limits.indicators),
    })
}

/// The first line that belongs to a template, such as a Helm chart's.
fn template(text: &str) -> Option<Fault> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    let (index, before) = lines.find_map(|(index, line)| Some((index, line.split_once("{{")?.0)))?;
    Some(Fault {
        line: index + 1,
        column: before.chars().count() + 1,
        path: String::new(),
        message: TEMPLATE.to_owned(),
    })
}
