//! The module as OPA meets it: its imports and exports, what one evaluation leaves to the next, and the text between the two.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::{NOW, cases};
use image_integrity_tests::{
    rego::{literal, quoted},
    wasm::{self, Compiled, Ended, Instance},
};
use serde_json::{Value, json};
use wasm_policy::text::Notation;
use wasmparser::{Parser, Payload, TypeRef};
use wasmtime::Trap;

#[test]
fn the_module_imports_a_memory_of_two_pages_at_most_and_the_abort() {
    let module = wasm::bytes("IMAGE_INTEGRITY_MODULE");
    let mut imports = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        if let Payload::ImportSection(section) = payload.unwrap() {
            imports.extend(section.into_imports().map(Result::unwrap));
        }
    }
    let names: Vec<_> = imports.iter().map(|import| (import.module, import.name)).collect();
    assert_eq!(names, [("env", "memory"), ("env", "opa_abort")]);
    let TypeRef::Memory(memory) = imports[0].ty else { panic!("{:?}", imports[0].ty) };
    assert!(memory.initial <= 2 && memory.maximum.is_none(), "{memory:?}");
}

#[test]
fn the_module_is_small_enough_to_load_quickly_and_names_nobodys_folders() {
    let module = wasm::bytes("IMAGE_INTEGRITY_MODULE");
    assert!(module.len() <= 750_000, "{} bytes", module.len());
    for folder in ["/home/", "/root/", "/tmp/", ".cargo/registry"] {
        assert!(!module.windows(folder.len()).any(|window| window == folder.as_bytes()), "{folder}");
    }
}

