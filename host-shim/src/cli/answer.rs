//! Verdicts on standard output, in the format that was asked for.

use serde_json::Value;
use wasm_policy::time::Instant;

use crate::presenter::{self, Asked, Document, Outcome};

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
            Output::Text | Output::Github => self.terminal.text(&format!("{line}\n\n")),
            Output::Json | Output::Yaml => {
                self.terminal.note(&line);
                Ok(())
            }
        }
    }

    /// Writes the verdict on the images that were asked about, and gives its outcome.
    pub(super) fn tell(&mut self, verdict: &[u8], asked: &[Asked]) -> Result<Outcome, Stop> {
        let document = read(verdict)?;
        if let Some(Asked { name, .. }) = asked.iter().find(|image| !document.images.contains_key(&image.key)) {
            return Err(Stop::undecided(format!("the engine gave no verdict on {name}; nothing is verified")));
        }
        self.write(verdict, &document, asked, "")
    }

    /// Writes the verdict on a recorded document with all its images, and gives its outcome; `source` names the document where it names no image.
    pub(super) fn tell_recorded(&mut self, verdict: &[u8], source: &str) -> Result<Outcome, Stop> {
        let document = read(verdict)?;
        let all: Vec<_> = document
            .images
            .keys()
            .map(|key| Asked { key: key.clone(), name: key.clone(), origins: Vec::new() })
            .collect();
        self.write(verdict, &document, &all, source)
    }

    fn write(&mut self, verdict: &[u8], document: &Document, asked: &[Asked], source: &str) -> Result<Outcome, Stop> {
        let first = self.told == 0;
        self.told += 1;
        match self.output {
            Output::Json => terminal::bytes(&[verdict, b"\n"].concat())?,
            Output::Yaml => {
                let value: Value = serde_json::from_slice(verdict).map_err(|error| unreadable(&error))?;
                let separator = if first { "" } else { "---\n" };
                terminal::bytes(format!("{separator}{}", presenter::yaml(&value)).as_bytes())?;
            }
            Output::Text | Output::Github => {
                let separator = if first { "" } else { "\n" };
                self.terminal.text(&format!("{separator}{}", presenter::text(document, asked, source)))?;
            }
        }
        if self.output == Output::Github {
            terminal::bytes(presenter::github(document, asked, source).as_bytes())?;
        }
        Ok(document.outcome())
    }
}

fn read(verdict: &[u8]) -> Result<Document, Stop> {
    Document::read(verdict).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> Stop {
    Stop::undecided(format!("the engine's answer is no verdict document: {error}; nothing is verified"))
}

/// What is told where --now is given.
pub(super) fn as_of(now: Instant) -> String {
    format!("judged as of {now} (--now)")
}
