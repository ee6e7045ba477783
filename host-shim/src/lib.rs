//! The host of the verdict.

pub mod config;
pub mod deadline;
pub mod layout;
pub mod listing;
pub mod reference;
mod yaml;
