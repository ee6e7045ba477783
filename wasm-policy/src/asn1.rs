//! Reading DER (X.690) without copying: the pieces from which certificates and keys are read.
//!
//! Tags and lengths are decoded by the `der` crate, which refuses indefinite and non-minimal lengths. The structures above them are our own, not
//! `x509-cert`'s, because those decide too much too early: what is verified must be the bytes that were received, a serial number may be any
//! INTEGER, a UTCTime begins in 1950, names may hold strings of types that nobody writes any more, and an extension that is not evaluated may
//! hold anything.

use core::fmt::{self, Write as _};

use der::{Decode as _, Header, Reader as _, SliceReader, Tag, TagNumber, asn1::AnyRef};

use crate::time::Instant;

/// The bytes are not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl From<der::Error> for Malformed {
    fn from(_: der::Error) -> Self {
        Self
    }
}

/// Reads the elements of a constructed value one after the other.
#[derive(Clone)]
pub(crate) struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    /// The elements in the contents of a constructed value, or the one element of a document.
    pub(crate) fn new(contents: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self(SliceReader::new(contents)?))
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_finished()
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next element, of any type: its tag and contents.
    pub(crate) fn any(&mut self) -> Result<(Tag, &'a [u8]), Malformed> {
        let element = AnyRef::decode(&mut self.0)?;
        Ok((der::Tagged::tag(&element), element.value()))
    }

    /// The next element whole, tag and length included.
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.0.tlv_bytes()?)
    }

    /// The contents of the next element, which has that tag.
    pub(crate) fn tagged(&mut self, expected: Tag) -> Result<&'a [u8], Malformed> {
        match self.any()? {
            (tag, contents) if tag == expected => Ok(contents),
            _ => Err(Malformed),
        }
    }

    /// The contents of the next element where it has that tag; an element of another tag stays.
    pub(crate) fn optional(&mut self, tag: Tag) -> Result<Option<&'a [u8]>, Malformed> {
        if self.is_empty() || Header::peek(&self.0)?.tag() != tag {
            return Ok(None);
        }
        self.tagged(tag).map(Some)
    }

    /// The elements of the next element, a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Elements<'a>, Malformed> {
        Elements::new(self.tagged(Tag::Sequence)?)
    }

    /// The next element, an OBJECT IDENTIFIER.
    pub(crate) fn oid(&mut self) -> Result<Oid<'a>, Malformed> {
        Oid::new(self.tagged(Tag::ObjectIdentifier)?)
    }

    /// The two's complement bytes of the next element, an INTEGER of any size.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        integer(self.tagged(Tag::Integer)?)
    }

    /// The magnitude of the next element, an INTEGER above zero, without leading zeros.
    pub(crate) fn positive_integer(&mut self) -> Result<&'a [u8], Malformed> {
        match self.integer()? {
            [0, magnitude @ ..] if !magnitude.is_empty() => Ok(magnitude),
            magnitude @ [1..=0x7f, ..] => Ok(magnitude),
            _ => Err(Malformed),
        }
    }

    /// The next element, an INTEGER from 0 to 2^31 - 1.
    pub(crate) fn small_integer(&mut self) -> Result<u32, Malformed> {
        let bytes = self.integer()?;
        if bytes.len() > 4 || bytes.first().is_none_or(|first| *first > 0x7f) {
            return Err(Malformed);
        }
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    }

    /// A BOOLEAN that is false where it is absent. A written false is tolerated, though DER omits it: many encoders write it.
    pub(crate) fn boolean_or_false(&mut self) -> Result<bool, Malformed> {
        match self.optional(Tag::Boolean)? {
            None | Some([0]) => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// The next element, a BIT STRING of whole octets.
    pub(crate) fn octet_aligned_bits(&mut self) -> Result<&'a [u8], Malformed> {
        match self.tagged(Tag::BitString)? {
            [0, octets @ ..] => Ok(octets),
            _ => Err(Malformed),
        }
    }

    /// The next element, a UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 has them: with seconds, in UTC, without a fraction.
    pub(crate) fn time(&mut self) -> Result<Instant, Malformed> {
        let (tag, text) = self.any()?;
        let (year, rest) = match (tag, text) {
            (Tag::UtcTime, [y1, y2, rest @ ..]) => {
                let year = two_digits(*y1, *y2)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            (Tag::GeneralizedTime, [y1, y2, y3, y4, rest @ ..]) => {
                (two_digits(*y1, *y2)? * 100 + two_digits(*y3, *y4)?, rest)
            }
            _ => return Err(Malformed),
        };
        let [mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, b'Z'] = rest else { return Err(Malformed) };
        let (month, day) = (two_digits(*mo1, *mo2)?, two_digits(*d1, *d2)?);
        let (hour, minute, second) = (two_digits(*h1, *h2)?, two_digits(*mi1, *mi2)?, two_digits(*s1, *s2)?);
        Instant::from_civil(i64::from(year), month, day, hour, minute, second).ok_or(Malformed)
    }
}

/// The contents of an INTEGER, whose encoding must be the shortest.
fn integer(contents: &[u8]) -> Result<&[u8], Malformed> {
    match contents {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(Malformed),
        bytes => Ok(bytes),
    }
}

fn two_digits(tens: u8, ones: u8) -> Result<u32, Malformed> {
    if tens.is_ascii_digit() && ones.is_ascii_digit() {
        return Ok(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'));
    }
    Err(Malformed)
}

/// The tag of a context-specific element of a constructed type, as `[3] EXPLICIT`.
pub(crate) const fn constructed_context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag of a context-specific element of a primitive type, as `[6] IMPLICIT IA5String`.
pub(crate) const fn primitive_context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// An OBJECT IDENTIFIER, compared by its encoding.
///
/// Of any length and with arcs of any size: private extensions use both, and need only be told apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    fn new(contents: &'a [u8]) -> Result<Self, Malformed> {
        let ends = contents.last().is_some_and(|last| *last < 0x80);
        let mut first_of_arc = true;
        for byte in contents {
            if first_of_arc && *byte == 0x80 {
                return Err(Malformed);
            }
            first_of_arc = *byte < 0x80;
        }
        if ends { Ok(Self(contents)) } else { Err(Malformed) }
    }

    /// The contents of its encoding.
    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// An identifier from the contents of its encoding, for constants.
    pub(crate) const fn constant(contents: &'static [u8]) -> Oid<'static> {
        Oid(contents)
    }
}

/// Dotted, as `2.5.4.3`; an arc of more than 128 bits is written in hex.
impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, arc) in self.0.split_inclusive(|byte| *byte < 0x80).enumerate() {
            let value = arc
                .iter()
                .try_fold(0_u128, |value, byte| (value >> 121 == 0).then_some(value << 7 | u128::from(byte & 0x7f)));
            match value {
                // The first two arcs share one number.
                Some(value) if position == 0 => {
                    let root = (value / 40).min(2);
                    write!(f, "{root}.{}", value - root * 40)?;
                }
                Some(value) => write!(f, ".{value}")?,
                None => {
                    f.write_char('.')?;
                    write!(f, "0x{}", Hex(arc))?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes as lower-case hex digits.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
