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
        let document = json::parse(bytes, &limits.of_envelope_texts()).map_err(|failure| malformed(failure.message))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = r#""mediaType":"application/vnd.oci.image.manifest.v1+json""#;
    const DIGEST: &str = r#""digest":"sha256:00""#;

    fn read(text: &str) -> Result<Payload, Failure> {
        Payload::parse(text.as_bytes(), &Limits::default())
    }

    fn descriptor(members: &[&str]) -> String {
        format!(r#"{{"targetArtifact":{{{}}}}}"#, members.join(","))
    }

    fn refused(text: &str) {
        assert_eq!(read(text).expect_err(text).code, Code::PayloadMalformed, "{text}");
    }

    #[test]
    fn a_payload_names_its_artifact() {
        let annotations = r#""annotations":{"a":"1","b":""}"#;
        let payload = read(&descriptor(&[TYPE, DIGEST, r#""size":42"#, annotations, r#""artifactType":"a/b""#]));
        let expected = Payload {
            media_type: "application/vnd.oci.image.manifest.v1+json".into(),
            digest: "sha256:00".into(),
            size: 42,
            annotations: [("a".into(), "1".into()), ("b".into(), String::new())].into(),
        };
        assert_eq!(payload, Ok(expected));
    }

    #[test]
    fn what_is_no_object_with_a_target_artifact_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "1",
            r#""a""#,
            "{}",
            "\u{feff}{}",
            r#"{"targetArtifact":null}"#,
            r#"{"targetArtifact":[]}"#,
        ] {
            refused(text);
        }
        assert_eq!(
            Payload::parse(b"{\"a\":\"\xff\"}", &Limits::default()).expect_err("UTF-8").code,
            Code::PayloadMalformed
        );
    }

    #[test]
    fn a_required_member_that_is_missing_or_no_string_is_refused() {
        const SIZE: &str = r#""size":2"#;
        assert!(read(&descriptor(&[TYPE, DIGEST, SIZE])).is_ok());
        for members in [
            &[DIGEST, SIZE][..],
            &[TYPE, SIZE],
            &[TYPE, DIGEST],
            &[r#""mediaType":null"#, DIGEST, SIZE],
            &[r#""mediaType":1"#, DIGEST, SIZE],
            &[TYPE, r#""digest":["sha256:00"]"#, SIZE],
            &[TYPE, DIGEST, r#""size":null"#],
        ] {
            refused(&descriptor(members));
        }
    }

    #[test]
    fn a_size_is_a_whole_number_below_2_to_the_53rd() {
        let sized = |size: &str| descriptor(&[TYPE, DIGEST, &format!(r#""size":{size}"#)]);
        assert_eq!(read(&sized("0")).map(|payload| payload.size), Ok(0));
        assert_eq!(read(&sized("9007199254740991")).map(|payload| payload.size), Ok((1 << 53) - 1));
        for size in [
            "9007199254740992",
            "9007199254740993",
            "18446744073709551618",
            "-1",
            "-0",
            "1.0",
            "1e3",
            "\"1\"",
            "01",
            "[1]",
            "true",
        ] {
            refused(&sized(size));
        }
    }

    #[test]
    fn annotations_are_a_map_of_strings() {
        let annotated =
            |annotations: &str| descriptor(&[TYPE, DIGEST, r#""size":2"#, &format!(r#""annotations":{annotations}"#)]);
        assert_eq!(read(&annotated("null")).map(|payload| payload.annotations.len()), Ok(0));
        assert_eq!(read(&annotated("{}")).map(|payload| payload.annotations.len()), Ok(0));
        for annotations in
            ["[]", "1", r#""a""#, r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":{"b":"c"}}"#, r#"{"a":"1","a":"1"}"#]
        {
            refused(&annotated(annotations));
        }
        assert!(read(&annotated(r#"{"a":"1","A":"2"}"#)).is_ok(), "their names are the signer's own");
    }

    #[test]
    fn unknown_members_are_ignored() {
        let descriptor = r#"{"mediaType":"a/b","digest":"d","size":2,"urls":[1],"platform":{"os":1}}"#;
        assert!(read(&format!(r#"{{"targetArtifact":{descriptor},"other":[{{}}]}}"#)).is_ok());
        refused(&super::tests::descriptor(&[TYPE, DIGEST, r#""size":2"#, r#""artifactType":1"#]));
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused_at_every_level() {
        let right = r#"{"mediaType":"a/b","digest":"d","size":2}"#;
        refused(&format!(r#"{{"targetArtifact":{right},"targetArtifact":{right}}}"#));
        refused(r#"{"targetArtifact":{"mediaType":"a/b","digest":"d","digest":"d","size":2}}"#);
        refused(r#"{"targetArtifact":{"mediaType":"a/b","digest":"d","d\u0069gest":"d","size":2}}"#);
        refused(&format!(r#"{{"targetArtifact":{right},"other":[{{"a":1,"a":1}}]}}"#));
    }

    #[test]
    fn a_known_name_in_another_case_is_refused() {
        let right = r#""mediaType":"a/b","digest":"d","size":2"#;
        for name in ["targetartifact", "TargetArtifact", "TARGETARTIFACT"] {
            refused(&format!(r#"{{"targetArtifact":{{{right}}},"{name}":{{}}}}"#));
            refused(&format!(r#"{{"{name}":{{{right}}}}}"#));
        }
        for name in ["MediaType", "Digest", "SIZE", "\u{17f}ize", "Annotations", "annotation\u{17f}", "artifacttype"] {
            refused(&format!(r#"{{"targetArtifact":{{{right},"{name}":null}}}}"#));
        }
    }

    #[test]
    fn bytes_after_the_payload_are_refused() {
        let right = descriptor(&[TYPE, DIGEST, r#""size":2"#]);
        assert!(read(&format!("{right}\n ")).is_ok());
        for end in ["{}", "x", "\0", ","] {
            refused(&format!("{right}{end}"));
        }
    }
}
