//! What the process tells about its work: log lines on standard error.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Starts logging. Only our own lines follow the level: what libraries tell below a warning may hold credentials.
///
/// Does nothing where the process logs already.
pub fn start(level: LevelFilter) {
    let filter = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("host_shim", level);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false);
    // An error means that a subscriber is set already.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
