//! `verify IMAGE…` and `verify -f FILE`: fetches what the verdict needs, and tells it.

use std::{fs, path::Path};

use super::{
    answer::Answers,
    args::VerifyArgs,
    exit::{Exit, Stop},
    gather::{Answered, gather},
    terminal::Terminal,
};

pub(super) fn run(args: VerifyArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let VerifyArgs { question, output, evidence } = args;
    let Answered { gathered, asked, now } = gather(question, terminal)?;
    if let Some(file) = &evidence {
        keep(file, &gathered.input)?;
    }
    let mut answers = Answers::new(output, terminal);
    if let Some(now) = now {
        answers.as_of(now)?;
    }
    Ok(answers.tell(&gathered.verdict, &asked)?.into())
}

/// Writes the input document, so that `replay` gives the same verdict.
pub(super) fn keep(file: &Path, input: &[u8]) -> Result<(), Stop> {
    fs::write(file, input).map_err(|error| {
        Stop::usage(
            format!("cannot write {}: {error}", file.display()),
            "check the path of --evidence and its permissions",
        )
    })
}
