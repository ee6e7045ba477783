//! Reads the fields of a `hosts.toml`, and tells every mistake with its line. Values are not shown: those of headers are secrets.

use std::{path::Path, sync::Arc};

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{Reading, url::without_secrets};
use crate::{
    sources::finding::{Place, did_you_mean},
    yaml::path::Path as FieldPath,
};

/// Items of one list: certificates or words.
const MAX_ITEMS: usize = 64;

/// A file, and where its lines begin.
pub(super) struct File<'a> {
    text: &'a str,
    name: &'a Arc<str>,
    /// Where each line ends.
    line_ends: Vec<usize>,
    /// What paths in the file are relative to.
    pub(super) folder: &'a Path,
    pub(super) reading: &'a Reading,
}

/// A value in a file, and how it is reached.
#[derive(Clone)]
pub(super) struct Field<'a> {
    value: &'a DeValue<'a>,
    /// Where its key begins, or the item itself in a list.
    at: usize,
    path: String,
    pub(super) file: &'a File<'a>,
}

/// A table whose fields are asked for by name; what was never asked for is unknown.
#[must_use = "unknown fields are told by `finish`"]
pub(super) struct Table<'a> {
    entries: &'a DeTable<'a>,
    path: String,
    file: &'a File<'a>,
    known: Vec<&'static str>,
}

impl<'a> File<'a> {
    pub(super) fn new(text: &'a str, name: &'a Arc<str>, folder: &'a Path, reading: &'a Reading) -> Self {
        let line_ends = text.match_indices('\n').map(|(at, _)| at).collect();
        Self { text, name, line_ends, folder, reading }
    }

    pub(super) fn mistake(&self, at: usize, field: String, message: impl Into<String>) {
        let place = Place { file: Arc::clone(self.name), line: Some(self.line(at)), column: None, field };
        self.reading.findings.mistake(place, message);
    }

    /// The line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        self.line_ends.partition_point(|end| *end < at) + 1
    }

    /// The line's text up to a byte.
    fn line_before(&self, at: usize) -> &str {
        let before = self.text.get(..at).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default()
    }
}

impl<'a> Field<'a> {
    pub(super) fn mistake(&self, message: impl Into<String>) {
        self.file.mistake(self.at, self.path.clone(), message);
    }

    pub(super) fn line(&self) -> usize {
        self.file.line(self.at)
    }

    /// Whether the key stands in a table's header, as `[host."https://HOST"]`, and not in a line of its own or an inline table.
    pub(super) fn is_in_header(&self) -> bool {
        self.file.line_before(self.at).trim_start().starts_with('[')
    }

    /// A string that is not empty.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = self.string()?;
        if text.is_empty() {
            self.mistake("must not be empty");
            return None;
        }
        Some(text)
    }

    /// A string, also an empty one.
    pub(super) fn string(&self) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.wrong("a string"),
        }
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong("true or false, without quotes"),
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value else { return self.wrong("a list") };
        if items.len() > MAX_ITEMS {
            self.mistake(format!("holds more than {MAX_ITEMS} items"));
            return None;
        }
        let items = items.iter().enumerate().map(|(index, item)| Self {
            value: item.get_ref(),
            at: item.span().start,
            path: FieldPath::Item(&FieldPath::Written(&self.path), index).to_string(),
            file: self.file,
        });
        Some(items.collect())
    }

    /// The items of a list, or what is not written as one.
    pub(super) fn one_or_more(&self, wanted: &str) -> Vec<Self> {
        match self.value {
            DeValue::String(_) => vec![self.clone()],
            DeValue::Array(_) => self.items().unwrap_or_default(),
            _ => self.wrong(wanted).unwrap_or_default(),
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, DeValue::Array(_))
    }

    /// The members of a table whose keys the user chooses, in the order of the file.
    pub(super) fn members(&self) -> Option<Vec<(&'a str, Self)>> {
        let DeValue::Table(entries) = self.value else { return self.wrong("a table") };
        let mut entries: Vec<_> = entries.iter().collect();
        entries.sort_by_key(|(key, value)| first(key, value));
        Some(entries.iter().map(|(key, value)| (&**key.get_ref(), member(&self.path, key, value, self.file))).collect())
    }

    /// The table, to ask for fields by name.
    pub(super) fn table(&self) -> Option<Table<'a>> {
        let DeValue::Table(entries) = self.value else { return self.wrong("a table") };
        Some(Table { entries, path: self.path.clone(), file: self.file, known: Vec::new() })
    }

    pub(super) fn wrong<T>(&self, wanted: &str) -> Option<T> {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.mistake(format!("must be {wanted}, not {found}"));
        None
    }
}

impl<'a> Table<'a> {
    /// A whole file.
    pub(super) fn root(entries: &'a DeTable<'a>, file: &'a File<'a>) -> Self {
        Self { entries, path: String::new(), file, known: Vec::new() }
    }

    /// A field that may be absent.
    pub(super) fn take(&mut self, name: &'static str) -> Option<Field<'a>> {
        self.known.push(name);
        let (key, value) = self.entries.iter().find(|(key, _)| **key.get_ref() == *name)?;
        Some(member(&self.path, key, value, self.file))
    }

    /// Tells the fields that nobody asked for.
    pub(super) fn finish(self) {
        for (key, value) in self.entries {
            if !self.known.contains(&&**key.get_ref()) {
                let hint = did_you_mean(key.get_ref(), self.known.iter().copied());
                member(&self.path, key, value, self.file).mistake(format!("unknown field{hint}"));
            }
        }
    }
}

/// Where a member begins. The header of one of its own tables may stand before its own.
fn first(key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> usize {
    let of_tables = match value.get_ref() {
        DeValue::Table(entries) => entries.keys().map(|key| key.span().start).min(),
        _ => None,
    };
    of_tables.map_or(key.span().start, |at| at.min(key.span().start))
}

fn member<'a>(
    path: &str,
    key: &'a Spanned<DeString<'a>>,
    value: &'a Spanned<DeValue<'a>>,
    file: &'a File<'a>,
) -> Field<'a> {
    // A key may be a URL with a password in it.
    let shown = without_secrets(key.get_ref());
    let path = FieldPath::Member(&FieldPath::Written(path), &shown).to_string();
    Field { value: value.get_ref(), at: key.span().start, path, file }
}
