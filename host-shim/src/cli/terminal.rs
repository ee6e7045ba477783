//! Standard output and error: colour only where it is wanted, and a reader that went away ends us quietly.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use super::{args::Color, exit::Stop};
use crate::presenter::without_commands;

/// Where answers go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    color: ColorChoice,
}

impl Terminal {
    pub(super) fn new(color: Color) -> Self {
        let color = match color {
            // Looks at the terminal, NO_COLOR, CLICOLOR and TERM.
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        Self { color }
    }

    /// Writes text with styles to standard output. No line of it is a command to a CI system.
    pub(super) fn text(self, text: &str) -> Result<(), Stop> {
        let text = without_commands(text);
        delivered(AutoStream::new(io::stdout().lock(), self.color).write_all(text.as_bytes()))
    }

    /// Tells people something on standard error. That nobody reads it is no failure.
    pub(super) fn note(self, text: &str) {
        let _ = writeln!(AutoStream::new(io::stderr().lock(), self.color), "{}", without_commands(text));
    }
}

/// Writes bytes as they are to standard output.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    delivered(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// Writes a document that nobody can use in part: a reader that went away did not get what was asked for.
pub(super) fn whole(bytes: &[u8]) -> Result<(), Stop> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| undelivered(&error))
}

/// A reader that has seen enough, as `head` does, is no failure: the exit code still says what was found.
pub(super) fn delivered(written: io::Result<()>) -> Result<(), Stop> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(undelivered(&error)),
        _ => Ok(()),
    }
}

fn undelivered(error: &io::Error) -> Stop {
    Stop::stream("cannot write to standard output", error)
}
