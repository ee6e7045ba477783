//! Writes the corpus into a folder: `NAME.input` with the exact bytes of the input, and `NAME.verdict` with those of the native verdict.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{env, fs, path::PathBuf};

fn main() {
    let folder = PathBuf::from(env::args().nth(1).expect("usage: write FOLDER"));
    fs::create_dir_all(&folder).unwrap();
    for case in image_integrity_test_corpus::cases() {
        let name = folder.join(case.name.replace(' ', "-"));
        fs::write(name.with_added_extension("verdict"), wasm_policy::verify(&case.input)).unwrap();
        fs::write(name.with_added_extension("input"), &case.input).unwrap();
    }
}
