//! The signed payload: which artifact a signature is for (signature specification, "Payload").

use std::collections::BTreeMap;

use crate::{
    code::{Code, Failure},
    limits::Limits,
    text::{Object, Value, json, names, shown},
};

const TARGET_ARTIFACT: &str = "targetArtifact";
const DESCRIPTOR: [&str; 5] = ["mediaType", "digest", "size", "annotations", "artifactType"];

/// The descriptor of the artifact that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The artifact's media type.
    pub media_type: String,
    /// The artifact's digest, as written.
    pub digest: String,
    /// The artifact's size in bytes; below 2^53.
    pub size: u64,
    /// What the signer added: the user metadata.
    pub annotations: BTreeMap<String, String>,
}

impl Payload {
    /// Reads a payload. Unknown members are ignored, but not those that some readers take for known ones.
    ///
    /// # Errors
    /// [`Code::PayloadMalformed`]
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, Failure> {
        let document = json::parse(bytes, limits).map_err(|failure| malformed(failure.message))?;
        let members = object(&document, "it")?;
        check_variants(members, &[TARGET_ARTIFACT])?;
        let target = members.get(TARGET_ARTIFACT).ok_or_else(|| malformed(format!("it has no {TARGET_ARTIFACT}")))?;
        let descriptor = object(target, TARGET_ARTIFACT)?;
        check_variants(descriptor, &DESCRIPTOR)?;
        if !matches!(descriptor.get("artifactType"), None | Some(Value::Null | Value::String(_))) {
            return Err(malformed("artifactType is not a string"));
        }
        Ok(Self {
            media_type: text(descriptor, "mediaType")?,
            digest: text(descriptor, "digest")?,
            size: descriptor
                .get("size")
                .and_then(Value::as_size)
                .ok_or_else(|| malformed("size is not a whole number from 0 to 2^53 - 1"))?,
            annotations: annotations(descriptor)?,
        })
    }
}

fn object<'v>(value: &'v Value<'v>, what: &str) -> Result<&'v Object<'v>, Failure> {
    value.as_object().ok_or_else(|| malformed(format!("{what} is {}, not an object", value.kind())))
}

fn text(descriptor: &Object<'_>, name: &str) -> Result<String, Failure> {
    let text = descriptor.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| malformed(format!("{name} is not a string")))
}

/// Absent, `null` (as Go writes a map that was never made) or a map of strings.
fn annotations(descriptor: &Object<'_>) -> Result<BTreeMap<String, String>, Failure> {
    let Some(annotations) = descriptor.get("annotations").filter(|value| **value != Value::Null) else {
        return Ok(BTreeMap::new());
    };
    let string = |name: &str, value: &Value<'_>| match value.as_str() {
        Some(text) => Ok((name.to_owned(), text.to_owned())),
        None => Err(malformed(format!("the annotation {} is {}, not a string", shown(name), value.kind()))),
    };
    object(annotations, "annotations")?.iter().map(|(name, value)| string(name, value)).collect()
}

fn check_variants(members: &Object<'_>, known: &[&'static str]) -> Result<(), Failure> {
    match names::variant(members, known) {
        None => Ok(()),
        Some((name, known)) => {
            Err(malformed(format!("it has the member {}, which some readers take for {known}", shown(name))))
        }
    }
}

fn malformed(problem: impl AsRef<str>) -> Failure {
    Failure::new(Code::PayloadMalformed, format!("the signed payload is not usable: {}", problem.as_ref()))
}
