//! The table of attacks in `docs/security.md`: every test that it names is there.

use std::{fs, path::Path};

use crate::{markdown::Document, root};

/// Where tests are.
const ROOMS: [&str; 4] = ["host-shim", "wasm-policy", "tests", "rego"];
/// How many rows there are, from K1 on.
const ROWS: usize = 11;

#[test]
fn every_attack_has_tests_and_every_test_that_is_named_is_there() {
    let document = Document::all().into_iter().find(|document| document.name == "docs/security.md").unwrap();
    let rows: Vec<_> = document.lines().filter(|line| line.starts_with("| K")).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.split('|').nth(1).unwrap().trim().to_owned()).collect();
    assert_eq!(ids, (1..=ROWS).map(|number| format!("K{number}")).collect::<Vec<_>>());
    let sources: String = ROOMS.iter().map(|room| sources(&root().join(room))).collect();
    for (id, row) in ids.iter().zip(rows) {
        let names: Vec<_> = row.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() > 1).collect();
        assert!(!names.is_empty(), "{id} has no test");
        for name in names {
            let is_there = sources.contains(&format!("fn {name}(")) || sources.contains(&format!("\n{name} if"));
            assert!(is_there, "{id}: there is no test {name}");
        }
    }
}

/// The text of every file in Rust and Rego below a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() && !path.ends_with("target") {
            text.push_str(&sources(&path));
        } else if matches!(extension, Some("rs" | "rego")) {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}
