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

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::der;

    use super::*;

    fn one<'a, T>(bytes: &'a [u8], read: impl Fn(&mut Elements<'a>) -> Result<T, Malformed>) -> Result<T, Malformed> {
        let mut elements = Elements::new(bytes)?;
        let value = read(&mut elements)?;
        elements.finish()?;
        Ok(value)
    }

    #[test]
    fn lengths_are_definite_and_the_shortest() {
        assert_eq!(one(&[0x04, 1, 7], |e| e.tagged(Tag::OctetString)), Ok(&[7][..]));
        for bytes in [
            &[0x04, 0x81, 1, 7][..],
            &[0x04, 0x82, 0, 1, 7],
            &[0x04, 0x85, 0, 0, 0, 0, 1, 7],
            &[0x24, 0x80, 4, 1, 7, 0, 0],
            &[0x04, 2, 7],
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x04],
            &[],
        ] {
            assert_eq!(one(bytes, |e| e.tagged(Tag::OctetString)), Err(Malformed), "{bytes:x?}");
        }
    }

    #[test]
    fn what_follows_the_last_element_rejects() {
        assert_eq!(one(&[0x05, 0, 0], |e| e.tagged(Tag::Null)), Err(Malformed));
    }

    #[test]
    fn an_integer_is_the_shortest_and_may_be_of_any_size() {
        for contents in [&[0][..], &[0xff], &[0x80], &[0, 0x80], &[0x7f; 100], &[0xff, 0x7f]] {
            assert_eq!(one(&der::element(der::INTEGER, contents), Elements::integer), Ok(contents));
        }
        for contents in [&[][..], &[0, 0], &[0, 0x7f], &[0xff, 0x80], &[0xff, 0xff]] {
            assert_eq!(one(&der::element(der::INTEGER, contents), Elements::integer), Err(Malformed), "{contents:x?}");
        }
    }

    #[test]
    fn a_positive_integer_is_above_zero() {
        let read =
            |contents: &[u8]| one(&der::element(der::INTEGER, contents), |e| e.positive_integer().map(<[u8]>::to_vec));
        assert_eq!(read(&[1]), Ok(vec![1]));
        assert_eq!(read(&[0, 0x80]), Ok(vec![0x80]));
        for contents in [&[0][..], &[0x80], &[0xff, 0x7f], &[0, 1]] {
            assert_eq!(read(contents), Err(Malformed), "{contents:x?}");
        }
    }

    #[test]
    fn a_small_integer_ends_below_2_to_the_31() {
        let read = |contents: &[u8]| one(&der::element(der::INTEGER, contents), Elements::small_integer);
        assert_eq!(read(&[0]), Ok(0));
        assert_eq!(read(&[0x7f, 0xff, 0xff, 0xff]), Ok((1 << 31) - 1));
        for contents in [&[0xff][..], &[0, 0x80, 0, 0, 0], &[1, 0, 0, 0, 0]] {
            assert_eq!(read(contents), Err(Malformed), "{contents:x?}");
        }
    }

    #[test]
    fn true_is_ff_and_a_written_false_is_tolerated() {
        let read = |bytes: &[u8]| one(bytes, Elements::boolean_or_false);
        assert_eq!(read(&[]), Ok(false));
        assert_eq!(read(&[1, 1, 0]), Ok(false));
        assert_eq!(read(&[1, 1, 0xff]), Ok(true));
        assert_eq!(read(&[1, 1, 1]), Err(Malformed));
        assert_eq!(read(&[1, 0]), Err(Malformed));
    }

    #[test]
    fn times_are_those_of_rfc_5280() {
        let read = |tag, text: &str| one(&der::element(tag, text.as_bytes()), |e| e.time().map(|t| t.to_string()));
        for (tag, text, time) in [
            (der::UTC_TIME, "500101000000Z", "1950-01-01T00:00:00Z"),
            (der::UTC_TIME, "991231235959Z", "1999-12-31T23:59:59Z"),
            (der::UTC_TIME, "000101000000Z", "2000-01-01T00:00:00Z"),
            (der::UTC_TIME, "491231235959Z", "2049-12-31T23:59:59Z"),
            (der::GENERALIZED_TIME, "20500101000000Z", "2050-01-01T00:00:00Z"),
            (der::GENERALIZED_TIME, "99991231235959Z", "9999-12-31T23:59:59Z"),
            (der::GENERALIZED_TIME, "00010101000000Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(tag, text), Ok(time.into()));
        }
        for (tag, text) in [
            (der::UTC_TIME, "2001010000Z"),
            (der::UTC_TIME, "200101000000+0000"),
            (der::UTC_TIME, "200101000000"),
            (der::UTC_TIME, "200230000000Z"),
            (der::UTC_TIME, "200101000060Z"),
            (der::UTC_TIME, "20010100000/Z"),
            (der::UTC_TIME, "20200101000000Z"),
            (der::GENERALIZED_TIME, "200101000000Z"),
            (der::GENERALIZED_TIME, "20200101000000.5Z"),
            (der::GENERALIZED_TIME, "20200101000000"),
            (der::GENERALIZED_TIME, "00000101000000Z"),
            (der::OCTET_STRING, "20200101000000Z"),
        ] {
            assert_eq!(read(tag, text), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn identifiers_are_written_with_dots_however_large_their_arcs_are() {
        let shown = |encoded: &[u8]| one(encoded, |e| e.oid().map(|oid| oid.to_string()));
        for dotted in
            ["2.5.4.3", "1.2.840.113549.1.1.11", "0.9.2342", "2.999.1", "2.25.329800735698586629295641978511506172918"]
        {
            assert_eq!(shown(&der::oid(dotted)), Ok(dotted.into()));
        }
        let huge = [&[0x2a][..], &[0xff; 20], &[0x7f]].concat();
        assert_eq!(shown(&der::element(6, &huge)), Ok(format!("1.2.0x{}7f", "ff".repeat(20))));
        for contents in [&[][..], &[0x80, 1], &[0x2a, 0x80, 1], &[0x2a, 0x81]] {
            assert_eq!(shown(&der::element(6, contents)), Err(Malformed), "{contents:x?}");
        }
    }
}
