//! The schemas and the module agree about the corpus.
#![cfg(feature = "documents")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use image_integrity_test_corpus::{Case, cases};
use serde_json::Value;

/// What the module says of a document whose form is wrong.
const REFUSALS: [&str; 5] =
    ["INPUT_MALFORMED", "API_VERSION_UNSUPPORTED", "CONFIG_INVALID", "TRUST_POLICY_INVALID", "EVIDENCE_INVALID"];

#[test]
fn every_input_that_the_module_accepts_fits_the_schema() {
    let schema = Validator::new(wasm_policy::schema::input().to_value());
    let accepted: Vec<_> = cases().into_iter().filter(|case| !is_refused(case)).collect();
    assert!(accepted.len() > 50, "only {} cases", accepted.len());
    for case in accepted {
        let input = serde_json::from_slice(&case.input).unwrap();
        assert_eq!(schema.refusal(&input), None, "{}", case.name);
    }
}

#[test]
fn no_input_of_a_wrong_form_fits_the_schema() {
    let schema = Validator::new(wasm_policy::schema::input().to_value());
    let fitting: BTreeSet<_> = cases()
        .into_iter()
        .filter(|case| REFUSALS.contains(&case.code))
        .filter(|case| serde_json::from_slice(&case.input).is_ok_and(|input| schema.refusal(&input).is_none()))
        .map(|case| case.name)
        .collect();
    assert_eq!(fitting, BTreeSet::new());
}

#[test]
fn every_verdict_fits_the_schema_and_says_nothing_that_is_not_in_it() {
    let mut closed = wasm_policy::schema::verdict().to_value();
    close(&mut closed);
    let schema = Validator::new(closed);
    for case in cases() {
        let verdict = serde_json::from_slice(&wasm_policy::verify(&case.input)).unwrap();
        assert_eq!(schema.refusal(&verdict), None, "{}", case.name);
    }
}

fn is_refused(case: &Case) -> bool {
    REFUSALS.contains(&case.code) || ["DUPLICATE_MEMBER", "INPUT_TOO_LARGE"].contains(&case.code)
}

/// A schema that is ready to judge documents.
struct Validator {
    schemas: Schemas,
    root: SchemaIndex,
}

impl Validator {
    /// Reads a schema, and checks that it is one of draft 2020-12.
    fn new(schema: Value) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.set_default_draft(Draft::V2020_12);
        compiler.add_resource("contract.json", schema).unwrap();
        let root = compiler.compile("contract.json", &mut schemas).unwrap();
        Self { schemas, root }
    }

    fn refusal(&self, document: &Value) -> Option<String> {
        self.schemas.validate(document, self.root).err().map(|error| format!("{error:#}"))
    }
}

/// Allows no members but those that the schema names.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), false.into());
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(close),
        _ => {}
    }
}
