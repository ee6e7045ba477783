//! What the end-to-end tests are made of: the built product, and the peers on other people's libraries, as processes.
//!
//! `./build.sh e2e` builds all of it, says by environment variables where it is, and runs the tests. Everything here is for tests: a mistake
//! is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod built;
mod bundles;
mod hosts;
mod keeper;
mod login;
mod node;
mod opa;
mod ports;
mod process;
mod proxy;
mod registry;
mod served;
mod tls;
mod tokens;

pub use built::{bundle, fixture, module, notation_go, peer, shim};
pub use bundles::Bundles;
pub use hosts::HostsDir;
pub use keeper::remove_in_the_end;
pub use login::{CredentialHelper, DockerConfig, IDENTITY_TOKEN, PASSWORD, USER, WRONG_PASSWORD, assert_discreet};
pub use node::verify_in_node;
pub use opa::{Opa, canonical};
pub use process::{Ended, Service, ended, run};
pub use proxy::{BlobStore, Proxy};
pub use registry::{Kind, Registry, Signer};
pub use tokens::TokenServer;
