//! Certificates (RFC 5280) and the chains that may sign images (Notary Project signature specification, "Certificate requirements").
//!
//! No time is looked at here: when certificates must have been valid depends on the signing scheme and the trust policy.

mod algorithm;
mod certificate;
pub mod chain;
mod extensions;
mod name;
pub mod pem;
mod verifier;

pub use crate::asn1::Oid;
pub use certificate::Certificate;
pub use chain::CodeSigningChain;
pub use name::{Attribute, Name};
pub use verifier::Verifier;
