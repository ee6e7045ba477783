//! What `verify` and `fetch` share: from arguments to the evidence for every image, and the verdict on it.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant as Clock},
};

use wasm_policy::time::Instant;

use super::{args::QuestionArgs, exit::Stop, terminal::Terminal};
use crate::{
    config::Configuration,
    deadline::Deadline,
    engine::Native,
    evidence::{self, Gathered, Question},
    presenter::Names,
    reference::ImageSource,
    registry::{PlainHttp, Registries, RegistryOptions},
};

/// A call that takes longer than this tells how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// The evidence, how its images were called on the command line, and the time of `--now`.
pub(super) struct Answered {
    pub(super) gathered: Gathered,
    pub(super) names: Names,
    pub(super) now: Option<Instant>,
}

/// Reads the configuration, fetches, and asks for the verdict.
pub(super) fn gather(args: QuestionArgs, terminal: Terminal) -> Result<Answered, Stop> {
    let QuestionArgs { images, config, namespace, known_as, plain_http, ca_files, timeout, now } = args;
    // The deadline is that of the whole call; reading the configuration counts.
    let deadline = Deadline::within(timeout);
    if known_as.is_some() && images.len() > 1 {
        return Err(Stop::usage("--as names one image, and several are given", "verify them one at a time"));
    }
    let sources = images.iter().map(|image| ImageSource::parse(image, known_as.as_ref()));
    let sources = sources.collect::<Result<Vec<_>, _>>().map_err(|error| {
        Stop::usage(error.to_string(), "write registry/repository:tag, registry/repository@sha256:… or oci:PATH:TAG")
    })?;
    let configuration = Configuration::load(&config, namespace.as_deref()).map_err(|mistakes| {
        Stop::usage(
            format!("the configuration cannot be used\n{mistakes}"),
            "`image-integrity config check` explains a configuration",
        )
    })?;
    for note in configuration.notes() {
        terminal.note(&format!("note: {note}"));
    }
    let options = RegistryOptions {
        ca_files,
        plain_http: if plain_http || configuration.plain_http() { PlainHttp::Always } else { PlainHttp::Never },
    };
    let registries = Registries::new(&options)
        .map_err(|error| Stop::usage(error.to_string(), "--ca-file takes a file of PEM certificates"))?;
    let time = now.unwrap_or_else(current).to_string();
    let question = Question { config: configuration.config(), now: &time, request_id: None };

    let progress = Progress::over(sources.len());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::undecided(format!("cannot start: {error}")))?;
    let told = |_: &str| progress.one_more();
    let gathered =
        runtime.block_on(evidence::gather(&sources, question, &registries, Arc::new(Native), deadline, &told));
    // A name that is still being resolved must not hold up the answer.
    runtime.shutdown_background();
    progress.end();
    let gathered =
        gathered.map_err(|error| Stop::usage(error.to_string(), "or give one of them another name with --as REF"))?;

    let mut names = Names::new();
    for (image, name) in gathered.images.iter().zip(images) {
        names.entry(image.key.clone()).or_default().push(name);
    }
    Ok(Answered { gathered, names, now })
}

/// The clock's time, in whole seconds.
pub(super) fn current() -> Instant {
    let seconds = jiff::Timestamp::now().as_second();
    // The clock's range is within that of the verdict; a time that is not would be refused as 1970's certificates are.
    Instant::from_unix(seconds, 0).unwrap_or(Instant::FIRST)
}

/// How many images are done, told on a terminal to who waits long.
struct Progress {
    done: AtomicUsize,
    of: usize,
    since: Clock,
    shown: bool,
}

impl Progress {
    fn over(of: usize) -> Self {
        Self { done: AtomicUsize::new(0), of, since: Clock::now(), shown: of > 1 && io::stderr().is_terminal() }
    }

    fn one_more(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown && self.since.elapsed() > PATIENCE {
            // Nobody reads it: there is no one left to tell.
            let _ = write!(io::stderr().lock(), "\r{done}/{} images…", self.of);
        }
    }

    /// Clears the line.
    fn end(&self) {
        if self.shown && self.since.elapsed() > PATIENCE {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
