//! What the cluster tests are made of: a control plane, Gatekeeper, kubectl and helm as processes of this machine, and our server beside them.
//!
//! No kubelet and no container runtime: Pods are admitted and stored, and never run. `./build.sh cluster` builds all of it, says by environment
//! variables where it is, and runs the tests. Everything here is for tests: a mistake is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]

mod authority;
mod built;
mod cluster;
mod control_plane;
mod door;
mod engine;
mod gatekeeper;
mod helm;
mod http;
mod kubectl;
mod namespace;
mod objects;
mod ports;
mod program;
mod server;
mod waiting;
mod workload;

pub use authority::{Authority, Identity};
pub use built::{chart, kubernetes, source};
pub use cluster::Cluster;
pub use control_plane::ControlPlane;
pub use door::{Door, Gate};
pub use engine::Engine;
pub use gatekeeper::{Gatekeeper, Setup, Webhooks};
pub use helm::Helm;
pub use http::{Asking, Connection, get};
pub use kubectl::Kubectl;
pub use namespace::{Namespace, OnFailure};
pub use objects::{Placed, encoded};
pub use ports::free_port;
pub use program::Program;
pub use server::{Answer, Configuration, Server};
pub use waiting::{until, within};
pub use workload::Workload;
