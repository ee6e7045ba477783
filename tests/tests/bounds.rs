//! M1: the texts that cost the module most, each just within its bounds. Never a trap, and never more memory than is said here.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;

use image_integrity_test_corpus::{Signature, World, cases};
use image_integrity_test_maker::{Key, authority, certificate, jws, rsa_spki};
use image_integrity_tests::wasm::Compiled;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// The code that a text is refused with, and the MiB of memory that the instance has then.
fn refused(text: &str) -> (String, usize) {
    assert!(text.len() <= 128 * MIB, "{} bytes", text.len());
    let mut instance = Compiled::released().instance();
    let verdict: Value = serde_json::from_str(&instance.evaluate(Some(text.as_bytes())).unwrap()).unwrap();
    assert_eq!(verdict["images"], json!({}), "no image is named that could be judged");
    (verdict["error"]["code"].as_str().unwrap().to_owned(), instance.memory_bytes() / MIB)
}

/// A text with everything in one member that is not looked at, so that reading is all that it costs.
fn document(member: &str) -> String {
    format!(r#"{{"apiVersion": "image-integrity/v1", "x": {member}}}"#)
}

#[test]
fn a_long_string_costs_nothing_beside_itself() {
    let (code, memory) = refused(&document(&format!("\"{}\"", "A".repeat(127 * MIB))));
    assert_eq!(code, "INPUT_MALFORMED");
    assert!(memory <= 128, "{memory} MiB");
}

#[test]
fn an_escaped_string_costs_its_content_once() {
    for escape in [r"\n", r"\u00e4", r"\U0001f600"] {
        let (code, memory) = refused(&document(&format!("\"{}\"", escape.repeat(126 * MIB / escape.len()))));
        assert_eq!(code, "INPUT_MALFORMED");
        assert!(memory <= 128 + 64 + 1, "{escape}: {memory} MiB");
    }
}

#[test]
fn the_densest_text_costs_a_hundred_bytes_a_value() {
    for element in ["1, ", "[1], ", r#"{"k": 1}, "#, r#"{"a": {"b": {"c": 1}}}, "#, "{1}, ", "[[[[1]]]], "] {
        let values = element.matches(['1', '[', '{']).count();
        // The document, its two members and the last element are values, too.
        let (code, memory) = refused(&document(&format!("[{}1]", element.repeat((2_000_000 - 4) / values))));
        assert_eq!(code, "INPUT_MALFORMED", "{element}");
        assert!(memory <= 220, "{element}: {memory} MiB");
        let (code, _) = refused(&document(&format!("[{}1]", element.repeat(2_000_000 / values))));
        assert_eq!(code, "INPUT_TOO_LARGE", "{element}");
    }
}

#[test]
fn an_object_of_two_million_names_in_no_order_is_sorted_in_place() {
    // Multiplying by an odd number permutes the numbers below a power of two.
    let members: Vec<_> =
        (0..1_900_000_u32).map(|number| format!(r#""{:08x}": 1"#, number.wrapping_mul(2_654_435_769))).collect();
    let (code, memory) = refused(&document(&format!("{{{}}}", members.join(", "))));
    assert_eq!(code, "INPUT_MALFORMED");
    assert!(memory <= 200, "{memory} MiB");
}

#[test]
fn a_text_that_cannot_be_read_is_searched_for_images_in_bounded_memory() {
    let mut names = String::from(r#"{"images": {"#);
    for number in 0..9_000_000 {
        write!(names, r#""{number:08}":1,"#).unwrap();
    }
    for (text, expected) in [
        (names, "INPUT_TOO_LARGE"),
        ("[".repeat(127 * MIB), "INPUT_TOO_LARGE"),
        ("\"\"".repeat(63 * MIB), "INPUT_MALFORMED"),
        (format!("{{\"images\": {{\"{}", r"\n".repeat(63 * MIB)), "INPUT_MALFORMED"),
    ] {
        let (code, memory) = refused(&text);
        assert_eq!(code, expected);
        assert!(memory <= 200, "{memory} MiB");
    }
}

#[test]
fn a_text_above_the_bound_is_refused_unread() {
    let text = " ".repeat(128 * MIB + 1);
    let mut instance = Compiled::released().instance();
    let verdict: Value = serde_json::from_str(&instance.evaluate(Some(text.as_bytes())).unwrap()).unwrap();
    assert_eq!(verdict["error"]["code"], "INPUT_TOO_LARGE");
}

#[test]
fn every_size_of_key_leaves_a_good_part_of_the_stack() {
    // What is left is for other compilers, which lay out frames in other ways.
    const USED: usize = 56 * 1024;
    let compiled = Compiled::released();
    let stack = |input: &[u8]| {
        let mut instance = compiled.instance();
        instance.mark_stack();
        instance.evaluate(Some(input)).unwrap();
        instance.stack_bytes()
    };
    for case in cases() {
        let bytes = stack(&case.input);
        assert!(bytes <= USED, "{}: {bytes}", case.name);
    }
    // CAs may have keys of sizes between those of signers; which one takes most depends on how the arithmetic halves them.
    for bits in (2048..=8192).step_by(256) {
        let bytes = stack(&issued_by_rsa(bits));
        assert!(bytes <= USED, "RSA-{bits}: {bytes}");
    }
}

/// An input with a signature whose root has a key of that size. Its certificates are not signed with it, which takes as much to find out.
fn issued_by_rsa(bits: usize) -> Vec<u8> {
    let modulus = vec![0xb5; bits / 8];
    let signature = vec![0x5b; bits / 8];
    let root = authority("root")
        .key(&Key::rsa(2048))
        .spki(rsa_spki(&modulus, &[1, 0, 1]))
        .signature(signature.clone())
        .build();
    let leaf = certificate().issued_by(&root).signature(signature).build();
    let world = World::signed();
    let payload = json!({ "targetArtifact": world.image["subject"] }).to_string();
    let envelope = jws(&[leaf, root]).payload(payload.as_bytes()).build();
    let signature = Signature { envelope, ..world.signature() };
    let (input, verdict, _) = world.unsigned().attach(&signature).rounds();
    let message = verdict.to_string();
    assert!(message.contains("CERTIFICATE_CHAIN_INVALID") && message.contains("is not that of CN=root"), "{message}");
    input
}
