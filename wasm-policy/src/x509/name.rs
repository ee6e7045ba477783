//! Distinguished names (RFC 5280 section 4.1.2.4): their attributes, and how they are written for people (RFC 4514).

use core::fmt::{self, Write as _};
use std::borrow::Cow;

use der::Tag;

use crate::{
    asn1::{Elements, Hex, Malformed, Oid},
    text::is_hidden,
};

/// A distinguished name, as the DER that was received. Names are equal where these bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    der: &'a [u8],
}

/// One attribute of a name.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    oid: Oid<'a>,
    tag: Tag,
    contents: &'a [u8],
    value_der: &'a [u8],
}

impl<'a> Name<'a> {
    /// A name whose DER is the whole of the bytes. Values may be of any type.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = Attributes::of(der)?;
        while rest.advance()?.is_some() {}
        Ok(Self { der })
    }

    /// The DER that was received.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Every attribute in the order of the name, those of multi-valued RDNs one after the other.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        // The name was read once when it was parsed, so nothing is malformed here.
        let mut rest = Attributes::of(self.der).ok();
        core::iter::from_fn(move || rest.as_mut().and_then(|rest| rest.advance().ok().flatten()))
    }
}

/// What is left of a name: the RDNs, and the attributes of the one that is being read.
struct Attributes<'a> {
    rdns: Elements<'a>,
    rdn: Elements<'a>,
}

impl<'a> Attributes<'a> {
    fn of(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut document = Elements::new(der)?;
        let rdns = document.sequence()?;
        document.finish()?;
        Ok(Self { rdns, rdn: Elements::new(&[])? })
    }

    fn advance(&mut self) -> Result<Option<Attribute<'a>>, Malformed> {
        while self.rdn.is_empty() {
            if self.rdns.is_empty() {
                return Ok(None);
            }
            self.rdn = Elements::new(self.rdns.tagged(Tag::Set)?)?;
        }
        let mut fields = self.rdn.sequence()?;
        let oid = fields.oid()?;
        let value_der = fields.clone().raw()?;
        let (tag, contents) = fields.any()?;
        fields.finish()?;
        Ok(Some(Attribute { oid, tag, contents, value_der }))
    }
}

impl<'a> Attribute<'a> {
    /// The attribute's type.
    pub const fn oid(&self) -> Oid<'a> {
        self.oid
    }

    /// The value as text; `None` where its type is no string of X.520 or its bytes are not of that type.
    ///
    /// T61String is read as Latin-1, as everybody does.
    pub fn value(&self) -> Option<Cow<'a, str>> {
        match self.tag {
            Tag::Utf8String => core::str::from_utf8(self.contents).ok().map(Cow::Borrowed),
            Tag::PrintableString => self.restricted(is_printable),
            Tag::Ia5String => self.restricted(|byte| byte.is_ascii()),
            Tag::TeletexString => Some(self.contents.iter().map(|byte| char::from(*byte)).collect()),
            Tag::BmpString => {
                // No surrogates: BMPString has no characters above U+FFFF.
                let (units, odd) = self.contents.as_chunks();
                let characters = units.iter().map(|unit| char::from_u32(u16::from_be_bytes(*unit).into()));
                characters.collect::<Option<String>>().filter(|_| odd.is_empty()).map(Cow::Owned)
            }
            _ => None,
        }
    }

    fn restricted(&self, allowed: impl Fn(u8) -> bool) -> Option<Cow<'a, str>> {
        let text = core::str::from_utf8(self.contents).ok()?;
        text.bytes().all(allowed).then_some(Cow::Borrowed(text))
    }
}

/// The characters of PrintableString (X.680 section 41.4), and `*` and `&`, which occur in certificates.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// The types with short names, in the order in which they are written.
const SHORT_NAMES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 5], "SERIALNUMBER"),
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 17], "POSTALCODE"),
    (&[0x55, 4, 9], "STREET"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 6], "C"),
];

