//! Trusted identities: which signers a trust policy statement accepts (Notary Project trust policy, "trustedIdentities").
//!
//! An identity is a distinguished name (RFC 4514) whose attributes the leaf's subject must contain. Comparison is byte for byte.

use core::fmt;
use std::borrow::Cow;

use crate::{
    code::{Code, Failure},
    text::shown,
    x509::Certificate,
};

/// The identities of one statement.
#[derive(Clone, Debug)]
pub struct TrustedIdentities(Vec<Identity>);

#[derive(Clone, Debug)]
enum Identity {
    Any,
    /// What was written, and its attributes; C, ST and O are among them.
    Subject(String, Vec<Attribute>),
    /// Of a kind that is not known here; it matches nobody.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Attribute {
    /// Dotted object identifier.
    kind: String,
    value: String,
}

/// Attribute types by name: the table of RFC 4514 and what is common in certificates.
const TYPES: [(&str, &str); 12] = [
    ("C", "2.5.4.6"),
    ("ST", "2.5.4.8"),
    ("S", "2.5.4.8"),
    ("L", "2.5.4.7"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("CN", "2.5.4.3"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("STREET", "2.5.4.9"),
    ("POSTALCODE", "2.5.4.17"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
];

/// Without these an identity would match signers of other organizations.
const MANDATORY: [(&str, &str); 3] = [("C", "2.5.4.6"), ("ST", "2.5.4.8"), ("O", "2.5.4.10")];

impl TrustedIdentities {
    /// Reads a statement's list.
    ///
    /// # Errors
    /// A sentence that names the mistake.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        let identities = texts.iter().map(|text| Identity::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if identities.len() > 1 && identities.iter().any(|identity| matches!(identity, Identity::Any)) {
            return Err("trustedIdentities holds `*` together with others".to_owned());
        }
        for (index, identity) in identities.iter().enumerate() {
            if let Some(other) = identities[..index].iter().find(|other| other.overlaps(identity)) {
                return Err(format!("the trusted identities `{other}` and `{identity}` overlap"));
            }
        }
        Ok(Self(identities))
    }

    /// Accepts a leaf whose subject contains every attribute of at least one identity.
    ///
    /// # Errors
    /// [`Code::IdentityMismatch`], naming what was expected and what the leaf holds.
    pub fn accept(&self, leaf: &Certificate<'_>) -> Result<(), Failure> {
        // `*` looks at nothing, so that it also accepts a subject that no identity could name.
        if self.0.iter().any(|identity| matches!(identity, Identity::Any)) {
            return Ok(());
        }
        let subject = Subject::of(leaf);
        if self.0.iter().any(|identity| identity.matches(&subject)) {
            return Ok(());
        }
        let why = if subject.repeats { ", where a type that occurs twice matches nothing" } else { "" };
        let message = format!("the policy trusts {self}; the signer is {}{why}", shown(&leaf.subject().to_string()));
        Err(Failure::new(Code::IdentityMismatch, message))
    }
}

impl fmt::Display for TrustedIdentities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, identity) in self.0.iter().enumerate() {
            write!(f, "{}{identity}", if index == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Subject(text, _) | Self::Unknown(text) => shown(text).fmt(f),
        }
    }
}

/// The attributes of a leaf's subject; those whose value is no text are left out.
struct Subject<'a> {
    attributes: Vec<(String, Cow<'a, str>)>,
    /// Whether a type occurs more than once.
    repeats: bool,
}

impl<'a> Subject<'a> {
    fn of(leaf: &Certificate<'a>) -> Self {
        let (mut attributes, mut kinds) = (Vec::new(), Vec::new());
        for attribute in leaf.subject().attributes() {
            let kind = attribute.oid().to_string();
            attributes.extend(attribute.value().map(|value| (kind.clone(), value)));
            kinds.push(kind);
        }
        kinds.sort_unstable();
        Self { attributes, repeats: kinds.windows(2).any(|pair| pair[0] == pair[1]) }
    }

    fn holds(&self, wanted: &Attribute) -> bool {
        self.attributes.iter().any(|(kind, value)| *kind == wanted.kind && *value == *wanted.value)
    }
}

impl Identity {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let wrong = |what: &str| format!("the trusted identity `{}` {what}", shown(text));
        let Some((prefix, name)) = text.split_once(':') else {
            return Err(wrong("is not `*` and has no prefix, as in `x509.subject: C=US, ST=WA, O=acme`"));
        };
        if prefix != "x509.subject" {
            return Ok(Self::Unknown(text.to_owned()));
        }
        let attributes = parse_name(name).map_err(|what| wrong(&what))?;
        for (short, kind) in MANDATORY {
            if !attributes.iter().any(|attribute| attribute.kind == kind && !attribute.value.is_empty()) {
                return Err(wrong(&format!("has no {short}; C, ST and O are mandatory")));
            }
        }
        Ok(Self::Subject(text.to_owned(), attributes))
    }

    fn matches(&self, leaf: &Subject<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Unknown(_) => false,
            // Whichever of two attributes of a type counted, an attacker could add the other.
            // The mandatory attributes are in the identity and not empty, so equality says the same of the leaf's.
            Self::Subject(_, wanted) => !leaf.repeats && wanted.iter().all(|attribute| leaf.holds(attribute)),
        }
    }

    /// Whether one of the two has all the attributes of the other, so that the other adds nothing or makes it moot.
    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Subject(_, a), Self::Subject(_, b)) => {
                a.iter().all(|attribute| b.contains(attribute)) || b.iter().all(|attribute| a.contains(attribute))
            }
            (Self::Unknown(a), Self::Unknown(b)) => a == b,
            _ => false,
        }
    }
}

