//! What is said about files: mistakes, which make them unusable, and notes, which do not; each with its file, line and field.

use std::{
    cell::{Cell, RefCell},
    fmt,
    sync::Arc,
};

use serde::Serialize;
use wasm_policy::text::shown;

use super::SourceText;
use crate::yaml::Fault;

/// Nobody corrects more mistakes at once, and a hostile file could hold half a million.
const MAX_FINDINGS: usize = 100;

/// What a word is compared with: each comparison takes microseconds, and a hostile file could have thousands of both.
const MAX_CANDIDATES: usize = 1_000;

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file as it was named, or `-` for standard input.
    pub file: Arc<str>,
    /// From 1; absent where the file as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// As `spec.parameters.value`; empty where no single field is meant.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

impl Place {
    /// A file as a whole.
    pub(crate) fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: None, column: None, field: String::new() }
    }

    /// All files together.
    pub(crate) fn files(texts: &[SourceText]) -> Self {
        let names: Vec<&str> = texts.iter().map(|source| &*source.name).collect();
        Self::file(&names.join(", ").into())
    }

    /// Where the text cannot be read.
    pub(crate) fn fault(file: &Arc<str>, fault: &Fault) -> Self {
        let field = fault.path.clone();
        Self { file: Arc::clone(file), line: Some(fault.line), column: Some(fault.column), field }
    }

    /// The place without its field, as `verify-config.yaml:12`.
    pub(crate) fn line_of_file(&self) -> String {
        Self { field: String::new(), ..self.clone() }.to_string()
    }
}

/// As a compiler says it: `verify-config.yaml:12: spec.parameters`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.file))?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        Ok(())
    }
}

/// One thing to say, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where it is written.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong and what to do about it, without a final full stop.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Every mistake in some files; there is at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistakes {
    /// In the order of files and lines.
    pub mistakes: Vec<Finding>,
    /// How many more there are than are listed.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(crate) fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One mistake a line.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for Mistakes {}

/// What some files leave out or say without an effect; where there are mistakes, nobody reads them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// In the order in which they were found.
    pub listed: Vec<Finding>,
    /// How many more there are than are listed.
    pub more: usize,
}

impl Notes {
    /// Puts others behind.
    #[cfg(feature = "serve")]
    pub(crate) fn append(&mut self, others: Self) {
        let room = MAX_FINDINGS.saturating_sub(self.listed.len());
        self.more += others.more + others.listed.len().saturating_sub(room);
        self.listed.extend(others.listed.into_iter().take(room));
    }

    /// As they are told to people.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("… and {} more notes", self.more));
        self.listed.iter().map(|note| format!("note: {note}")).chain(more)
    }
}

/// Collects what the readers of fields find, so that everything is told at once.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    mistakes: RefCell<Vec<Finding>>,
    more: Cell<usize>,
    notes: RefCell<Notes>,
}

impl Findings {
    pub(crate) fn mistake(&self, place: Place, message: impl Into<String>) {
        let mut mistakes = self.mistakes.borrow_mut();
        if mistakes.len() == MAX_FINDINGS {
            self.more.set(self.more.get() + 1);
        } else {
            mistakes.push(Finding { place, message: message.into() });
        }
    }

    pub(crate) fn note(&self, place: Place, message: impl Into<String>) {
        let mut notes = self.notes.borrow_mut();
        if notes.listed.len() == MAX_FINDINGS {
            notes.more += 1;
        } else {
            notes.listed.push(Finding { place, message: message.into() });
        }
    }

    /// Mistakes and notes.
    #[cfg(feature = "serve")]
    pub(crate) fn into_parts(self) -> (Vec<Finding>, Notes) {
        (self.mistakes.into_inner(), self.notes.into_inner())
    }

    /// The notes, where there was no mistake.
    pub(crate) fn into_result(self) -> Result<Notes, Mistakes> {
        let mut mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            return Ok(self.notes.into_inner());
        }
        mistakes.sort();
        mistakes.dedup();
        Err(Mistakes { mistakes, more: self.more.get() })
    }

    /// How many mistakes have been found so far.
    pub(crate) fn count(&self) -> usize {
        self.mistakes.borrow().len() + self.more.get()
    }
}

/// `; did you mean "override"?`, where one of the candidates is close enough to be meant, else nothing.
pub(crate) fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    // Nothing that anybody means is longer, and the comparison takes the product of both lengths.
    if written.len() > 256 {
        return String::new();
    }
    let lower = written.to_lowercase();
    let closest = candidates
        .into_iter()
        .take(MAX_CANDIDATES)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance);
    match closest {
        // What is written as the candidate is wrong for another reason.
        Some((_, candidate)) if candidate == written => String::new(),
        Some((distance, candidate)) if distance <= 1 + written.chars().count() / 4 => {
            format!("; did you mean \"{candidate}\"?")
        }
        _ => String::new(),
    }
}

/// Text from a file as it may be shown, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_that_are_not_listed_are_counted() {
        let told = |count: usize| {
            let findings = Findings::default();
            for _ in 0..count {
                findings.note(Place::file(&"f.yaml".into()), "is left out");
            }
            findings.into_result().unwrap().lines().collect::<Vec<_>>()
        };
        assert_eq!(told(2), ["note: f.yaml: is left out"; 2]);
        assert_eq!(told(100), ["note: f.yaml: is left out"; 100]);
        let more = told(103);
        assert_eq!((more.len(), more[100].as_str()), (101, "… and 3 more notes"));
    }
}
