//! The host of the verdict: everything that reads, fetches, bounds and shows, and decides nothing.

pub mod allowance;
pub mod bundle;
pub mod cache;
pub mod cli;
pub mod config;
pub mod deadline;
#[cfg(feature = "serve")]
pub mod decisions;
pub mod engine;
pub mod evidence;
#[cfg(feature = "serve")]
mod json;
#[cfg(feature = "serve")]
mod kubernetes;
pub mod layout;
pub mod listing;
pub mod manifests;
pub mod presenter;
#[cfg(feature = "serve")]
pub mod provider;
pub mod reference;
pub mod registry;
#[cfg(feature = "serve")]
pub mod renewal;
#[cfg(feature = "serve")]
pub mod server;
mod sources;
pub mod telemetry;
#[cfg(test)]
mod testing;
mod yaml;