#[test]
fn the_module_says_which_abi_it_has_and_that_it_needs_no_builtin() {
    let mut instance = Compiled::released().instance();
    assert_eq!((instance.global("opa_wasm_abi_version"), instance.global("opa_wasm_abi_minor_version")), (1, 3));
    assert_eq!(instance.value_of("builtins"), "{}");
    assert_eq!(instance.value_of("entrypoints"), r#"{"image_integrity/verify": 0}"#);
}

#[test]
fn both_ways_to_evaluate_give_the_native_verdict_for_every_case() {
    let compiled = Compiled::released();
    let mut instance = compiled.instance();
    for case in cases() {
        let native = canonical(&wasm_policy::evaluate(&case.input, Notation::Rego).to_bytes());
        assert_eq!(canonical(instance.evaluate(Some(&case.input)).unwrap().as_bytes()), native, "{}", case.name);
        // A length of 0 means to this sequence that the text ends with a NUL.
        if !case.input.is_empty() {
            assert_eq!(
                canonical(instance.evaluate_in_steps(Some(&case.input)).unwrap().as_bytes()),
                native,
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn an_input_as_opa_writes_it_gives_the_verdict_of_its_json() {
    let mut instance = Compiled::released().instance();
    let mut compared = 0;
    for case in cases() {
        // OPA itself reads the JSON, and drops all but the last member of a name.
        if case.code == "DUPLICATE_MEMBER" {
            continue;
        }
        let Ok(document) = serde_json::from_slice::<Value>(&case.input) else { continue };
        let verdict = instance.evaluate(Some(literal(&document).as_bytes())).unwrap();
        assert_eq!(canonical(verdict.as_bytes()), wasm_policy::verify(&case.input), "{}", case.name);
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn strings_in_gos_notation_come_back_as_they_were_and_in_printable_ascii() {
    let mut instance = Compiled::released().instance();
    for text in [
        "\u{7f}",
        "\u{7}",
        "\u{1f600}",
        "\0",
        "\u{feff}\u{202e}",
        "\\x41 \" \u{8}\u{b}\r\n",
        "ÿ 東京 \u{10ffff}",
        "\u{2028}",
    ] {
        let literal = format!(
            r#"{{"apiVersion": "image-integrity/v1", "config": {{"verifiers": []}}, "images": {{"a/b:c": {{}}}}, "now": "{NOW}", "requestId": {}}}"#,
            quoted(text),
        );
        for verdict in
            [instance.evaluate(Some(literal.as_bytes())), instance.evaluate_in_steps(Some(literal.as_bytes()))]
        {
            let verdict = verdict.unwrap();
            assert!(verdict.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{verdict}");
            assert_eq!(serde_json::from_str::<Value>(&verdict).unwrap()["requestId"], *text, "{literal}");
        }
    }
}

#[test]
fn no_input_is_a_refusal_and_never_undefined() {
    let mut instance = Compiled::released().instance();
    for verdict in [instance.evaluate(None), instance.evaluate_in_steps(None), instance.evaluate(Some(b"set()"))] {
        let verdict: Value = serde_json::from_str(&verdict.unwrap()).unwrap();
        assert_eq!((&verdict["error"]["code"], &verdict["images"]), (&json!("INPUT_MALFORMED"), &json!({})));
    }
}

#[test]
fn another_entrypoint_aborts() {
    let mut instance = Compiled::released().instance();
    for entrypoint in [1, -1] {
        let ended = instance.evaluate_entrypoint(entrypoint, None).unwrap_err();
        assert_eq!(ended, Ended::Abort("image-integrity: unknown entrypoint".into()));
    }
}

#[test]
fn evaluations_in_one_instance_share_nothing() {
    let compiled = Compiled::released();
    let cases = cases();
    let fresh = |input: &[u8]| compiled.instance().evaluate(Some(input)).unwrap();
    let mut shared = compiled.instance();
    for pair in cases.windows(2) {
        let (a, b) = (fresh(&pair[0].input), fresh(&pair[1].input));
        for (input, expected) in [(&pair[0].input, &a), (&pair[1].input, &b), (&pair[0].input, &a)] {
            assert_eq!(shared.evaluate(Some(input)).unwrap(), *expected, "{} and {}", pair[0].name, pair[1].name);
        }
    }
}

#[test]
fn ten_thousand_evaluations_leave_memory_flat() {
    let mut instance = Compiled::released().instance();
    let cases = cases();
    let inputs: Vec<_> = cases.iter().filter(|case| case.input.len() < 100_000).map(|case| &case.input).collect();
    let round = |instance: &mut Instance| inputs.iter().for_each(|input| drop(instance.evaluate(Some(input)).unwrap()));
    round(&mut instance);
    let memory = instance.memory_bytes();
    // Signatures are what costs time; most evaluations are of documents that are refused.
    let refused = br#"{"apiVersion": "image-integrity/v1", "requestId": "refused", "images": {"a/b:c": {}}}"#;
    for _ in 0..10_000 {
        instance.evaluate(Some(refused)).unwrap();
    }
    round(&mut instance);
    assert_eq!(instance.memory_bytes(), memory);
}

#[test]
fn after_ten_thousand_aborts_the_next_answer_is_right() {
    let compiled = Compiled::with_traps();
    let case = cases().into_iter().find(|case| case.code == "VERIFIED").unwrap();
    let right = compiled.instance().evaluate(Some(&case.input)).unwrap();
    let mut instance = compiled.instance();
    for turn in 0..10_000 {
        let steps = turn % 3 == 2;
        let mut end = |input: &[u8]| {
            let ended = if steps { instance.evaluate_in_steps(Some(input)) } else { instance.evaluate(Some(input)) };
            ended.unwrap_err()
        };
        match turn % 2 {
            0 => match end(b"\"panic\"") {
                Ended::Abort(message) => assert!(message.contains("told to panic"), "{message}"),
                Ended::Trap(trap) => panic!("{trap}"),
            },
            _ => assert_eq!(end(b"\"trap\""), Ended::Trap(Trap::UnreachableCodeReached)),
        }
    }
    assert_eq!(instance.evaluate(Some(&case.input)).unwrap(), right);
    assert_eq!(instance.evaluate_in_steps(Some(&case.input)).unwrap(), right);
}

#[test]
fn an_evaluation_out_of_stack_or_memory_ends_and_harms_no_other() {
    let compiled = Compiled::with_traps();
    let case = cases().into_iter().find(|case| case.code == "VERIFIED").unwrap();
    let mut instance = compiled.instance();
    let right = instance.evaluate(Some(&case.input)).unwrap();
    for _ in 0..20 {
        assert_eq!(instance.evaluate(Some(b"\"stack\"")).unwrap_err(), Ended::Trap(Trap::MemoryOutOfBounds));
        assert_eq!(instance.evaluate(Some(&case.input)).unwrap(), right);
    }
    for _ in 0..20 {
        let ended = instance.evaluate(Some(b"\"memory\"")).unwrap_err();
        assert_eq!(ended, Ended::Abort("image-integrity: out of memory".into()));
        assert_eq!(instance.evaluate(Some(&case.input)).unwrap(), right);
    }
}

/// The verdict with its members in order and no escapes but the needed ones.
fn canonical(verdict: &[u8]) -> Vec<u8> {
    serde_json::to_vec(&serde_json::from_slice::<Value>(verdict).unwrap()).unwrap()
}
