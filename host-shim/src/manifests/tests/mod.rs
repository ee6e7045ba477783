//! Manifests as text, and the images that are found in them.

mod kinds;
mod mistakes;
mod sources;

use super::{Findings, Manifests, Mistakes, SourceText};

/// Reads one file of that text, named `f.yaml`.
fn read(text: &str) -> Result<Manifests, Mistakes> {
    let source = SourceText { name: "f.yaml".into(), text: text.to_owned() };
    Manifests::read(&[source], Findings::default())
}

/// Each image with the places that name it, as they are told.
#[track_caller]
fn found(text: &str) -> Vec<(String, Vec<String>)> {
    let manifests = read(text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let images = manifests.images.into_iter();
    images.map(|found| (found.image.to_string(), found.uses.iter().map(ToString::to_string).collect())).collect()
}

#[track_caller]
fn assert_found(text: &str, expected: &[(&str, &[&str])]) {
    let found = found(text);
    let found: Vec<(&str, Vec<&str>)> =
        found.iter().map(|(image, uses)| (image.as_str(), uses.iter().map(String::as_str).collect())).collect();
    let expected: Vec<_> = expected.iter().map(|(image, uses)| (*image, uses.to_vec())).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn assert_mistakes(text: &str, expected: &[&str]) {
    assert_eq!(lines(&read(text).expect_err("it has mistakes")), expected);
}

fn lines(mistakes: &Mistakes) -> Vec<String> {
    assert_eq!(mistakes.more, 0);
    mistakes.mistakes.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn notes(text: &str) -> Vec<String> {
    read(text).unwrap().notes.listed.iter().map(ToString::to_string).collect()
}

/// An object; `rest` are its members in flow style.
fn object(api_version: &str, kind: &str, rest: &str) -> String {
    format!("---\napiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: n, namespace: s}}\n{rest}\n")
}
