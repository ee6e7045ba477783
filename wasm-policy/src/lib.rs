//! Whether the signatures of a container image satisfy a trust policy, as a pure function.
//!
//! No I/O, no clock, no randomness, no global state: the same input gives the same bytes on every host. The main path is in [`workflow`].

mod asn1;
pub mod code;
pub mod crypto;
pub mod envelope;
pub mod input;
pub mod limits;
pub mod text;
pub mod time;
pub mod verdict;
pub mod x509;
