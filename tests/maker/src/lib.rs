//! Makes certificates and signatures for tests: right ones by default, and with any part of them hostile.
//!
//! ```
//! use image_integrity_test_maker::{Key, authority, certificate};
//!
//! let root = authority("root").build();
//! let leaf = certificate().subject("C=US, ST=WA, O=acme").key(&Key::p384("leaf")).issued_by(&root).build();
//! assert!(leaf.pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! ```
//!
//! Everything is deterministic: the same calls make the same bytes. A maker stops the test where it is asked for what cannot be made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod algorithm;
pub mod cbor;
mod certificate;
pub mod cose;
pub mod der;
pub mod envelope;
pub mod jws;
mod key;
pub mod name;

pub use algorithm::{Algorithm, Hash, pss_identifier};
pub use certificate::{CertificateBuilder, Made, authority, certificate, chain_of_three};
pub use cose::{CoseBuilder, cose};
pub use jws::{JwsBuilder, jws};
pub use key::{Key, ec_spki, rsa_spki};
