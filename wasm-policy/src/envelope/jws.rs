//! The JWS envelope (RFC 7515, flattened JSON serialization; Notary Project specification, "JWS Signature Envelope").
//!
//! The text must be what one reader cannot read otherwise than another: exactly four members, names in their exact case, each once, and base64
//! that has one spelling only.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

use super::{
    Algorithm, Envelope,
    headers::{
        self, AUTHENTIC_SIGNING_TIME, EXPIRY, Label, PROTECTED_ONLY, ProtectedHeader, SIGNING_AGENT, SIGNING_SCHEME,
        SIGNING_TIME, SharedHeaders, TIMESTAMP_SIGNATURE, invalid,
    },
    plugin::{VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION},
};
use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::{Object, Value, json, names, shown},
    time::Instant,
};

/// The members of the envelope; it has these four and no other.
const MEMBERS: [&str; 4] = ["payload", "protected", "header", "signature"];

/// Reads an envelope and checks everything but the signature and the certificates.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Envelope, Failure> {
    let document =
        json::parse(bytes, limits).map_err(|failure| malformed(format!("the envelope: {}", failure.message)))?;
    let members = object(&document, "the envelope")?;
    if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(name)) {
        return Err(malformed(format!(
            "the envelope has the member {}, which JWS signatures do not have",
            shown(name)
        )));
    }
    let protected_text = text_member(members, "protected")?;
    let protected_bytes = base64url(protected_text, "protected")?;
    let protected_document = json::parse(&protected_bytes, limits)
        .map_err(|failure| malformed(format!("the protected header: {}", failure.message)))?;
    let protected = Protected::new(object(&protected_document, "the protected header")?)?;
    let unprotected = object(member(members, "header")?, "the member header")?;
    check_buckets(&protected, unprotected)?;

    let algorithm = protected.algorithm()?;
    headers::check_content_type(protected.text("cty")?.ok_or_else(|| invalid("the header cty is missing".into()))?)?;
    let shared = SharedHeaders::check(&protected)?;

    let certificates = certificates(unprotected, limits)?;
    let timestamp_token = timestamp_token(unprotected)?;
    check_signing_agent(unprotected)?;

    let payload_text = text_member(members, "payload")?;
    let payload = base64url(payload_text, "payload")?;
    if payload.is_empty() {
        return Err(malformed("the payload is empty".into()));
    }
    let signature = base64url(text_member(members, "signature")?, "signature")?;
    Ok(Envelope {
        algorithm,
        shared,
        certificates,
        // As transmitted, not as written again: RFC 7515 section 5.2 step 8.
        signing_input: [protected_text.as_bytes(), payload_text.as_bytes()].join(&b'.'),
        payload,
        signature,
        timestamp_token,
    })
}

/// The protected header's members.
struct Protected<'a>(&'a Object<'a>);

impl<'a> Protected<'a> {
    fn new(members: &'a Object<'a>) -> Result<Self, Failure> {
        const KNOWN: [&str; 9] = [
            "alg",
            "cty",
            "crit",
            SIGNING_SCHEME,
            SIGNING_TIME,
            AUTHENTIC_SIGNING_TIME,
            EXPIRY,
            VERIFICATION_PLUGIN,
            VERIFICATION_PLUGIN_MIN_VERSION,
        ];
        check_variants(members, &KNOWN, "the protected header")?;
        let protected = Self(members);
        protected.check_b64()?;
        Ok(protected)
    }

    /// `b64` changes what is signed (RFC 7797), so it is nobody's extended attribute: critical, not even a plugin may understand it.
    fn check_b64(&self) -> Result<(), Failure> {
        if self.critical()?.contains(&Label::Text("b64")) {
            return Err(Failure::new(Code::CriticalHeaderUnknown, "the header b64 is critical and not supported"));
        }
        match self.0.get("b64") {
            None | Some(Value::Bool(true)) => Ok(()),
            Some(_) => Err(invalid("the header b64 asks for an unencoded payload, which is not supported".into())),
        }
    }

    fn algorithm(&self) -> Result<Algorithm, Failure> {
        let name = self.text("alg")?.ok_or_else(|| invalid("the header alg is missing".into()))?;
        Algorithm::from_name(name).ok_or_else(|| {
            Failure::new(
                Code::AlgorithmUnsupported,
                format!("the signature algorithm {} is not supported", shown(name)),
            )
        })
    }
}

