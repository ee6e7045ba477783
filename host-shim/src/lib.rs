//! The host of the verdict: everything that reads, fetches, bounds and shows, and decides nothing.

pub mod allowance;
pub mod bundle;
pub mod cache;
pub mod cli;
pub mod config;
pub mod deadline;
pub mod engine;
pub mod evidence;
pub mod layout;
pub mod listing;
pub mod manifests;
pub mod presenter;
pub mod reference;
pub mod registry;
mod sources;
pub mod telemetry;
#[cfg(test)]
mod testing;
mod yaml;
