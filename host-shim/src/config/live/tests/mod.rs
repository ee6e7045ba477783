//! Configurations that change while they are watched.

mod api;
mod assembly;
mod cluster;
mod files;
mod objects;
mod secrets;

use super::*;

use std::time::Duration;

use crate::testing::log::Log;