impl ProtectedHeader for Protected<'_> {
    fn text(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(invalid(format!("the header {name} is {}, not a string", other.kind()))),
        }
    }

    fn time(&self, name: &'static str) -> Result<Option<Instant>, Failure> {
        if matches!(self.0.get(name), Some(Value::Null)) {
            return Ok(None);
        }
        let Some(text) = self.text(name)? else { return Ok(None) };
        let time = Instant::parse_rfc3339(text);
        time.map(Some).ok_or_else(|| invalid(format!("the header {name} is no RFC 3339 time: {}", shown(text))))
    }

    fn critical(&self) -> Result<Vec<Label<'_>>, Failure> {
        let list = self.0.get("crit").ok_or_else(|| invalid("the header crit is missing".into()))?;
        let names =
            list.as_array().ok_or_else(|| invalid(format!("the header crit is {}, not an array", list.kind())))?;
        let label = |name: &Value<'_>| format!("the header crit holds {}, not only strings", name.kind());
        names.iter().map(|name| name.as_str().map(Label::Text).ok_or_else(|| invalid(label(name)))).collect()
    }

    fn holds(&self, label: Label<'_>) -> bool {
        matches!(label, Label::Text(name) if self.0.get(name).is_some())
    }

    /// RFC 7515 section 4.1.11 with RFC 7518: the names that these define must not be critical.
    fn is_of_the_format(label: Label<'_>) -> bool {
        const DEFINED: [&str; 11] = ["alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit"];
        matches!(label, Label::Text(name) if DEFINED.contains(&name))
    }
}

/// Checks that no header is in both places, as RFC 7515 section 7.2.1 asks, and none in the wrong one.
fn check_buckets(protected: &Protected<'_>, unprotected: &Object<'_>) -> Result<(), Failure> {
    check_variants(unprotected, &["x5c", TIMESTAMP_SIGNATURE, SIGNING_AGENT], "the member header")?;
    for (name, _) in unprotected.iter() {
        if protected.0.get(name).is_some() {
            return Err(invalid(format!("the header {} is both protected and unprotected", shown(name))));
        }
        if PROTECTED_ONLY.contains(&name) {
            return Err(invalid(format!("the header {name} is unprotected")));
        }
    }
    Ok(())
}

fn check_variants(members: &Object<'_>, known: &[&'static str], place: &str) -> Result<(), Failure> {
    match names::variant(members, known) {
        None => Ok(()),
        Some((name, known)) => {
            Err(malformed(format!("{place} has the member {}, which some readers take for {known}", shown(name))))
        }
    }
}

fn certificates(unprotected: &Object<'_>, limits: &Limits) -> Result<Vec<Vec<u8>>, Failure> {
    let list = unprotected.get("x5c").ok_or_else(|| invalid("the header x5c is missing".into()))?;
    let list = list.as_array().ok_or_else(|| invalid(format!("the header x5c is {}, not an array", list.kind())))?;
    super::check_chain_length(list.len(), limits)?;
    list.iter().map(|certificate| standard_base64(certificate, "x5c")).collect()
}

/// The RFC 3161 token; an empty one is none.
fn timestamp_token(unprotected: &Object<'_>) -> Result<Option<Vec<u8>>, Failure> {
    match unprotected.get(TIMESTAMP_SIGNATURE) {
        None | Some(Value::Null) => Ok(None),
        Some(token) => Ok(Some(standard_base64(token, TIMESTAMP_SIGNATURE)?).filter(|token| !token.is_empty())),
    }
}

/// The signing agent is for statistics; nothing reads it, but its type belongs to the format.
fn check_signing_agent(unprotected: &Object<'_>) -> Result<(), Failure> {
    match unprotected.get(SIGNING_AGENT) {
        None | Some(Value::Null | Value::String(_)) => Ok(()),
        Some(other) => Err(invalid(format!("the header {SIGNING_AGENT} is {}, not a string", other.kind()))),
    }
}

fn member<'v>(members: &'v Object<'v>, name: &str) -> Result<&'v Value<'v>, Failure> {
    members.get(name).ok_or_else(|| malformed(format!("the envelope has no member {name}")))
}

fn text_member<'v>(members: &'v Object<'v>, name: &str) -> Result<&'v str, Failure> {
    let value = member(members, name)?;
    value.as_str().ok_or_else(|| malformed(format!("the member {name} is {}, not a string", value.kind())))
}

fn object<'v>(value: &'v Value<'v>, what: &str) -> Result<&'v Object<'v>, Failure> {
    value.as_object().ok_or_else(|| malformed(format!("{what} is {}, not an object", value.kind())))
}

/// Base64url without padding, line breaks or stray bits: one spelling for each byte string (RFC 7515 section 2).
fn base64url(text: &str, name: &str) -> Result<Vec<u8>, Failure> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| malformed(format!("the member {name} is not base64url without padding")))
}

/// Padded base64 of the standard alphabet without line breaks (RFC 7515 section 4.1.6).
fn standard_base64(value: &Value<'_>, name: &str) -> Result<Vec<u8>, Failure> {
    let text =
        value.as_str().ok_or_else(|| invalid(format!("the header {name} holds {}, not base64", value.kind())))?;
    BASE64_STANDARD
        .decode(text)
        .map_err(|_| invalid(format!("the header {name} is not padded base64 without line breaks")))
}

fn malformed(message: String) -> Failure {
    Failure::new(Code::EnvelopeMalformed, message)
}
