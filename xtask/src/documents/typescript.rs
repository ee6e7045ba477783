//! `docs/schema/contract.d.ts`: the schemas' definitions as TypeScript, so that both say the same.
//!
//! Only the forms that the contract's types give are known. Another one is an error and never `any`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value};
use thiserror::Error;

/// The part of a schema that no TypeScript is known for.
#[derive(Debug, Error)]
#[error("no type for {0}")]
pub(crate) struct Untranslatable(String);

type Object = Map<String, Value>;

const INTRODUCTION: &str = "\
// The contract, version 1. Written by `cargo run -p xtask -- generate` from wasm-policy/src/input.rs and verdict.rs.
";

/// The declarations of the schemas and of everything that they define, by name.
pub(super) fn declarations(schemas: &[&Value]) -> Result<String, Untranslatable> {
    let mut named = BTreeMap::new();
    for schema in schemas {
        let root = object(schema)?;
        let title = root.get("title").and_then(Value::as_str).ok_or_else(|| unknown(schema))?;
        let definitions = root.get("$defs").and_then(Value::as_object).into_iter().flatten();
        for (name, schema) in definitions.map(|(name, schema)| (name.as_str(), schema)).chain([(title, *schema)]) {
            if named.insert(name, schema).is_some_and(|other| other != schema) {
                return Err(Untranslatable(format!("{name}, which two schemas define differently")));
            }
        }
    }
    let mut text = INTRODUCTION.to_owned();
    for (name, schema) in named {
        text.push('\n');
        declare(&mut text, name, object(schema)?)?;
    }
    Ok(text)
}

fn declare(text: &mut String, name: &str, schema: &Object) -> Result<(), Untranslatable> {
    describe(text, "", schema);
    if let Some(choices) = alternatives(schema) {
        let _ = write!(text, "export type {name} =");
        for choice in choices {
            let choice = object(choice)?;
            text.push('\n');
            describe(text, "  ", choice);
            let _ = write!(text, "  | {}", type_of(choice)?);
        }
        text.push_str(";\n");
        return Ok(());
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        let _ = writeln!(text, "export type {name} = {};", type_of(schema)?);
        return Ok(());
    };
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let _ = writeln!(text, "export interface {name} {{");
    for (property, schema) in properties {
        let schema = object(schema)?;
        describe(text, "  ", schema);
        let optional = if required.iter().any(|name| name == property) { "" } else { "?" };
        let _ = writeln!(text, "  {property}{optional}: {};", type_of(schema)?);
    }
    text.push_str("}\n");
    Ok(())
}

fn describe(text: &mut String, indent: &str, schema: &Object) {
    if let Some(description) = schema.get("description").and_then(Value::as_str) {
        let _ = writeln!(text, "{indent}/** {} */", description.replace("*/", "*\\/").replace('\n', " "));
    }
}

fn type_of(schema: &Object) -> Result<String, Untranslatable> {
    if let Some(name) = schema.get("$ref").and_then(|reference| reference.as_str()?.strip_prefix("#/$defs/")) {
        return Ok(name.to_owned());
    }
    if let Some(value) = schema.get("const") {
        return Ok(value.to_string());
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Ok(values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    if let Some(choices) = alternatives(schema) {
        return union(choices.iter().map(|choice| type_of(object(choice)?)));
    }
    match schema.get("type") {
        Some(Value::Array(kinds)) => union(kinds.iter().map(|kind| primitive(kind, schema))),
        Some(kind) => primitive(kind, schema),
        None => Err(untyped(schema)),
    }
}

fn primitive(kind: &Value, schema: &Object) -> Result<String, Untranslatable> {
    match kind.as_str() {
        Some(kind @ ("string" | "boolean" | "null")) => Ok(kind.to_owned()),
        Some("integer" | "number") => Ok("number".to_owned()),
        Some("array") => {
            let items = type_of(object(schema.get("items").unwrap_or(&Value::Null))?)?;
            Ok(if items.contains(' ') { format!("({items})[]") } else { format!("{items}[]") })
        }
        Some("object") if !schema.contains_key("properties") => {
            let values = match schema.get("additionalProperties") {
                Some(values) => type_of(object(values)?)?,
                None => "unknown".to_owned(),
            };
            Ok(format!("Record<string, {values}>"))
        }
        _ => Err(untyped(schema)),
    }
}

fn union(types: impl Iterator<Item = Result<String, Untranslatable>>) -> Result<String, Untranslatable> {
    Ok(types.collect::<Result<Vec<_>, _>>()?.join(" | "))
}

fn alternatives(schema: &Object) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()
}

fn object(schema: &Value) -> Result<&Object, Untranslatable> {
    schema.as_object().ok_or_else(|| unknown(schema))
}

fn unknown(schema: &Value) -> Untranslatable {
    Untranslatable(schema.to_string())
}

fn untyped(schema: &Object) -> Untranslatable {
    unknown(&Value::Object(schema.clone()))
}
