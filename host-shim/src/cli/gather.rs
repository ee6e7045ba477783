//! What `verify` and `fetch` share: from arguments to the evidence for every image, and the verdict on it.

use std::{
    env,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use wasm_policy::time::Instant;

use super::{
    args::QuestionArgs,
    exit::Stop,
    images::{self, Wanted},
    progress, registries,
    terminal::Terminal,
};
use crate::{
    cache::{AsWhom, Kept},
    config::Configuration,
    deadline::Deadline,
    engine::Native,
    evidence::{self, Access, Gathered, Question},
    presenter::Asked,
    reference::ImageSource,
    sources::is_stdin,
};

/// The evidence and the verdict, the images in the order in which they were named, and the time of `--now`.
pub(super) struct Answered {
    pub(super) gathered: Gathered,
    pub(super) asked: Vec<Asked>,
    pub(super) now: Option<Instant>,
}

/// Reads the configuration, fetches, and asks for the verdict.
pub(super) fn gather(args: QuestionArgs, terminal: Terminal) -> Result<Answered, Stop> {
    let QuestionArgs { images, filenames, config, namespace, known_as, registries, timeout, now } = args;
    // The deadline is that of the whole call; reading the configuration counts.
    let deadline = Deadline::within(timeout);
    let (config, filenames) = (listed(config, "IMAGE_INTEGRITY_CONFIG"), listed(filenames, "IMAGE_INTEGRITY_FILENAME"));
    if [&config, &filenames].iter().all(|paths| paths.iter().any(|path| is_stdin(path))) {
        return Err(Stop::usage(
            "standard input can be read only once, and `-` is given to --config and to --filename",
            "name a file for one of the two",
        ));
    }
    let wanted = images::wanted(images, &filenames, known_as.as_ref(), terminal)?;
    if config.is_empty() {
        return Err(Stop::usage(
            "no configuration says whom to trust",
            "give --config FILE|DIR with the YAML that `kubectl apply` takes, as the verify-config.yaml of AKS Image Integrity",
        ));
    }
    let configuration = Configuration::load(&config, namespace.as_deref()).map_err(|mistakes| {
        Stop::usage(
            format!("the configuration cannot be used\n{mistakes}"),
            "`image-integrity config check` explains a configuration",
        )
    })?;
    for line in configuration.notes().lines() {
        terminal.note(&line);
    }
    let in_registries = wanted.iter().any(|wanted| matches!(wanted.source, ImageSource::Registry(_)));
    let needed = if in_registries { registries::Asked::Registries } else { registries::Asked::Layouts };
    let registries = registries::reach(registries, &configuration, needed)?;
    let time = now.unwrap_or_else(current).to_string();
    let question = Question { config: configuration.config(), now: &time, request_id: None };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::undecided(format!("cannot start: {error}")))?;
    let done = AtomicUsize::new(0);
    let one_more = |_: &str| _ = done.fetch_add(1, Ordering::Relaxed);
    let sources: Vec<_> = wanted.iter().map(|wanted| wanted.source.clone()).collect();
    let kept = Kept::for_one_call();
    let access = Access { registries: &registries, kept: &kept, as_whom: AsWhom::new(0) };
    let gathering = evidence::gather(&sources, question, access, Arc::new(Native::default()), deadline, &one_more);
    let gathered = runtime.block_on(progress::told(gathering, &done, sources.len(), watcher(sources.len())));
    // A name that is still being resolved must not hold up the answer.
    runtime.shutdown_background();
    let gathered =
        gathered.map_err(|error| Stop::usage(error.to_string(), "or give one of them another name with --as REF"))?;

    let keys = gathered.images.iter().map(|image| image.key.clone());
    let asked = keys.zip(wanted).map(|(key, Wanted { name, origins, .. })| Asked { key, name, origins }).collect();
    Ok(Answered { gathered, asked, now })
}

/// The paths that were given, else those of the variable. Only there a separator is needed: on the command line the option is repeated.
pub(super) fn listed(given: Vec<PathBuf>, variable: &str) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given;
    }
    let paths = env::var_os(variable).unwrap_or_default();
    env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// Where progress is told: to people, and only about several images.
fn watcher(images: usize) -> Box<dyn Write> {
    if images > 1 && io::stderr().is_terminal() { Box::new(io::stderr()) } else { Box::new(io::sink()) }
}

/// The clock's time, in whole seconds.
pub(super) fn current() -> Instant {
    let seconds = jiff::Timestamp::now().as_second();
    // The clock's range is within that of the verdict; a time that is not would be refused as 1970's certificates are.
    Instant::from_unix(seconds, 0).unwrap_or(Instant::FIRST)
}
