//! The tree that the readers build. It borrows from the text wherever a string has no escapes.

use std::{borrow::Cow, cmp::Ordering};

use super::scan::order;

/// A value of a JSON or Rego text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// A Rego set, which JSON does not have; nothing in the contract is one.
    Set(Vec<Value<'a>>),
    /// An object; its names are unique.
    Object(Object<'a>),
}

/// An object's members in the order of their names' bytes, each name once.
///
/// Not in the order of the text: OPA sorts members before the module sees them, and the same document must give the same verdict everywhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Value<'a> {
    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number below 2^53, where it is one and is written as one: no sign, fraction or exponent.
    pub fn as_size(&self) -> Option<u64> {
        match self {
            Self::Number(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().ok().filter(|size| *size < 1 << 53)
            }
            _ => None,
        }
    }

    /// The object, where it is one.
    pub fn as_object(&self) -> Option<&Object<'a>> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, where it is an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The JSON name of the value's type, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Set(_) => "a set",
            Self::Object(_) => "an object",
        }
    }
}

impl<'a> Object<'a> {
    /// An object of these members.
    ///
    /// # Errors
    /// A name that occurs twice.
    pub(super) fn new(mut members: Vec<(Cow<'a, str>, Value<'a>)>) -> Result<Self, Cow<'a, str>> {
        // Names mostly come in order (serde_json, Go and Rego write them so), and then nothing is sorted.
        if !members.is_sorted_by(|(a, _), (b, _)| order(a, b) == Ordering::Less) {
            members.sort_unstable_by(|(a, _), (b, _)| order(a, b));
            if let Some(twice) = members.windows(2).position(|pair| pair[0].0 == pair[1].0) {
                return Err(members.swap_remove(twice).0);
            }
        }
        Ok(Self(members))
    }

    /// The member of that name, compared byte for byte.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.binary_search_by(|(member, _)| order(member, name)).ok().map(|index| &self.0[index].1)
    }

    /// The members in the order of their names' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_plain_whole_number_below_2_to_the_53() {
        assert_eq!(Value::Number("9007199254740991").as_size(), Some((1 << 53) - 1));
        for text in ["9007199254740992", "-1", "1.0", "1e2", "18446744073709551616"] {
            assert_eq!(Value::Number(text).as_size(), None, "{text}");
        }
    }
}
