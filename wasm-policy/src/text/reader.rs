//! The reader that both dialects share: a descent over the text that borrows every string without escapes.

use std::borrow::Cow;

use crate::{
    code::{Code, Failure},
    limits::Limits,
};

use super::{Object, Value, scan, shown};

const NAME_EXPECTED: &str = "a member's name must be a string";

/// What tells one notation from another.
pub(super) trait Dialect {
    /// Its name in messages.
    const NAME: &'static str;
    /// Whether `{1, 2}` and `set()` are values.
    const SETS: bool;

    /// What a backslash with that letter stands for.
    fn escape(letter: u8) -> Option<Escape>;
}

/// What an escape stands for.
pub(super) enum Escape {
    /// This character.
    Char(char),
    /// The byte of two hexadecimal digits, which must be ASCII: a higher one stands for a byte that is no UTF-8.
    Byte,
    /// The scalar value of eight hexadecimal digits.
    Scalar,
    /// The UTF-16 unit of four hexadecimal digits; a surrogate needs its other half as the next escape.
    Utf16,
}

/// The text as UTF-8, where it is not too long to be read.
pub(super) fn utf8<'a>(text: &'a [u8], limits: &Limits) -> Result<&'a str, Failure> {
    bounded(text.len(), limits)?;
    core::str::from_utf8(text).map_err(|error| {
        Failure::new(Code::InputMalformed, format!("the text is not UTF-8 (at byte {})", error.valid_up_to()))
    })
}

fn bounded(length: usize, limits: &Limits) -> Result<(), Failure> {
    if length <= limits.input_bytes {
        return Ok(());
    }
    let message = format!("the text has {length} bytes; {} are accepted", limits.input_bytes);
    Err(Failure::new(Code::InputTooLarge, message))
}

/// Reads one value that takes up the whole text.
pub(super) fn read<'a, D: Dialect>(text: &'a str, limits: &Limits) -> Result<Value<'a>, Failure> {
    bounded(text.len(), limits)?;
    let mut reader = Reader { text, at: 0, values: limits.text_values, _dialect: core::marker::PhantomData::<D> };
    reader.space();
    let value = reader.value(limits.text_depth)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.malformed("the text goes on after its value")),
    }
}

struct Reader<'a, D> {
    text: &'a str,
    /// The next byte. It is always at a character's start: every step is over ASCII or whole runs between ASCII.
    at: usize,
    /// How many more values are accepted.
    values: usize,
    _dialect: core::marker::PhantomData<D>,
}

