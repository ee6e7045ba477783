//! JSON with secrets in it: a tree whose texts are wiped when it goes, and errors that repeat nothing of the document but names of members.
//!
//! Types derived for serde would tell a text at the wrong place by showing it.

use std::fmt;

use secrecy::SecretString;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use thiserror::Error;

/// A value, as far as it matters here.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Text(SecretString),
    Object(Object),
    /// What no member of interest is; for people.
    Other(&'static str),
}

/// Members in their order, repeated ones too.
#[derive(Debug)]
pub(super) struct Object(pub(super) Vec<(String, Json)>);

/// Where a text stops being JSON.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {reason}")]
pub(super) struct NotJson {
    line: usize,
    column: usize,
    reason: String,
}

/// A member that is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{member} {reason}")]
pub(super) struct Wrong {
    pub(super) member: String,
    pub(super) reason: String,
}

impl Json {
    pub(super) fn read(text: &[u8]) -> Result<Self, NotJson> {
        serde_json::from_slice(text).map_err(|error| {
            let told = error.to_string();
            let reason = told.split(" at line ").next().unwrap_or_default().to_owned();
            NotJson { line: error.line(), column: error.column(), reason }
        })
    }

    /// The text; `member` is where it is.
    pub(super) fn text(&self, member: &str) -> Result<&SecretString, Wrong> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(wrong(member, format!("is {}, and must be a text", other.kind()))),
        }
    }

    /// The object; `member` is where it is.
    pub(super) fn object(&self, member: &str) -> Result<&Object, Wrong> {
        match self {
            Self::Object(object) => Ok(object),
            other => Err(wrong(member, format!("is {}, and must be an object", other.kind()))),
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "a text",
            Self::Object(_) => "an object",
            Self::Other(kind) => kind,
        }
    }
}

impl Object {
    /// The member of that name, unless it is null.
    ///
    /// Names are compared without case, as in Docker, so that a login is not overlooked for how it is spelled.
    pub(super) fn member(&self, name: &str) -> Result<Option<&Json>, Wrong> {
        let mut named = self.0.iter().filter(|(written, _)| written.eq_ignore_ascii_case(name));
        match (named.next(), named.next()) {
            (_, Some(_)) => Err(wrong(name, "is there twice")),
            (Some((_, Json::Null)) | None, None) => Ok(None),
            (Some((_, value)), None) => Ok(Some(value)),
        }
    }
}

pub(super) fn wrong(member: &str, reason: impl Into<String>) -> Wrong {
    Wrong { member: member.to_owned(), reason: reason.into() }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Tree;

        impl<'de> Visitor<'de> for Tree {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
                Ok(Json::Other("true or false"))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
                Ok(Json::Other("a number"))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
                Ok(Json::Other("a number"))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Other("a number"))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(SecretString::from(text)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
                while elements.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Json::Other("a list"))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
                let mut object = Vec::new();
                while let Some(member) = members.next_entry()? {
                    object.push(member);
                }
                Ok(Json::Object(Object(object)))
            }
        }

        deserializer.deserialize_any(Tree)
    }
}
