//! JSON Schemas (2020-12) of the contract's two documents, made from the types that hosts and the module share.
//!
//! For the generator of `docs/`; never in the module. What only the module can say (that names are unique, that a digest fits its bytes) is
//! not in a schema: a valid input may still be refused, with a code.

use std::borrow::Cow;

use schemars::{
    JsonSchema, Schema, SchemaGenerator,
    generate::SchemaSettings,
    json_schema,
    transform::{RecursiveTransform, Transform},
};
use serde_json::Value;

use crate::{
    code::{Class, Code},
    input::Input,
    verdict::Verdict,
};

/// A digest of a kind that is accepted, as [`is_well_formed`](crate::digest::is_well_formed) has it.
pub(crate) const DIGEST: &str = "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$";

/// The form of `now`; that there is such a day, only the module says.
pub(crate) const NOW: &str = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$";

/// The schema of the input.
pub fn input() -> Schema {
    schema_of::<Input<'_>>()
}

/// The schema of the verdict. It leaves objects open: a later version of the module may say more.
pub fn verdict() -> Schema {
    schema_of::<Verdict>()
}

fn schema_of<T: JsonSchema>() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(absent_is_not_null).transform(&mut schema);
    RecursiveTransform(without_rust_formats).transform(&mut schema);
    schema
}

/// A member that may be absent is not null: serde leaves `None` out, and the module refuses null in its place.
fn absent_is_not_null(schema: &mut Schema) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (name, property) in properties {
        // The module takes a requestId of null as none, so that a host may always write the member.
        if name == "requestId" || required.iter().any(|other| other == name) {
            continue;
        }
        let Value::Object(property) = property else { continue };
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                property.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                property.remove("anyOf");
                property.extend(only);
            }
        }
    }
}

/// `uint32` and the like are no formats of JSON Schema; strict readers refuse them.
fn without_rust_formats(schema: &mut Schema) {
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
        schema.remove("format");
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let failure = generator.subschema_for::<FailureCode>();
        json_schema!({
            "description": "An outcome of the closed list.",
            "oneOf": [described(Self::Verified), failure],
        })
    }
}

/// Every code but `VERIFIED`.
pub(crate) enum FailureCode {}

impl JsonSchema for FailureCode {
    fn schema_name() -> Cow<'static, str> {
        "FailureCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let failures = Code::ALL.iter().copied().filter(|code| code.class() != Class::Verified);
        json_schema!({
            "description": "Every outcome of the closed list but VERIFIED.",
            "oneOf": failures.map(described).collect::<Vec<_>>(),
        })
    }
}

fn described(code: Code) -> Schema {
    json_schema!({ "type": "string", "const": code.name(), "description": code.meaning() })
}

/// How the reports of a type are combined.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code, reason = "the input has these as text; the module says what is wrong with another")]
pub(crate) enum Rule {
    /// One good report is enough.
    Any,
    /// Every report must be good.
    All,
}

/// Other actions for single checks than the level's.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "the input has these as text; the module says what is wrong with another")]
pub(crate) struct Overrides {
    /// The chain's trust and the signer's identity.
    #[schemars(skip_serializing_if = "Option::is_none", extend("enum" = ["enforce", "log"]))]
    authenticity: Option<String>,
    /// Validity of the certificates at the time that counts.
    #[schemars(skip_serializing_if = "Option::is_none", extend("enum" = ["enforce", "log"]))]
    authentic_timestamp: Option<String>,
    /// The signature's own expiry.
    #[schemars(skip_serializing_if = "Option::is_none", extend("enum" = ["enforce", "log"]))]
    expiry: Option<String>,
    /// Revocation of certificates.
    #[schemars(skip_serializing_if = "Option::is_none", extend("enum" = ["enforce", "log", "skip"]))]
    revocation: Option<String>,
}
