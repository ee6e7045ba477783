//! The COSE envelope (RFC 9052, COSE_Sign1; Notary Project specification, "COSE Signature Envelope").

use super::{
    Algorithm, Envelope,
    cbor::{self, Item, Map},
    headers::{self, Label, PROTECTED_ONLY, ProtectedHeader, SharedHeaders, TIMESTAMP_SIGNATURE, invalid},
};
use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::shown,
    time::Instant,
};

const ALG: Item<'_> = Item::Integer(1);
const CRIT: Item<'_> = Item::Integer(2);
const CONTENT_TYPE: Item<'_> = Item::Integer(3);
const X5CHAIN: Item<'_> = Item::Integer(33);

/// Reads an envelope and checks everything but the signature and the certificates.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Envelope, Failure> {
    // Tag 18 in one byte and an array of four, the only spelling that signers write.
    let [0xd2, message @ ..] = bytes else {
        return Err(malformed("it does not start as a COSE_Sign1 message"));
    };
    if message.first() != Some(&0x84) {
        return Err(malformed("it is not an array of four elements"));
    }
    let Item::Array(parts) = cbor::parse(message, limits)? else {
        return Err(malformed("it is not an array of four elements"));
    };
    let [Item::Bytes(protected_bytes), Item::Map(unprotected), payload, Item::Bytes(signature)] = &parts[..] else {
        return Err(malformed("its elements are not a byte string, a map, the payload and a byte string"));
    };
    let Item::Bytes(payload @ [_, ..]) = payload else {
        return Err(malformed("its payload is not a byte string of at least one byte"));
    };
    let protected = Protected::parse(protected_bytes, limits)?;
    check_buckets(&protected.0, unprotected)?;

    let algorithm = protected.algorithm()?;
    headers::check_content_type(protected.content_type()?)?;
    let shared = SharedHeaders::check(&protected)?;

    Ok(Envelope {
        algorithm,
        shared,
        certificates: certificates(unprotected, limits)?,
        signing_input: sig_structure(protected_bytes, payload),
        payload: payload.to_vec(),
        signature: signature.to_vec(),
        timestamp_token: timestamp_token(unprotected),
    })
}

/// The protected header's map.
struct Protected<'a>(Map<'a>);

impl<'a> Protected<'a> {
    fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, Failure> {
        // RFC 9052 section 3 writes an empty map as an empty string; it lacks every header all the same.
        if bytes.is_empty() {
            return Err(invalid("the protected header is empty".into()));
        }
        match cbor::parse(bytes, limits)? {
            Item::Map(map) => Ok(Self(map)),
            other => Err(malformed(&format!("its protected header is {}, not a map", other.kind()))),
        }
    }

    fn algorithm(&self) -> Result<Algorithm, Failure> {
        let unsupported = |name: &dyn core::fmt::Display| {
            Failure::new(Code::AlgorithmUnsupported, format!("the signature algorithm {name} is not supported"))
        };
        match self.0.get(&ALG) {
            Some(Item::Integer(number)) => Algorithm::from_cose_number(*number).ok_or_else(|| unsupported(number)),
            Some(Item::Text(name)) => Err(unsupported(&shown(name))),
            Some(other) => Err(invalid(format!("the header 1 (alg) is {}, not an integer", other.kind()))),
            None => Err(invalid("the header 1 (alg) is missing".into())),
        }
    }

    fn content_type(&self) -> Result<&str, Failure> {
        match self.0.get(&CONTENT_TYPE) {
            Some(Item::Text(content_type)) => Ok(content_type),
            Some(other) => Err(invalid(format!("the header 3 (content type) is {}, not a text", other.kind()))),
            None => Err(invalid("the header 3 (content type) is missing".into())),
        }
    }
}

impl ProtectedHeader for Protected<'_> {
    fn text(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        match self.0.get(&Item::Text(name)) {
            None => Ok(None),
            Some(Item::Text(text)) => Ok(Some(text)),
            Some(other) => Err(invalid(format!("the header {name} is {}, not a text", other.kind()))),
        }
    }

    /// Epoch-based time (RFC 8949 section 3.4.2).
    fn time(&self, name: &'static str) -> Result<Option<Instant>, Failure> {
        let Some(value) = self.0.get(&Item::Text(name)) else { return Ok(None) };
        let Item::Tag(1, time) = value else {
            return Err(invalid(format!("the header {name} is {}, not a time with tag 1", value.kind())));
        };
        let time = match **time {
            Item::Integer(seconds) => i64::try_from(seconds).ok().and_then(|seconds| Instant::from_unix(seconds, 0)),
            Item::Float(seconds) => from_seconds(seconds.value()),
            _ => None,
        };
        time.map(Some).ok_or_else(|| invalid(format!("the header {name} is no time of the years 1 to 9999")))
    }

    fn critical(&self) -> Result<Vec<Label<'_>>, Failure> {
        let list = self.0.get(&CRIT).ok_or_else(|| invalid("the header 2 (crit) is missing".into()))?;
        let Item::Array(labels) = list else {
            return Err(invalid(format!("the header 2 (crit) is {}, not an array", list.kind())));
        };
        labels
            .iter()
            .map(|item| label(item).ok_or_else(|| invalid(format!("the header 2 (crit) holds {}", item.kind()))))
            .collect()
    }

    fn holds(&self, label: Label<'_>) -> bool {
        let key = match label {
            Label::Integer(number) => Item::Integer(number),
            Label::Text(name) => Item::Text(name),
        };
        self.0.get(&key).is_some()
    }

    /// RFC 9052 section 3.1: labels that every implementation understands are not listed as critical.
    fn is_of_the_format(label: Label<'_>) -> bool {
        matches!(label, Label::Integer(0..=8))
    }
}

