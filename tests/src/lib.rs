//! Conformance and attack suites over every host of the module.
//!
//! Everything here is for tests: a mistake is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

pub mod rego;
pub mod wasm;
