//! Logging in to a registry: what it asks for, whom a credential may be shown to, and what is kept of it (OCI distribution specification, and the
//! Docker token specification under it).
//!
//! A credential goes to the registry that it belongs to and to the token service that this one names, if that may see it ([`realm`]); nowhere else. One
//! that is configured and refused is an error: a quiet anonymous try would hide it, and might find another image.

mod challenge;
mod login;
mod realm;
mod session;
mod token;

pub(super) use login::Authorized;
pub use realm::{TrustedRealm, TrustedRealmError};
pub(super) use session::Sessions;