/// RFC 4514 in the order that Go's `pkix.Name` has, which is what Notation and Ratify print: types with short names first, values of one type
/// joined by `+`, then the other types from the last to the first as dotted numbers with hex values.
///
/// Go shows the last of several CN or SERIALNUMBER only; here all are shown, so that nothing hides.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (oid, short_name) in SHORT_NAMES {
            for attribute in self.attributes().filter(|attribute| attribute.oid.as_bytes() == oid) {
                write!(f, "{separator}{short_name}=")?;
                match attribute.value() {
                    Some(value) => write_escaped(f, &value)?,
                    None => write!(f, "#{}", Hex(attribute.value_der))?,
                }
                separator = "+";
            }
            if separator == "+" {
                separator = ",";
            }
        }
        let others: Vec<_> =
            self.attributes().filter(|other| SHORT_NAMES.iter().all(|(oid, _)| other.oid.as_bytes() != *oid)).collect();
        for other in others.iter().rev() {
            write!(f, "{separator}{}=#", other.oid)?;
            match other.value() {
                Some(value) => write_der(f, &value)?,
                None => write!(f, "{}", Hex(other.value_der))?,
            }
            separator = ",";
        }
        Ok(())
    }
}

/// A value of RFC 4514 section 2.4. What cannot be seen on a screen, or turns the text around it, is written as the hex of its UTF-8.
fn write_escaped(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    for (position, character) in value.char_indices() {
        let at_end = position + character.len_utf8() == value.len();
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{character}")?,
            '#' if position == 0 => f.write_str("\\#")?,
            ' ' if position == 0 || at_end => f.write_str("\\ ")?,
            hidden if is_hidden(hidden) => {
                let mut buffer = [0; 4];
                for byte in hidden.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            plain => f.write_char(plain)?,
        }
    }
    Ok(())
}

