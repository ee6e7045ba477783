//! Verdicts on standard output, in the format that was asked for.

use serde_json::Value;
use wasm_policy::time::Instant;

use crate::presenter::{self, Document, Names, Outcome};

use super::{
    args::Output,
    exit::Stop,
    terminal::{self, Terminal},
};

/// Writes verdict documents one after another.
pub(super) struct Answers {
    output: Output,
    terminal: Terminal,
    told: usize,
}

impl Answers {
    pub(super) fn new(output: Output, terminal: Terminal) -> Self {
        Self { output, terminal, told: 0 }
    }

    /// Says that the verdicts are not as of the clock's or the recorded time. A verdict document must not change for it.
    pub(super) fn as_of(&self, now: Instant) -> Result<(), Stop> {
        let line = as_of(now);
        match self.output {
            Output::Text => self.terminal.text(&format!("{line}\n\n")),
            Output::Json | Output::Yaml => {
                self.terminal.note(&line);
                Ok(())
            }
        }
    }

    /// Writes one verdict and gives its outcome; `source` names the document where it names no image.
    pub(super) fn tell(&mut self, verdict: &[u8], names: &Names, source: &str) -> Result<Outcome, Stop> {
        let document = Document::read(verdict).map_err(|error| {
            Stop::undecided(format!("the engine's answer is no verdict document: {error}; nothing is verified"))
        })?;
        let first = self.told == 0;
        self.told += 1;
        match self.output {
            Output::Json => {
                terminal::bytes(&[verdict, b"\n"].concat())?;
            }
            Output::Yaml => {
                let value: Value = serde_json::from_slice(verdict)
                    .map_err(|error| Stop::undecided(format!("the engine's answer is not JSON: {error}")))?;
                let separator = if first { "" } else { "---\n" };
                terminal::bytes(format!("{separator}{}", presenter::yaml(&value)).as_bytes())?;
            }
            Output::Text => {
                let separator = if first { "" } else { "\n" };
                self.terminal.text(&format!("{separator}{}", presenter::text(&document, names, source)))?;
            }
        }
        Ok(document.outcome())
    }
}

/// What is told where --now is given.
pub(super) fn as_of(now: Instant) -> String {
    format!("judged as of {now} (--now)")
}
