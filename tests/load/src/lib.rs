//! The server under load, as a process of its own: what it costs (`./build.sh bench provider`), and whether it stays right for long (`./build.sh soak`); and
//! what it mostly does, for the compiler to see (`./build.sh image`).
//!
//! The registry is one in this process, since it must hold images by the thousand, wait as it is told, and break when it is told. That the server gets on
//! with other people's registries is for `tests/e2e` to show. A mistake is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod images;
mod objects;
mod registry;
mod usage;
mod world;

pub use images::{Image, Signer};
pub use objects::{keys, store, verifier};
pub use registry::{Fault, Registry};
pub use usage::{Usage, usage};
pub use world::{Asked, CONNECTIONS, Client, Load, World};
