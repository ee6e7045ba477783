//! `fetch IMAGE…` and `fetch -f FILE`: writes the input document that a verdict is drawn from.

use super::{
    answer::as_of,
    args::FetchArgs,
    exit::{Exit, Stop},
    gather::{Answered, gather},
    terminal::{self, Terminal},
    verify::keep,
};

pub(super) fn run(args: FetchArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let FetchArgs { question, evidence } = args;
    let Answered { gathered, asked: _, now } = gather(question, terminal)?;
    if let Some(now) = now {
        terminal.note(&as_of(now));
    }
    match &evidence {
        Some(file) => keep(file, &gathered.input)?,
        None => terminal::whole(&[gathered.input.as_slice(), b"\n"].concat())?,
    }
    Ok(Exit::Success)
}
