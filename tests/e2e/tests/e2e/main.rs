//! The product as users have it, against peers on other people's libraries: one verdict, whoever serves, signs or evaluates.
//!
//! `./build.sh e2e` runs these tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bad_input;
mod bundle;
mod corpus;
mod demo;
mod engines;
mod logins;
mod mirrors;
mod notation_go;
mod one_verdict;
mod packing;
mod registries;
mod rego;
mod requests;
mod storage;

use std::{ffi::OsStr, fs, path::Path, process::Command};

use image_integrity_e2e::{Ended, Opa, canonical, fixture, run, shim, verify_in_node};
use serde_json::Value;

/// The configuration that trusts the demo's signer.
const DEMO: &str = "demo/verify-config.yaml";

/// The demo's signer.
const DEMO_KEYS: &str = "demo/keys/demo";

/// `image-integrity COMMAND` under a configuration of the fixtures.
fn asked(command: &str, config: &str) -> Command {
    let mut asked = shim();
    asked.arg(command).arg("--config").arg(fixture(config));
    asked
}

/// The verdict document of `verify`, and how it ended.
fn verified<S: AsRef<OsStr>>(config: &str, arguments: impl IntoIterator<Item = S>) -> (Ended, Value) {
    judged(asked("verify", config).args(arguments))
}

/// The same of this command.
fn judged(verify: &mut Command) -> (Ended, Value) {
    let ended = run(verify.args(["--output", "json"]));
    let verdict = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    (ended, verdict)
}

/// The exit code of `verify`, and the code of the only image.
fn verdict_on<S: AsRef<OsStr>>(config: &str, arguments: impl IntoIterator<Item = S>) -> (i32, String) {
    let (ended, verdict) = verified(config, arguments);
    (ended.code, code_of(&verdict))
}

/// The code of the only image of a verdict.
fn code_of(verdict: &Value) -> String {
    let images = verdict["images"].as_object().expect("a verdict has images");
    let codes: Vec<_> = images.values().map(|image| image["code"].as_str().expect("an image has a code")).collect();
    codes.join(" ")
}

/// Asserts that a recorded input has this verdict also when it is replayed, in Node, in `opa eval`, and in an OPA that serves.
fn assert_one_verdict(opa: &Opa, input: &Path, verdict: &str) {
    let replayed = run(shim().args(["replay", "--output", "json"]).arg(input));
    assert_eq!(replayed.out.trim_end(), verdict, "replay: {replayed:?}");
    let in_node = verify_in_node(input);
    assert_eq!(in_node.out, verdict, "Node: {in_node:?}");
    let evaluated = Opa::eval(input);
    assert_eq!(evaluated.code, 0, "opa eval: {evaluated:?}");
    assert_eq!(canonical(&evaluated.out), verdict, "opa eval");
    let (status, answer) = opa.ask(&fs::read(input).expect("the input was written"));
    assert_eq!(status, 200, "opa run: {answer}");
    assert_eq!(answer["result"].to_string(), verdict, "opa run");
}
