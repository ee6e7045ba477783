//! Data files (`data.json`, `data.yaml`), merged into one document as OPA merges them: by their folder, and no key twice.

mod json;
mod yaml;

use std::{collections::BTreeMap, sync::Arc};

use wasm_policy::text::shown;

use super::{
    canonical,
    claims::{Claim, Kind},
    error::{Error, Place},
    files::{DataFile, Notation},
    roots::Roots,
};

/// A value, and where it is written.
#[derive(Debug)]
pub(super) struct Data {
    value: Value,
    place: Place,
}

#[derive(Debug)]
enum Value {
    Object(BTreeMap<String, Data>),
    /// Anything that is not merged, as canonical JSON.
    Other(String),
}

impl Data {
    /// Reads a file, as a value below its folder.
    pub(super) fn read(file: &DataFile) -> Result<Self, Error> {
        let DataFile { source, folder, notation } = file;
        let read = match notation {
            Notation::Json => json::read(source)?,
            Notation::Yaml => yaml::read(source)?,
        };
        if folder.is_empty() && !matches!(read.value, Value::Object(_)) {
            let message =
                "data at the top of a bundle must be an object; write {\"name\": …}, or put the file into a folder";
            return Err(Error::Wrong(read.place, message.to_owned()));
        }
        Ok(folder.iter().rev().fold(read, |inner, name| Self {
            place: inner.place.clone(),
            value: Value::Object(BTreeMap::from([(name.clone(), inner)])),
        }))
    }

    /// Adds what it defines. That begins `depth` members deep, in the folder of its file, or deeper where a path there is not the user's alone.
    pub(super) fn claims(&self, depth: usize, roots: &Roots, claims: &mut Vec<Claim>) {
        self.claim(&mut Vec::new(), depth, roots, claims);
    }

    fn claim(&self, path: &mut Vec<String>, depth: usize, roots: &Roots, claims: &mut Vec<Claim>) {
        match &self.value {
            Value::Object(members) if path.len() < depth || roots.is_above(path) => {
                for (name, member) in members {
                    path.push(name.clone());
                    member.claim(path, depth, roots, claims);
                    path.pop();
                }
            }
            _ => claims.push(Claim { kind: Kind::Data, path: path.clone(), place: self.place.clone() }),
        }
    }

    /// Adds another file's data.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), Error> {
        self.merge_at(other, &mut Vec::new())
    }

    fn merge_at(&mut self, other: Self, path: &mut Vec<String>) -> Result<(), Error> {
        let (Value::Object(members), Value::Object(others)) = (&mut self.value, other.value) else {
            let key = shown(&path.join(".")).to_string();
            return Err(Error::SameKey { key, first: self.place.clone(), second: other.place });
        };
        for (name, other) in others {
            match members.get_mut(&name) {
                None => _ = members.insert(name, other),
                Some(member) => {
                    path.push(name);
                    member.merge_at(other, path)?;
                    path.pop();
                }
            }
        }
        Ok(())
    }

    /// The document as a file of the bundle.
    pub(super) fn canonical(&self) -> Vec<u8> {
        let mut text = String::new();
        self.write(&mut text);
        text.into_bytes()
    }

    fn write(&self, text: &mut String) {
        match &self.value {
            Value::Other(json) => text.push_str(json),
            Value::Object(members) => {
                text.push('{');
                for (index, (name, member)) in members.iter().enumerate() {
                    text.push_str(if index == 0 { "" } else { "," });
                    text.push_str(&canonical::string(name));
                    text.push(':');
                    member.write(text);
                }
                text.push('}');
            }
        }
    }

    fn array(elements: &[Self], place: Place) -> Self {
        let mut text = "[".to_owned();
        for (index, element) in elements.iter().enumerate() {
            text.push_str(if index == 0 { "" } else { "," });
            element.write(&mut text);
        }
        text.push(']');
        Self { value: Value::Other(text), place }
    }

    fn object(members: BTreeMap<String, Self>, place: Place) -> Self {
        Self { value: Value::Object(members), place }
    }

    fn other(json: impl Into<String>, place: Place) -> Self {
        Self { value: Value::Other(json.into()), place }
    }
}