/// The value as Go encodes a string: a PrintableString where it can be one, else a UTF8String.
fn write_der(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    let printable = value.bytes().all(|byte| is_printable(byte) && byte != b'*' && byte != b'&');
    f.write_str(if printable { "13" } else { "0c" })?;
    let length = value.len().to_be_bytes();
    match value.len() {
        0..=0x7f => {}
        0x80..=0xff => f.write_str("81")?,
        0x100..=0xffff => f.write_str("82")?,
        _ => f.write_str("83")?,
    }
    let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    write!(f, "{}{}", Hex(length.get(significant..).unwrap_or_default()), Hex(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::{
        der,
        name::{from_rdns, from_text},
    };

    use super::*;

    fn shown(name: &[u8]) -> String {
        Name::parse(name).unwrap().to_string()
    }

    #[test]
    fn a_name_is_written_as_go_writes_it() {
        // The right side is what Go 1.26 prints for the same bytes.
        for (name, text) in [
            ("C=US, ST=WA, L=Seattle, O=acme, CN=build", "CN=build,O=acme,L=Seattle,ST=WA,C=US"),
            ("CN=build, O=acme, C=US", "CN=build,O=acme,C=US"),
            (
                "SERIALNUMBER=7, CN=a, OU=b, O=c, POSTALCODE=d, STREET=e, L=f, ST=g, C=h",
                "SERIALNUMBER=7,CN=a,OU=b,O=c,POSTALCODE=d,STREET=e,L=f,ST=g,C=h",
            ),
            ("O=one, C=US, O=two, OU=x+OU=y", "OU=x+OU=y,O=one+O=two,C=US"),
            (
                "DC=example, CN=a, UID=me, E=a@example.org",
                "CN=a,1.2.840.113549.1.9.1=#0c0d61406578616d706c652e6f7267,0.9.2342.19200300.100.1.1=#13026d65,\
                 0.9.2342.19200300.100.1.25=#13076578616d706c65",
            ),
            (r#"O= #a;b<c>"d\ , CN=#x"#, r#"CN=\#x,O=\ #a\;b\<c\>\"d\\\ "#),
            ("O=Zürich 東京", "O=Zürich 東京"),
            ("", ""),
        ] {
            assert_eq!(shown(&from_text(name)), text);
        }
    }

    #[test]
    fn a_common_name_does_not_hide_behind_a_second_one() {
        assert_eq!(shown(&from_text("CN=evil, CN=build")), "CN=evil+CN=build");
    }

    #[test]
    fn what_cannot_be_seen_is_written_in_hex() {
        assert_eq!(shown(&from_text("CN=a\u{202e}b\nc\0\u{200b}")), r"CN=a\E2\80\AEb\0Ac\00\E2\80\8B");
    }

    #[test]
    fn the_values_of_five_string_types_are_read_as_text() {
        for (tag, contents, value) in [
            (der::UTF8_STRING, "Zürich".as_bytes(), Some("Zürich")),
            (der::PRINTABLE_STRING, b"acme *&'()+,-./:=?", Some("acme *&'()+,-./:=?")),
            (der::IA5_STRING, b"a@b_c", Some("a@b_c")),
            (der::T61_STRING, b"Z\xfcrich", Some("Zürich")),
            (der::BMP_STRING, b"\0Z\0\xfc\x67\x71", Some("Zü東")),
            (der::BMP_STRING, b"\0a\0\0", Some("a\0")),
            (der::UTF8_STRING, b"Z\xfcrich", None),
            (der::UTF8_STRING, b"\xed\xa0\x80", None),
            (der::PRINTABLE_STRING, b"a@b", None),
            (der::PRINTABLE_STRING, b"a\0", None),
            (der::IA5_STRING, b"\xfc", None),
            (der::BMP_STRING, b"\0Z\0", None),
            (der::BMP_STRING, b"\xd8\x3d\xde\0", None),
            (0x12, b"123", None),
            (der::OCTET_STRING, b"acme", None),
            (der::SEQUENCE, b"", None),
        ] {
            let der = from_rdns(&[&[("2.5.4.10", tag, contents)]]);
            let attribute = Name::parse(&der).unwrap().attributes().next().unwrap();
            assert_eq!(attribute.value().as_deref(), value, "{tag:#x} {contents:x?}");
        }
    }

    #[test]
    fn a_value_that_is_no_text_is_written_as_the_hex_of_its_der() {
        let name = from_rdns(&[&[("2.5.4.10", 0x12, &b"1"[..])], &[("1.2.3", der::OCTET_STRING, b"2")]]);
        assert_eq!(shown(&name), "O=#120131,1.2.3=#040132");
    }

    #[test]
    fn attributes_of_one_rdn_follow_one_another_in_the_order_of_the_name() {
        let der = from_text("C=US, O=a+OU=b, CN=c");
        let name = Name::parse(&der).unwrap();
        let found: Vec<_> = name.attributes().map(|a| (a.oid().to_string(), a.value().unwrap())).collect();
        let expected = [("2.5.4.6", "US"), ("2.5.4.10", "a"), ("2.5.4.11", "b"), ("2.5.4.3", "c")];
        assert_eq!(found, expected.map(|(oid, value)| (oid.to_owned(), Cow::Borrowed(value))));
    }

    #[test]
    fn a_name_that_is_no_sequence_of_rdns_is_malformed() {
        let attribute = der::sequence(&[&der::oid("2.5.4.3"), &der::element(der::UTF8_STRING, b"a")]);
        for name in [
            Vec::new(),
            der::element(der::SET, &[]),
            der::sequence(&[&attribute]),
            der::sequence(&[&der::element(der::SET, &der::sequence(&[&der::oid("2.5.4.3")]))]),
            der::sequence(&[&der::element(der::SET, &[&attribute[..], &[0]].concat())]),
            der::sequence(&[&der::element(
                der::SET,
                &der::sequence(&[&der::oid("2.5.4.3"), &der::element(12, b"a"), der::NULL]),
            )]),
            [from_text("CN=a"), vec![0]].concat(),
        ] {
            assert_eq!(Name::parse(&name), Err(Malformed), "{name:x?}");
        }
    }
}
