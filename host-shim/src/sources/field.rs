//! Reads the fields of an object, and tells every mistake with its place: a wrong type, a missing field, a field that is not known.

use std::{ops::RangeInclusive, sync::Arc};

use super::finding::{Findings, Place, did_you_mean, quoted};
use crate::yaml::{
    self, Entry, Node, Style, Value,
    path::Path,
    scalar::{self, Kind},
};

/// Entries of one list or mapping, of which some are compared with each other.
const MAX_ITEMS: usize = 10_000;

/// A value in a file, and how it is reached.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    node: &'a Node,
    /// Where its key is written, or the item itself in a list.
    position: (usize, usize),
    path: String,
    file: &'a Arc<str>,
    findings: &'a Findings,
}

impl<'a> Field<'a> {
    /// A whole document.
    pub(crate) fn document(node: &'a Node, file: &'a Arc<str>, findings: &'a Findings) -> Self {
        Self { node, position: (node.line, node.column), path: String::new(), file, findings }
    }

    pub(crate) fn place(&self) -> Place {
        let (line, column) = self.position;
        Place { file: Arc::clone(self.file), line: Some(line), column: Some(column), field: self.path.clone() }
    }

    pub(crate) fn mistake(&self, message: impl Into<String>) {
        self.findings.mistake(self.place(), message);
    }

    /// How many mistakes have been found so far, in whatever field.
    pub(crate) fn mistakes(&self) -> usize {
        self.findings.count()
    }

    pub(crate) fn note(&self, message: impl Into<String>) {
        self.findings.note(self.place(), message);
    }

    /// A mistake in a line of a text that is written as a `|` block; elsewhere, in the field.
    pub(crate) fn mistake_in_line(&self, index: usize, message: impl Into<String>) {
        let mut place = self.place();
        if self.node.scalar().is_some_and(|scalar| scalar.style == Style::Literal) {
            place.line = Some(self.node.line + index);
            place.column = Some(self.node.column);
        }
        self.findings.mistake(place, message);
    }

    /// A string that is not empty.
    pub(crate) fn text(&self) -> Option<String> {
        let text = self.string()?;
        if text.is_empty() {
            self.mistake("must not be empty");
            return None;
        }
        Some(text)
    }

    /// A string, also an empty one.
    pub(crate) fn string(&self) -> Option<String> {
        let Some(scalar) = self.node.scalar() else { return self.wrong("a string") };
        match scalar::kind(scalar) {
            Kind::Text if scalar.text.contains("{{") => {
                self.mistake(yaml::TEMPLATE);
                None
            }
            Kind::Text => Some(scalar.text.clone()),
            Kind::Null => self.wrong("a string"),
            Kind::Boolean(_) | Kind::Number => {
                self.mistake(format!("must be a string; put it in quotes: {}", quoted(&scalar.text)));
                None
            }
        }
    }