/// Checks that labels are integers or texts, none in both places (RFC 9052 section 3), and none in the wrong one.
fn check_buckets(protected: &Map<'_>, unprotected: &Map<'_>) -> Result<(), Failure> {
    for key in protected.keys().chain(unprotected.keys()) {
        if label(key).is_none() {
            return Err(malformed(&format!("a header's label is {}", key.kind())));
        }
    }
    for label in unprotected.keys().filter_map(label) {
        let (is_protected, name) = match label {
            Label::Integer(number) => (protected.get(&Item::Integer(number)).is_some(), ""),
            Label::Text(name) => (protected.get(&Item::Text(name)).is_some(), name),
        };
        if is_protected {
            return Err(invalid(format!("the header {label} is both protected and unprotected")));
        }
        if PROTECTED_ONLY.contains(&name) {
            return Err(invalid(format!("the header {name} is unprotected")));
        }
    }
    Ok(())
}

fn label<'i>(item: &'i Item<'_>) -> Option<Label<'i>> {
    match item {
        Item::Integer(number) => Some(Label::Integer(*number)),
        Item::Text(name) => Some(Label::Text(name)),
        _ => None,
    }
}

/// An array also where there is one certificate: the short form of RFC 9360, a single byte string, is not Notation's.
fn certificates(unprotected: &Map<'_>, limits: &Limits) -> Result<Vec<Vec<u8>>, Failure> {
    let chain = unprotected.get(&X5CHAIN).ok_or_else(|| invalid("the header 33 (x5chain) is missing".into()))?;
    let Item::Array(chain) = chain else {
        return Err(invalid(format!("the header 33 (x5chain) is {}, not an array", chain.kind())));
    };
    super::check_chain_length(chain.len(), limits)?;
    chain
        .iter()
        .map(|certificate| match certificate {
            Item::Bytes(der) => Ok(der.to_vec()),
            other => Err(invalid(format!("the header 33 (x5chain) holds {}", other.kind()))),
        })
        .collect()
}

/// The RFC 3161 token; an empty one is none, and so is a value of another type.
fn timestamp_token(unprotected: &Map<'_>) -> Option<Vec<u8>> {
    match unprotected.get(&Item::Text(TIMESTAMP_SIGNATURE)) {
        Some(Item::Bytes(token @ [_, ..])) => Some(token.to_vec()),
        _ => None,
    }
}

/// What is signed (RFC 9052 section 4.4). The two byte strings are the received ones; only the lengths before them are written anew.
fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut structure = b"\x84\x6aSignature1".to_vec();
    push_byte_string(&mut structure, protected);
    push_byte_string(&mut structure, b"");
    push_byte_string(&mut structure, payload);
    structure
}

fn push_byte_string(output: &mut Vec<u8>, bytes: &[u8]) {
    const BYTE_STRING: u8 = 0x40;
    let [.., b3, b2, b1, b0] = bytes.len().to_be_bytes();
    match bytes.len() {
        0..=23 => output.push(BYTE_STRING | b0),
        24..=0xff => output.extend([BYTE_STRING | 0x18, b0]),
        0x100..=0xffff => output.extend([BYTE_STRING | 0x19, b1, b0]),
        // An envelope ends far below 2^32 bytes.
        _ => output.extend([BYTE_STRING | 0x1a, b3, b2, b1, b0]),
    }
    output.extend_from_slice(bytes);
}

/// A moment from seconds since 1970 with a fraction, cut to nanoseconds.
fn from_seconds(seconds: f64) -> Option<Instant> {
    const NANOS: f64 = 1e9;
    let whole = seconds.floor();
    // What is not a number is in no range; the bounds are those of the years 1 to 9999.
    if !(-62_135_596_800.0..=253_402_300_799.0).contains(&whole) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are in range, and `as` cuts the fraction"
    )]
    let (whole, nanos) = (whole as i64, ((seconds - whole) * NANOS).min(NANOS - 1.0) as u32);
    Instant::from_unix(whole, nanos)
}

fn malformed(problem: &str) -> Failure {
    Failure::new(Code::EnvelopeMalformed, format!("the envelope is not COSE as Notation takes it: {problem}"))
}
