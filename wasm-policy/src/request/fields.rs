//! Reading an object's members with errors that name the place.

use crate::{
    code::{Code, Failure},
    text::{Object, Value, shown},
};

/// An object of the document, the place where it stands, and the code of what is wrong with it.
pub(super) struct Fields<'v, 'a> {
    object: &'v Object<'a>,
    place: String,
    code: Code,
}

impl<'v, 'a> Fields<'v, 'a> {
    pub(super) fn new(value: &'v Value<'a>, place: impl Into<String>, code: Code) -> Result<Self, Failure> {
        let place = place.into();
        match value.as_object() {
            Some(object) => Ok(Self { object, place, code }),
            None => Err(Failure::new(code, format!("{place} is {}, not an object", value.kind()))),
        }
    }

    /// Rejects members that are none of these: an unknown one would silently mean nothing.
    pub(super) fn only(self, known: &[&str]) -> Result<Self, Failure> {
        match self.object.iter().find(|(name, _)| !known.contains(name)) {
            Some((name, _)) => {
                let message =
                    format!("{} has the unknown field `{}`; it knows {}", self.place, shown(name), known.join(", "));
                Err(Failure::new(self.code, message))
            }
            None => Ok(self),
        }
    }

    pub(super) fn optional(&self, name: &str) -> Option<&'v Value<'a>> {
        self.object.get(name)
    }

    pub(super) fn required(&self, name: &str) -> Result<&'v Value<'a>, Failure> {
        self.optional(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'v str, Failure> {
        let value = self.required(name)?;
        value.as_str().ok_or_else(|| self.mistyped(name, value, "a string"))
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'v str>, Failure> {
        self.optional(name).map(|_| self.text(name)).transpose()
    }

    pub(super) fn object(&self, name: &str) -> Result<&'v Object<'a>, Failure> {
        let value = self.required(name)?;
        value.as_object().ok_or_else(|| self.mistyped(name, value, "an object"))
    }

    pub(super) fn fields(&self, name: &str) -> Result<Fields<'v, 'a>, Failure> {
        Fields::new(self.required(name)?, self.path(name), self.code)
    }

    pub(super) fn array(&self, name: &str) -> Result<&'v [Value<'a>], Failure> {
        let value = self.required(name)?;
        value.as_array().ok_or_else(|| self.mistyped(name, value, "an array"))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        texts(self.array(name)?, &self.path(name), self.code)
    }

    /// The elements of an array, each an object.
    pub(super) fn each(&self, name: &str) -> Result<Vec<Fields<'v, 'a>>, Failure> {
        let elements = self.array(name)?.iter().enumerate();
        elements.map(|(at, value)| Fields::new(value, format!("{}[{at}]", self.path(name)), self.code)).collect()
    }

    /// A failure about a member: `config.verifiers[0].name is missing`.
    pub(super) fn wrong(&self, name: &str, what: impl AsRef<str>) -> Failure {
        Failure::new(self.code, format!("{} {}", self.path(name), what.as_ref()))
    }

    fn mistyped(&self, name: &str, value: &Value<'_>, wanted: &str) -> Failure {
        self.wrong(name, format!("is {}, not {wanted}", value.kind()))
    }

    fn path(&self, name: &str) -> String {
        if self.place == "the input" { name.to_owned() } else { format!("{}.{name}", self.place) }
    }
}

pub(super) fn texts(elements: &[Value<'_>], place: &str, code: Code) -> Result<Vec<String>, Failure> {
    let text = |value: &Value<'_>| {
        let wrong = || Failure::new(code, format!("{place} holds {}, where only strings are", value.kind()));
        value.as_str().map(str::to_owned).ok_or_else(wrong)
    };
    elements.iter().map(text).collect()
}