    /// `true` or `false`, in the spellings that `kubectl` takes.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.node.scalar().map(scalar::kind) {
            Some(Kind::Boolean(value)) => Some(value),
            Some(Kind::Text | Kind::Number | Kind::Null) | None => self.wrong("true or false, without quotes"),
        }
    }

    /// A whole number in decimal digits, in a range.
    pub(crate) fn integer(&self, range: RangeInclusive<u32>) -> Option<u32> {
        let written = self.node.scalar().filter(|scalar| scalar::kind(scalar) == Kind::Number);
        let digits = written.filter(|scalar| scalar.text.bytes().all(|b| b.is_ascii_digit()));
        // `010` is ten to some readers and eight to `kubectl`.
        let digits = digits.filter(|scalar| scalar.text == "0" || !scalar.text.starts_with('0'));
        match digits.and_then(|scalar| scalar.text.parse().ok()).filter(|value| range.contains(value)) {
            Some(value) => Some(value),
            None => self.wrong(&format!("a whole number from {} to {}, without quotes", range.start(), range.end())),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of(&self, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text()?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let choice = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or ");
            let hint = did_you_mean(&text, words.iter().copied());
            self.mistake(format!("must be {choice}, not {}{hint}", quoted(&text)));
        }
        found
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let Value::Sequence(items) = &self.node.value else { return self.wrong("a list") };
        if items.len() > MAX_ITEMS {
            return self.too_many();
        }
        let items = items.iter().enumerate().map(|(index, node)| Self {
            node,
            position: (node.line, node.column),
            path: Path::Item(&Path::Written(&self.path), index).to_string(),
            file: self.file,
            findings: self.findings,
        });
        Some(items.collect())
    }

    /// The strings of a list; those that are not strings are told and left out.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        Some(self.items()?.iter().filter_map(Self::text).collect())
    }

    /// The members of a mapping whose keys the user chooses.
    pub(crate) fn members(&self) -> Option<Vec<(String, Self)>> {
        let Value::Mapping(entries) = &self.node.value else { return self.wrong("a mapping") };
        if entries.len() > MAX_ITEMS {
            return self.too_many();
        }
        let members = entries.iter().filter_map(|entry| {
            let field = self.member(entry)?;
            let key = entry.key.scalar()?;
            if scalar::kind(key) == Kind::Text {
                return Some((key.text.clone(), field));
            }
            field.mistake(format!("the key must be a string; put it in quotes: {}", quoted(&key.text)));
            None
        });
        Some(members.collect())
    }

    /// The mapping, to ask for fields by name.
    pub(crate) fn mapping(&self) -> Option<Mapping<'a>> {
        let Value::Mapping(entries) = &self.node.value else { return self.wrong("a mapping") };
        Some(Mapping { field: self.clone(), entries, known: Vec::new() })
    }

    /// Visits this value and every value in it that is wanted, in the order of the file. Paths are written out only for those.
    pub(crate) fn each(&self, wanted: fn(&Node) -> bool, visit: &mut dyn FnMut(&Self)) {
        self.walk(self.node, &Path::Written(&self.path), wanted, visit);
    }

    fn walk(&self, node: &'a Node, path: &Path<'_>, wanted: fn(&Node) -> bool, visit: &mut dyn FnMut(&Self)) {
        if wanted(node) {
            visit(&Self { node, position: (node.line, node.column), path: path.to_string(), ..self.clone() });
        }
        match &node.value {
            Value::Scalar(_) | Value::Alias => {}
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(item, &Path::Item(path, index), wanted, visit);
                }
            }
            Value::Mapping(entries) => {
                for entry in entries {
                    let Some(key) = entry.key.scalar() else { continue };
                    self.walk(&entry.value, &Path::Member(path, &key.text), wanted, visit);
                }
            }
        }
    }

    /// What is written, of whatever type; for what is only shown. Nothing is told where it is no scalar.
    pub(crate) fn written(&self) -> Option<&'a str> {
        self.node.scalar().map(|scalar| scalar.text.as_str())
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.node.value, Value::Mapping(_))
    }

    fn is_null(&self) -> bool {
        self.node.scalar().is_some_and(scalar::is_null)
    }

    fn member(&self, entry: &'a Entry) -> Option<Self> {
        Some(Self {
            node: &entry.value,
            position: (entry.key.line, entry.key.column),
            path: Path::Member(&Path::Written(&self.path), &entry.key.scalar()?.text).to_string(),
            file: self.file,
            findings: self.findings,
        })
    }

    fn too_many<T>(&self) -> Option<T> {
        self.mistake(format!("holds more than {MAX_ITEMS} entries"));
        None
    }

    fn wrong<T>(&self, wanted: &str) -> Option<T> {
        let found = match &self.node.value {
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::Alias => "an alias".to_owned(),
            Value::Scalar(scalar) => match scalar::kind(scalar) {
                Kind::Null => "empty".to_owned(),
                Kind::Boolean(_) | Kind::Number => format!("{}", wasm_policy::text::shown(&scalar.text)),
                Kind::Text => quoted(&scalar.text),
            },
        };
        self.mistake(format!("must be {wanted}, not {found}"));
        None
    }
}

/// A mapping whose fields are asked for by name; what was never asked for is unknown.
#[must_use = "unknown fields are told by `finish`"]
pub(crate) struct Mapping<'a> {
    field: Field<'a>,
    entries: &'a [Entry],
    known: Vec<&'static str>,
}

impl<'a> Mapping<'a> {
    /// A field that may be absent; null is absent.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        let entry = self.entries.iter().find(|entry| entry.key.scalar().is_some_and(|key| key.text == name))?;
        self.field.member(entry).filter(|field| !field.is_null())
    }

    /// A field that must be there.
    pub(crate) fn required(&mut self, name: &'static str) -> Option<Field<'a>> {
        let found = self.optional(name);
        if found.is_none() {
            let mut place = self.field.place();
            place.field = Path::Member(&Path::Written(&place.field), name).to_string();
            self.field.findings.mistake(place, "missing");
        }
        found
    }

    /// Fields that are known and mean nothing here.
    pub(crate) fn tolerate(&mut self, names: &[&'static str]) {
        self.known.extend(names);
    }

    /// A field that is known and cannot be honoured.
    pub(crate) fn refuse(&mut self, name: &'static str, why: &str) {
        if let Some(field) = self.optional(name) {
            field.mistake(why);
        }
    }

    /// Tells the fields that nobody asked for.
    pub(crate) fn finish(self) {
        for entry in self.entries {
            let Some((key, field)) = entry.key.scalar().zip(self.field.member(entry)) else { continue };
            if !self.known.contains(&key.text.as_str()) {
                field.mistake(format!("unknown field{}", did_you_mean(&key.text, self.known.iter().copied())));
            }
        }
    }
}