/// Reads a distinguished name: `type=value` pairs between commas (RFC 4514, without multi-valued names and hex values).
fn parse_name(text: &str) -> Result<Vec<Attribute>, String> {
    let mut attributes: Vec<Attribute> = Vec::new();
    for pair in split_at_commas(text) {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("has a part without `=`: `{}`", shown(pair)))?;
        let kind = kind_of(name.trim_matches(' '))
            .ok_or_else(|| format!("has the attribute type `{}`, which is not known", shown(name)))?;
        if attributes.iter().any(|attribute| attribute.kind == kind) {
            return Err(format!("has the attribute type `{}` twice", shown(name)));
        }
        attributes.push(Attribute { kind, value: unescape(value)? });
    }
    Ok(attributes)
}

/// Cuts at commas that no backslash escapes.
fn split_at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The object identifier of an attribute type, by short name (in any case) or as it is.
fn kind_of(name: &str) -> Option<String> {
    if let Some((_, kind)) = TYPES.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)) {
        return Some((*kind).to_owned());
    }
    let is_arc =
        |arc: &str| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
    (name.contains('.') && name.split('.').all(is_arc)).then(|| name.to_owned())
}

/// Resolves the escapes of a value, and trims the spaces around it but not escaped ones.
fn unescape(value: &str) -> Result<String, String> {
    let value = value.trim_start_matches(' ');
    if value.starts_with('#') {
        return Err("has a hex value (`=#`), which is not accepted".to_owned());
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut kept = 0;
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => bytes.push(escaped(&mut rest).ok_or("has a backslash that escapes nothing")?),
            b'+' => return Err("has a multi-valued part (`+`), which is not accepted".to_owned()),
            b'"' | b'<' | b'>' | 0 => {
                return Err(format!("has a `{}` that must be escaped", shown(&char::from(byte).to_string())));
            }
            other => bytes.push(other),
        }
        if byte != b' ' {
            kept = bytes.len();
        }
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).map_err(|_| "has escapes that are no UTF-8".to_owned())
}

fn escaped(rest: &mut core::str::Bytes<'_>) -> Option<u8> {
    let first = rest.next()?;
    if matches!(first, b'"' | b'#' | b'+' | b',' | b';' | b'<' | b'=' | b'>' | b'\\' | b' ') {
        return Some(first);
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(first)? * 16 + digit(rest.next()?)?;
    u8::try_from(byte).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(identities: &[&str]) -> Result<TrustedIdentities, String> {
        TrustedIdentities::parse(&identities.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    fn values(name: &str) -> Vec<String> {
        parse_name(name).unwrap().into_iter().map(|attribute| attribute.value).collect()
    }

    #[test]
    fn escapes_are_resolved_and_only_spaces_around_are_trimmed() {
        assert_eq!(values("C = US ,ST=WA,O= acme  corp "), ["US", "WA", "acme  corp"]);
        assert_eq!(values(r"C=US, ST=WA, O=a\,b\+c\;d\\e\ "), ["US", "WA", r"a,b+c;d\e "]);
        assert_eq!(values(r"C=US, ST=WA, O=Z\C3\BCrich"), ["US", "WA", "Zürich"]);
        assert_eq!(values("C=US, ST=WA, O=\ta\u{a0}"), ["US", "WA", "\ta\u{a0}"]);
        assert_eq!(values("C=US, ST=WA, O=a;b=c#d"), ["US", "WA", "a;b=c#d"]);
    }

    #[test]
    fn a_type_may_be_an_object_identifier_and_s_is_st() {
        assert_eq!(parse_name("1.2.840.1=x").unwrap()[0].kind, "1.2.840.1");
        assert_eq!(parse_name("S=WA").unwrap(), parse_name("ST=WA").unwrap());
        assert_eq!(parse_name("2.5.4.10=x").unwrap(), parse_name("O=x").unwrap());
    }

    #[test]
    fn names_that_cannot_be_compared_safely_are_refused() {
        for name in [
            "C=US, ST=WA, O=#0c0461636d65",
            "C=US, ST=WA, O=acme+CN=x",
            "C=US, ST=WA, O=acme, O=other",
            "C=US, ST=WA, S=WA, O=acme",
            "C=US, ST=WA",
            "C=US, ST=WA, O=",
            "C=US, ST=WA, O=acme,",
            "C=US, ST=WA, O=acme, X=y",
            "C=US, ST=WA, O=acme, emailAddress=a@b",
            "C=US, ST=WA, O=acme, 1.02=y",
            "C=US, ST=WA, O=ac\"me",
            "C=US, ST=WA, O=<acme>",
            r"C=US, ST=WA, O=acme\",
            r"C=US, ST=WA, O=acme\x",
            r"C=US, ST=WA, O=\FF",
            "C=US, ST=WA, O",
            "",
        ] {
            assert!(parse(&[&format!("x509.subject:{name}")]).is_err(), "{name}");
        }
    }

    #[test]
    fn identities_that_overlap_are_refused() {
        let acme = "x509.subject: C=US, ST=WA, O=acme";
        assert!(parse(&[acme, "x509.subject: O=acme, ST=WA, C=US"]).is_err());
        assert!(parse(&[acme, "x509.subject: C=US, ST=WA, O=acme, CN=build"]).is_err());
        assert!(parse(&["*", acme]).is_err());
        assert!(parse(&[acme, "x509.subject: C=US, ST=WA, O=other"]).is_ok());
    }

    #[test]
    fn an_unknown_kind_of_identity_is_read_and_one_without_a_kind_is_not() {
        assert!(parse(&["did:example:123"]).is_ok());
        assert!(parse(&["acme"]).is_err());
    }
}
