//! How the process ends: exit codes that scripts rely on, and errors that say what to do.

use std::{fmt, path::Path, process::ExitCode};

use crate::presenter::Outcome;

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Every image is verified, or the command did what it was asked to.
    Success,
    /// An image is denied, or a configuration has mistakes.
    Denied,
    /// No image is denied, but of some it could not be told.
    Undecided,
    /// The command line, the configuration or a file that it names is wrong (`EX_USAGE` of sysexits.h).
    Usage,
    /// The answer could not be written, or standard input not read (`EX_IOERR` of sysexits.h).
    InputOutput,
}

impl Exit {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Denied => 1,
            Self::Undecided => 2,
            Self::Usage => 64,
            Self::InputOutput => 74,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Verified => Self::Success,
            Outcome::Undecided => Self::Undecided,
            Outcome::Denied => Self::Denied,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command ended before it could answer.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) exit: Exit,
    what: String,
    next: Option<String>,
}

impl Stop {
    /// Wrong usage: what is wrong, and what to do.
    pub(super) fn usage(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, what: what.into(), next: Some(next.into()) }
    }

    /// Wrong usage that says itself what to do.
    pub(super) fn refused(what: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, what: what.into(), next: None }
    }

    /// A file that was named on the command line cannot be read, or standard input as `-`.
    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        if path == Path::new("-") {
            return Self::stream("cannot read standard input", error);
        }
        Self::usage(format!("cannot read {}: {error}", path.display()), "check the path and its permissions")
    }

    /// A stream of our own failed.
    pub(super) fn stream(name: &str, error: &std::io::Error) -> Self {
        Self { exit: Exit::InputOutput, what: format!("{name}: {error}"), next: None }
    }

    /// An answer that no one may rely on.
    pub(super) fn undecided(what: impl Into<String>) -> Self {
        Self { exit: Exit::Undecided, what: what.into(), next: None }
    }
}

/// In the manner of the argument parser's own errors.
impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if let Some(next) = &self.next {
            write!(f, "\n  → {next}")?;
        }
        Ok(())
    }
}
