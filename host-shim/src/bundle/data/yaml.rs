//! A `data.yaml`. What versions of YAML, and of OPA, read in different ways is refused: `yes`, `0x10`, anchors, merge keys.

use std::{collections::BTreeMap, sync::Arc};

use wasm_policy::text::shown;

use super::{Data, place};
use crate::{
    bundle::{
        canonical,
        error::{Error, Place},
        files::Source,
    },
    yaml::{
        self, Entry, Fault, Limits, Node, Scalar, Value,
        scalar::{self, Kind},
    },
};

pub(super) fn read(source: &Source) -> Result<Data, Error> {
    let Source { file, text } = source;
    let documents = yaml::documents(text, Limits::default()).map_err(|faults| wrong(file, &faults))?;
    match documents.as_slice() {
        [document] => data(document, file),
        [] => {
            Err(Error::Wrong(Place::file(file), "holds no data; remove it, or write {} for an empty object".to_owned()))
        }
        [_, second, ..] => {
            let message = "a second document, which OPA does not read; keep one in a file".to_owned();
            Err(Error::Wrong(Place::line(file, second.line), message))
        }
    }
}

fn wrong(file: &Arc<str>, faults: &[Fault]) -> Error {
    match faults.first() {
        Some(Fault { line, path, message, .. }) if path.is_empty() => {
            Error::Wrong(Place::line(file, *line), message.clone())
        }
        Some(Fault { line, path, message, .. }) => Error::Wrong(Place::line(file, *line), format!("{path}: {message}")),
        None => Error::Wrong(Place::file(file), "is no YAML".to_owned()),
    }
}

/// Recursion is bounded by the depth that the reader accepts.
fn data(node: &Node, file: &Arc<str>) -> Result<Data, Error> {
    let place = place(file, Some(node.line));
    match &node.value {
        Value::Scalar(text) => {
            Ok(Data::other(json(text).map_err(|message| Error::Wrong(place.clone(), message))?, place))
        }
        Value::Sequence(items) => {
            let items = items.iter().map(|item| data(item, file)).collect::<Result<Vec<_>, _>>()?;
            Ok(Data::array(&items, place))
        }
        Value::Mapping(entries) => {
            let mut members = BTreeMap::new();
            for Entry { key, value } in entries {
                // A value begins where its key does, so that a mistake is told where a person looks for it.
                let value = Data { place: super::place(file, Some(key.line)), ..data(value, file)? };
                members.insert(name(key, file)?, value);
            }
            Ok(Data::object(members, place))
        }
        Value::Alias => Err(Error::Wrong(place, "aliases are not accepted; write the value out".to_owned())),
    }
}

fn name(key: &Node, file: &Arc<str>) -> Result<String, Error> {
    let text = key.scalar().filter(|text| scalar::kind(text) == Kind::Text);
    text.map(|text| text.text.clone()).ok_or_else(|| {
        let message = "this key may be read as something else than a string; put quotes around it".to_owned();
        Error::Wrong(Place::line(file, key.line), message)
    })
}

fn json(scalar: &Scalar) -> Result<String, String> {
    let text = scalar.text.as_str();
    match scalar::kind(scalar) {
        Kind::Null => Ok("null".to_owned()),
        Kind::Boolean(value) if text.to_lowercase() == value.to_string() => Ok(value.to_string()),
        Kind::Boolean(_) => Err(format!(
            "`{text}` is a boolean to some readers of YAML and a string to others; write true or false, or put quotes around it"
        )),
        Kind::Number if serde_json::from_str::<serde_json::Number>(text).is_ok() => Ok(text.to_owned()),
        Kind::Number => Err(format!(
            "`{}` is a number to some readers of YAML only; write it in decimal, or put quotes around it",
            shown(text)
        )),
        Kind::Text => Ok(canonical::string(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<String, String> {
        let read = read(&Source { file: Arc::from("data.yaml"), text: text.to_owned() });
        read.map(|data| String::from_utf8(data.canonical()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn yaml_becomes_the_json_that_opa_makes_of_it() {
        assert_eq!(
            read_text("b: [1, 1.5, -2, true, False, null, ~, text, '1', \"yes\"]\na: |\n  x\n  y\nd: 2026-11-23\n")
                .unwrap(),
            r#"{"a":"x\ny\n","b":[1,1.5,-2,true,false,null,null,"text","1","yes"],"d":"2026-11-23"}"#
        );
    }

    #[test]
    fn what_readers_of_yaml_disagree_about_is_told_with_its_line() {
        for (text, told) in [
            ("a:\n  - no\n", "data.yaml:2: `no` is a boolean to some"),
            ("a: 0x1F", "data.yaml:1: `0x1F` is a number to some"),
            ("a: 010", "data.yaml:1: `010` is a number to some"),
            ("a: 1_000", "data.yaml:1: `1_000` is a number to some"),
            ("a: .inf", "data.yaml:1: `.inf` is a number to some"),
            ("on: 1", "data.yaml:1: this key may be read"),
            ("1: 1", "data.yaml:1: this key may be read"),
            ("<<: {a: 1}", "data.yaml:1: [\"<<\"]: merge keys (`<<`) are not read"),
            ("a: 1 # \u{2028}b: 2", "data.yaml:1: U+2028 ends a line to some"),
            ("a: &x 1\nb: *x\n", "data.yaml:1: a: anchors"),
            ("a: 1\na: 2\n", "data.yaml:2: a: duplicate key"),
            ("a: 1\n---\nb: 1\n", "data.yaml:3: a second document"),
            ("# nothing\n", "data.yaml: holds no data"),
            ("a: [", "data.yaml:"),
        ] {
            let error = read_text(text).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }
}
