//! `docs/codes.md`: a section for each code, whose anchor is the code's name in lower case.

use std::fmt::Write as _;

use wasm_policy::code::{Class, Code};

const INTRODUCTION: &str = "\
# Codes

Every verdict, report and failed check carries one of these codes. The list is closed, and a code never changes its meaning.
A code's class says what a caller may do with it:

| class | what it says | exit code of `image-integrity verify` |
|---|---|---|
| `verified` | every rule of the image's policy passed | 0 |
| `denied` | the facts say no; asking again without a change gives the same answer | 1 |
| `indeterminate` | it could not be told; something that the verdict needs is missing or unusable | 2 |
| `transient` | it could not be told this time; trying again may help | 2 |

This page is written by `cargo run -p xtask -- generate` from `wasm-policy/src/code.rs`.

| code | class |
|---|---|
";

/// The page.
pub(super) fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for code in Code::ALL {
        let _ = writeln!(page, "| [`{code}`](#{}) | {} |", anchor(*code), code.class().name());
    }
    for code in Code::ALL {
        let _ = write!(page, "\n## {code}\n\n{}\n\n", code.meaning());
        let _ = match code.class() {
            Class::Verified => writeln!(page, "Class: `verified`."),
            class => writeln!(page, "Class: `{}`. What to do: {}", class.name(), code.remediation()),
        };
    }
    page
}

/// What renderers of Markdown make of the heading.
fn anchor(code: Code) -> String {
    code.name().to_ascii_lowercase()
}