impl<'a, D: Dialect> Reader<'a, D> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        let Some(values) = self.values.checked_sub(1) else {
            return Err(Failure::new(Code::InputTooLarge, "the text has more values than are accepted"));
        };
        self.values = values;
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'{') => self.braces(deeper(depth)?),
            Some(b'[') => self.array(deeper(depth)?),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') if self.take("true") => Ok(Value::Bool(true)),
            Some(b'f') if self.take("false") => Ok(Value::Bool(false)),
            Some(b'n') if self.take("null") => Ok(Value::Null),
            Some(b's') if D::SETS && self.take("set()") => Ok(Value::Set(Vec::new())),
            Some(_) => Err(self.malformed("a value is expected")),
            None => Err(self.malformed("the text ends where a value is expected")),
        }
    }

    /// What braces enclose: an object, or a set of at least one element where the dialect has sets.
    fn braces(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        self.at += 1;
        self.space();
        if self.step_over(b'}') {
            return Ok(Value::Object(Object::default()));
        }
        // A string may be a name, which does not count as a value.
        let first = match self.peek() {
            Some(b'"') => Value::String(self.string()?),
            Some(_) if D::SETS => self.value(depth)?,
            _ => return Err(self.malformed(NAME_EXPECTED)),
        };
        self.space();
        match first {
            Value::String(name) if !D::SETS || self.peek() == Some(b':') => self.members(name, depth),
            _ if self.peek() == Some(b':') => Err(self.malformed(NAME_EXPECTED)),
            first => self.set(first, depth),
        }
    }

    /// The members of an object, whose first name has been read.
    fn members(&mut self, first: Cow<'a, str>, depth: usize) -> Result<Value<'a>, Failure> {
        let mut members = Vec::new();
        let mut name = first;
        loop {
            self.space();
            self.expect(b':', "`:` is expected after a member's name")?;
            self.space();
            members.push((name, self.value(depth)?));
            self.space();
            if self.step_over(b'}') {
                return self.object(members);
            }
            self.expect(b',', "`,` or `}` is expected after a member")?;
            self.space();
            name = self.name()?;
        }
    }

    fn name(&mut self) -> Result<Cow<'a, str>, Failure> {
        match self.peek() {
            Some(b'"') => self.string(),
            _ => Err(self.malformed(NAME_EXPECTED)),
        }
    }

    fn object(&self, members: Vec<(Cow<'a, str>, Value<'a>)>) -> Result<Value<'a>, Failure> {
        Object::new(members).map(Value::Object).map_err(|name| {
            let message = format!("the name {} occurs twice in the object that ends at byte {}", shown(&name), self.at);
            Failure::new(Code::DuplicateMember, message)
        })
    }

    /// The elements of a set, whose first one has been read.
    fn set(&mut self, first: Value<'a>, depth: usize) -> Result<Value<'a>, Failure> {
        let mut elements = vec![first];
        loop {
            if self.step_over(b'}') {
                return Ok(Value::Set(elements));
            }
            self.expect(b',', "`,` or `}` is expected after an element")?;
            self.space();
            elements.push(self.value(depth)?);
            self.space();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, Failure> {
        self.at += 1;
        self.space();
        let mut elements = Vec::new();
        if self.step_over(b']') {
            return Ok(Value::Array(elements));
        }
        loop {
            elements.push(self.value(depth)?);
            self.space();
            if self.step_over(b']') {
                return Ok(Value::Array(elements));
            }
            self.expect(b',', "`,` or `]` is expected after an element")?;
            self.space();
        }
    }

    /// A number of RFC 8259, section 6, as it is written.
    fn number(&mut self) -> Result<Value<'a>, Failure> {
        let start = self.at;
        self.step_over(b'-');
        if !self.step_over(b'0') {
            self.digits()?;
        }
        if self.step_over(b'.') {
            self.digits()?;
        }
        if self.step_over(b'e') || self.step_over(b'E') {
            let _ = self.step_over(b'+') || self.step_over(b'-');
            self.digits()?;
        }
        Ok(Value::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> Result<(), Failure> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        if digits == 0 { Err(self.malformed("a digit is expected")) } else { Ok(()) }
    }

    /// A string, borrowed where it has no escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, Failure> {
        self.at += 1;
        let run = self.run();
        if self.step_over(b'"') {
            return Ok(Cow::Borrowed(run));
        }
        let mut string = String::from(run);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(string));
                }
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return Err(self.malformed("a control character must be escaped")),
                None => return Err(self.malformed("the text ends within a string")),
            }
            string.push_str(self.run());
        }
    }

    /// The part of a string up to the next character that means something.
    fn run(&mut self) -> &'a str {
        let start = self.at;
        self.at += scan::plain_run(self.rest());
        &self.text[start..self.at]
    }

    fn escape(&mut self) -> Result<char, Failure> {
        self.at += 1;
        let letter = self.peek().unwrap_or_default();
        let escape = D::escape(letter).ok_or_else(|| self.malformed("the escape is unknown"))?;
        self.at += 1;
        let scalar = match escape {
            Escape::Char(character) => return Ok(character),
            Escape::Scalar => self.hexadecimal(8)?,
            Escape::Byte => match self.hexadecimal(2)? {
                ascii @ ..0x80 => ascii,
                _ => return Err(self.malformed("a byte above \\x7f is no character")),
            },
            Escape::Utf16 => match self.hexadecimal(4)? {
                high @ 0xd800..0xdc00 if self.take("\\u") => match self.hexadecimal(4)? {
                    low @ 0xdc00..0xe000 => 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00),
                    _ => high,
                },
                unit => unit,
            },
        };
        char::from_u32(scalar).ok_or_else(|| self.malformed("the escape is no Unicode character"))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, Failure> {
        let text = self.rest().get(..digits).unwrap_or_default();
        let value = text.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?));
        match value {
            Some(value) if text.len() == digits => {
                self.at += digits;
                Ok(value)
            }
            _ => Err(self.malformed("hexadecimal digits are expected in the escape")),
        }
    }

    fn space(&mut self) {
        // Mostly there is none or a single one.
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step_over(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.rest().starts_with(word.as_bytes());
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn expect(&mut self, byte: u8, message: &str) -> Result<(), Failure> {
        if self.step_over(byte) { Ok(()) } else { Err(self.malformed(message)) }
    }

    fn malformed(&self, message: &str) -> Failure {
        Failure::new(Code::InputMalformed, format!("not {}: {message} (at byte {})", D::NAME, self.at))
    }
}

/// How much deeper a text may go on inside a bracket.
fn deeper(depth: usize) -> Result<usize, Failure> {
    // Without its place: the same document has another one in JSON than in Rego, and must get the same verdict.
    depth.checked_sub(1).ok_or_else(|| Failure::new(Code::InputTooLarge, "the text is nested too deeply"))
}
