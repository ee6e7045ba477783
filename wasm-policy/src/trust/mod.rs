//! Whom to trust for what (Notary Project trust store and trust policy specification).

mod identity;
mod policy;
mod store;

pub use identity::TrustedIdentities;
pub use policy::{Actions, Level, Statement, TimestampRule, TrustPolicy};
pub use store::{StoreKind, StoreName, TrustStore};