fn place(file: &Arc<str>, line: Option<usize>) -> Place {
    Place { file: Arc::clone(file), line }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::files::Source;

    fn file(name: &str, folder: &[&str], text: &str) -> DataFile {
        let notation = if name.contains(".json") { Notation::Json } else { Notation::Yaml };
        let source = Source { file: Arc::from(name), text: text.to_owned() };
        DataFile { source, folder: folder.iter().map(|name| (*name).to_owned()).collect(), notation }
    }

    fn merged(files: &[DataFile]) -> Result<String, String> {
        let mut all: Option<Data> = None;
        for file in files {
            let data = Data::read(file).map_err(|error| error.to_string())?;
            match &mut all {
                None => all = Some(data),
                Some(all) => all.merge(data).map_err(|error| error.to_string())?,
            }
        }
        Ok(String::from_utf8(all.unwrap().canonical()).unwrap())
    }

    #[test]
    fn files_are_merged_by_their_folders() {
        let merged = merged(&[
            file("data.json", &[], r#"{ "zoo": 1, "acme": {"b": [true, null, {"y": 1, "x": "\u00e9"}]} }"#),
            file("acme/data.yaml", &["acme"], "a: text\nc: {}\n"),
            file(
                "acme/deep/er/data.json",
                &["acme", "deep", "er"],
                "[1.50, -0, 1E400, 123456789012345678901234567890]",
            ),
        ]);
        assert_eq!(
            merged.unwrap(),
            r#"{"acme":{"a":"text","b":[true,null,{"x":"é","y":1}],"c":{},"deep":{"er":[1.50,-0,1E400,123456789012345678901234567890]}},"zoo":1}"#
        );
    }

    #[test]
    fn a_key_in_two_files_is_told_with_both_places() {
        let twice = merged(&[
            file("data.json", &[], "{\"acme\":\n{\"images\": 1}}"),
            file("acme/data.yaml", &["acme"], "more: 1\nimages: 1\n"),
        ]);
        assert_eq!(
            twice.unwrap_err(),
            "acme/data.yaml:2: data.acme.images is also in data.json:2; OPA loads no bundle that says it twice, so remove one of the two"
        );
        assert!(merged(&[file("a.json", &["a"], "{}"), file("b.json", &["a"], "[]")]).is_err());
        assert_eq!(merged(&[file("a.json", &["a"], "{}"), file("b.json", &["a"], "{}")]).unwrap(), r#"{"a":{}}"#);
    }

    #[test]
    fn data_at_the_top_is_an_object() {
        let error = merged(&[file("data.json", &[], "[1]")]).unwrap_err();
        assert!(error.starts_with("data.json:1: data at the top of a bundle must be an object"), "{error}");
        assert_eq!(merged(&[file("data.json", &["acme"], "[1]")]).unwrap(), r#"{"acme":[1]}"#);
    }

    #[test]
    fn a_file_claims_its_folder_or_what_it_holds_at_the_top() {
        let claims = |file: DataFile, roots: &[&str]| {
            let roots = Roots::named(&roots.iter().map(|root| (*root).to_owned()).collect::<Vec<_>>()).unwrap();
            let mut claims = Vec::new();
            Data::read(&file).unwrap().claims(file.folder.len(), &roots, &mut claims);
            claims.iter().map(|claim| format!("{} {claim}", claim.place)).collect::<Vec<_>>()
        };
        assert_eq!(
            claims(file("data.json", &[], "{\"b\": 1,\n\"a\": {\"x\": 1}}"), &[]),
            ["data.json:2 data.a", "data.json:1 data.b"]
        );
        assert_eq!(claims(file("data.json", &["a"], "{\"x\": 1}"), &[]), ["data.json:1 data.a"]);
        assert_eq!(
            claims(file("data.json", &[], "{\"a\": {\"x\": 1, \"y\": 2}}"), &["a/x"]),
            ["data.json:1 data.a.x", "data.json:1 data.a.y"]
        );
        // Below `system` only `log` is not the user's.
        assert_eq!(claims(file("data.json", &["system"], "{\"x\": 1}"), &[]), ["data.json:1 data.system.x"]);
        assert_eq!(claims(file("data.json", &["system"], "1"), &[]), ["data.json:1 data.system"]);
    }
}
