//! What the process tells about its work: log lines on standard error.

#[cfg(feature = "serve")]
mod buffer;
#[cfg(feature = "serve")]
mod json;
#[cfg(feature = "serve")]
mod metrics;
#[cfg(feature = "serve")]
mod trace;

use std::io::{self, Write};

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, filter::Targets, layer::SubscriberExt as _, registry::LookupSpan, util::SubscriberInitExt as _,
};

#[cfg(feature = "serve")]
pub(crate) use json::JsonLines;
#[cfg(feature = "serve")]
pub use metrics::{Endpoint, Metrics, Origin, Phase, TrustStoreHealth};
#[cfg(feature = "serve")]
pub use trace::TraceId;

use crate::presenter::without_commands;

/// Starts logging. Only our own lines follow the level: what libraries tell below a warning may hold credentials.
///
/// Does nothing where the process logs already.
pub fn start(level: LevelFilter) {
    // An error means that a subscriber is set already.
    let _ = tracing_subscriber::registry().with(lines(io::stderr)).with(up_to(level)).try_init();
}

/// How log lines are written.
#[cfg(feature = "serve")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Logs until it is dropped.
#[cfg(feature = "serve")]
#[must_use = "lines that wait are lost without it"]
pub struct Logging(#[expect(dead_code, reason = "writes what waits when it is dropped")] buffer::Writer);

/// As [`start`], for a process that answers many: its lines are written a moment later, several at once.
///
/// # Errors
/// Where there can be no thread that writes them.
#[cfg(feature = "serve")]
pub fn start_server(format: Format, level: LevelFilter) -> io::Result<Logging> {
    let lost = |count| tracing::warn!(count, "log lines were left out, since nobody has read the log fast enough");
    let (stream, writer) = buffer::Writer::start(io::stderr(), lost)?;
    let stream = move || stream.clone();
    let registry = tracing_subscriber::registry();
    // An error means that a subscriber is set already.
    let _ = match format {
        Format::Text => registry.with(lines(stream)).with(up_to(level)).try_init(),
        Format::Json => registry.with(JsonLines(stream)).with(up_to(level)).try_init(),
    };
    Ok(Logging(writer))
}

fn up_to(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("host_shim", level)
}

pub(crate) fn lines<S, W>(stream: impl Fn() -> W + Send + Sync + 'static) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
{
    let stream = move || WithoutCommands(stream());
    tracing_subscriber::fmt::layer().with_writer(stream).with_ansi(false).with_target(false)
}

/// Takes each event in one piece, with its end of line; what a registry said may be part of it.
struct WithoutCommands<W>(W);

impl<W: Write> Write for WithoutCommands<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(without_commands(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::log::Log;

    #[test]
    fn no_log_line_is_a_command_to_a_ci_system() {
        let log = Log::default();
        let stream = log.clone();
        let subscriber = tracing_subscriber::registry().with(lines(move || stream.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(said = %"a ##vso[task.setvariable]b\n::error::c", "asks again");
        });
        let text = log.text();
        assert!(text.ends_with(" WARN asks again said=a #\\u{23}vso[task.setvariable]b\n\\u{3a}:error::c\n"), "{text}");
    }
}
