//! The definition and the initiative for Azure Policy are what Azure takes, and say the same as Gatekeeper's template.
#![cfg(feature = "documents")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boon::{Compiler, Schemas};
use serde_json::{Value, json};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn document(name: &str) -> Value {
    serde_json::from_str(&text(&format!("deploy/azure-policy/{name}.json"))).unwrap()
}

/// Why a document is refused by a schema; empty where it is not.
fn refusal(name: &str, document: &Value) -> String {
    let mut compiler = Compiler::new();
    for name in ["definition", "initiative"] {
        let location = format!("https://schema.example/{name}.schema.json");
        compiler.add_resource(&location, self::document(&format!("schema/{name}.schema"))).unwrap();
    }
    let mut schemas = Schemas::new();
    let schema = compiler.compile(&format!("https://schema.example/{name}.schema.json"), &mut schemas).unwrap();
    schemas.validate(document, schema).map_or_else(|error| format!("{error:#}"), |()| String::new())
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// The parameters that a text refers to.
fn referred(text: &str) -> BTreeSet<String> {
    text.split("[parameters('").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned()).collect()
}

#[test]
fn the_definition_is_one_of_azure_policy_for_kubernetes() {
    assert_eq!(refusal("definition", &document("definition")), "");
}

#[test]
fn a_definition_that_azure_would_refuse_is_refused() {
    for (pointer, value) in [
        ("/properties/mode", json!("All")),
        ("/properties/policyType", json!("BuiltIn")),
        ("/properties/policyRule/then/effect", json!("audit")),
        ("/properties/policyRule/then/details/templateInfo/sourceType", json!("PublicURL")),
        ("/properties/policyRule/then/details/templateInfo/content", json!("rego/gatekeeper/template.yaml")),
        ("/properties/parameters/effect/allowedValues", json!(["Audit", "Disabled"])),
        ("/properties/parameters/excludedImages/defaultValue", json!("")),
        ("/properties/parameters/excludedImages/type", json!("array")),
    ] {
        let mut wrong = document("definition");
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_ne!(refusal("definition", &wrong), "", "{pointer}");
    }
}

#[test]
fn the_definition_holds_the_template() {
    let content = document("rules")["then"]["details"]["templateInfo"]["content"].as_str().unwrap().to_owned();
    let template = String::from_utf8(BASE64_STANDARD.decode(content).unwrap()).unwrap();
    assert_eq!(template, text("rego/gatekeeper/template.yaml"));
}

#[test]
fn every_parameter_is_used_and_no_other() {
    let definition = document("definition");
    assert_eq!(referred(&definition["properties"]["policyRule"].to_string()), members(&document("parameters")));
}

#[test]
fn what_becomes_a_parameter_of_the_constraint_is_one_of_the_template() {
    let template = text("rego/gatekeeper/template.yaml");
    let values = members(&document("rules")["then"]["details"]["values"]);
    for name in &values {
        assert!(template.contains(&format!("\n            {name}:\n")), "{name}");
    }
    assert!(values.contains("moduleDigests") && values.contains("excludedImages"), "{values:?}");
}

#[test]
fn a_default_is_one_of_the_allowed_values() {
    for parameters in ["parameters", "initiative-parameters"] {
        for (name, parameter) in document(parameters).as_object().unwrap() {
            if let Some(allowed) = parameter["allowedValues"].as_array() {
                assert!(allowed.contains(&parameter["defaultValue"]), "{parameters}: {name}");
            }
        }
    }
}

#[test]
fn the_initiative_is_one_of_azure_policy() {
    assert_eq!(refusal("initiative", &document("initiative")), "");
}

#[test]
fn the_initiative_gives_the_definition_parameters_that_it_has() {
    let initiative = document("initiative");
    let definitions = &initiative["properties"]["policyDefinitions"];
    assert_eq!(referred(&definitions.to_string()), members(&document("initiative-parameters")));
    let given = members(&definitions[0]["parameters"]);
    assert!(given.is_subset(&members(&document("parameters"))), "{given:?}");
}
