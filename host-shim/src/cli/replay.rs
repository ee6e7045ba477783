//! `replay FILE…` and `replay --jsonl -`: the verdict of recorded input documents, without any fetching.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufReader, BufWriter, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use wasm_policy::{
    code::{Code, Failure},
    limits::Limits,
    text::{Value, json},
    time::Instant,
    verdict::Verdict,
};

use crate::presenter::Outcome;

use super::{
    answer::{Answers, as_of},
    args::ReplayArgs,
    exit::{Exit, Stop},
    lines::{self, Bounds, Ended, Judge},
    terminal::{Terminal, delivered},
};

pub(super) fn run(args: ReplayArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let ReplayArgs { files, jsonl, output, now } = args;
    if jsonl {
        return replay_lines(&files, now, terminal);
    }
    let mut answers = Answers::new(output, terminal);
    if let Some(now) = now {
        answers.as_of(now)?;
    }
    let mut outcome = Outcome::Verified;
    for file in &files {
        let document = read(file)?;
        let verdict = judge_at(&document, now);
        outcome = outcome.max(answers.tell_recorded(&verdict, &file.display().to_string())?);
    }
    Ok(outcome.into())
}

fn replay_lines(files: &[PathBuf], now: Option<Instant>, terminal: Terminal) -> Result<Exit, Stop> {
    if let Some(now) = now {
        terminal.note(&as_of(now));
    }
    let longest = Limits::default().input_bytes;
    // One line of the greatest size may be judged while the next is read.
    let bounds = Bounds { line: longest, ahead: longest };
    let judge: Judge = Arc::new(move |line| judge_at(line, now));
    for file in files {
        let input = BufReader::with_capacity(64 << 10, open(file)?);
        match lines::judge_lines(input, BufWriter::new(io::stdout().lock()), bounds, &judge) {
            Ok(()) => {}
            Err(Ended::Start(error)) => return Err(Stop::stream("cannot start threads", &error)),
            Err(Ended::Input(error)) => return Err(Stop::unreadable(file, &error)),
            Err(Ended::Output(error)) => return delivered(Err(error)).map(|()| Exit::Success),
            Err(Ended::Unjudged) => {
                return Err(Stop::undecided("a line was not judged: this is a defect of image-integrity"));
            }
        }
    }
    Ok(Exit::Success)
}

/// The verdict of a document, as of another time where one is given.
fn judge_at(document: &[u8], now: Option<Instant>) -> Vec<u8> {
    match now.map(|now| moved_to(document, now)) {
        None => wasm_policy::verify(document),
        Some(Ok(moved)) => wasm_policy::verify(&moved),
        Some(Err(refusal)) => Verdict::refusal(&refusal).to_bytes(),
    }
}

/// The document with its `now` replaced, and every other byte kept: what the module would refuse, it still refuses.
fn moved_to(document: &[u8], now: Instant) -> Result<Cow<'_, [u8]>, Failure> {
    let Ok(tree) = json::parse(document, &Limits::default()) else { return Ok(Cow::Borrowed(document)) };
    match tree.as_object().and_then(|object| object.get("now")) {
        Some(Value::String(Cow::Borrowed(recorded))) => {
            // The reader borrows a string without escapes from the document, so its address says where it stands.
            let start = recorded.as_ptr().addr() - document.as_ptr().addr();
            let (before, after) = (&document[..start], &document[start + recorded.len()..]);
            Ok(Cow::Owned([before, now.to_string().as_bytes(), after].concat()))
        }
        Some(Value::String(Cow::Owned(_))) => {
            Err(Failure::new(Code::InputMalformed, "`now` is written with escapes, so --now cannot replace it"))
        }
        // Without a time in it the module refuses the document, and so it must.
        _ => Ok(Cow::Borrowed(document)),
    }
}

/// At most one byte more than the module accepts, so that the module sees that it is too much.
fn read(file: &Path) -> Result<Vec<u8>, Stop> {
    let most = Limits::default().input_bytes as u64 + 1;
    let mut document = Vec::new();
    open(file)?.take(most).read_to_end(&mut document).map_err(|error| Stop::unreadable(file, &error))?;
    Ok(document)
}

fn open(file: &Path) -> Result<Box<dyn Read + Send>, Stop> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(file).map_err(|error| Stop::unreadable(file, &error))?))
}
