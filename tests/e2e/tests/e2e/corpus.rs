//! Every case of the corpus in OPA, against the bytes of the native verdict.
//!
//! OPA reads the outer document before the module sees it, and not in the same way over REST (JSON) and from a file (YAML). So the cases that are
//! about the document's text have outcomes of their own; both tests below fail where such a case turns out to be as the native one.

use std::fs;

use image_integrity_e2e::{Opa, canonical};
use image_integrity_test_corpus::{Case, cases};
use serde_json::Value;

/// What a case comes to by way of OPA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The native verdict, byte for byte in canonical form.
    Same,
    /// The native code; the message differs, for it says what the module was given.
    SameCode,
    /// OPA's reader drops what the case is about, before the module is asked: the rest has this code.
    Dropped(&'static str),
    /// OPA's reader refuses the text, and the module is not asked.
    Refused,
}

/// Over REST the input stands in a JSON document.
fn expected_over_rest(case: &Case) -> Outcome {
    match &*case.name {
        "an empty text" | "no JSON" | "something after the document" => Outcome::Refused,
        _ => expected(case),
    }
}

/// `opa eval` takes a file for YAML: a bare sentence is a string, and an empty text is null.
fn expected_by_eval(case: &Case) -> Outcome {
    match &*case.name {
        "something after the document" => Outcome::Refused,
        "an empty text" | "no JSON" => Outcome::SameCode,
        _ => expected(case),
    }
}

fn expected(case: &Case) -> Outcome {
    match &*case.name {
        "a name twice in the document" | "a name twice where nobody reads" => Outcome::Dropped("VERIFIED"),
        _ => Outcome::Same,
    }
}

/// Which outcome a verdict is; none was given where OPA refused.
fn outcome(case: &Case, verdict: Option<&Value>) -> Outcome {
    let Some(verdict) = verdict else { return Outcome::Refused };
    let native = String::from_utf8(wasm_policy::verify(&case.input)).unwrap();
    let canonical = verdict.to_string();
    match code_of(verdict) {
        _ if canonical == native => Outcome::Same,
        code if code == case.code => Outcome::SameCode,
        "VERIFIED" => Outcome::Dropped("VERIFIED"),
        code => panic!("{}: {code} is not {}: {verdict}", case.name, case.code),
    }
}

/// The code of the only image, or of the refusal.
fn code_of(verdict: &Value) -> &str {
    let image = verdict["images"].as_object().and_then(|images| images.values().next());
    image.unwrap_or(&verdict["error"])["code"].as_str().expect("a verdict has a code")
}

#[test]
fn the_corpus_has_the_native_verdict_in_opa_over_rest() {
    let opa = Opa::serve();
    for case in cases() {
        let (status, answer) = opa.ask(&case.input);
        let verdict = match status {
            200 => Some(answer.get("result").expect("the verdict is never undefined")),
            400 => None,
            _ => panic!("{}: {status} {answer}", case.name),
        };
        assert_eq!(outcome(&case, verdict), expected_over_rest(&case), "{}: {status} {answer}", case.name);
    }
}

#[test]
fn the_corpus_has_the_native_verdict_in_opa_eval() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.json");
    for case in cases() {
        fs::write(&input, &case.input).unwrap();
        let ended = Opa::eval(&input);
        let verdict = match ended.code {
            0 => Some(serde_json::from_str(&canonical(&ended.out)).unwrap()),
            2 if ended.err.contains("unable to parse input") => None,
            _ => panic!("{}: {ended:?}", case.name),
        };
        assert_eq!(outcome(&case, verdict.as_ref()), expected_by_eval(&case), "{}: {ended:?}", case.name);
    }
}
