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

use super::{args::QuestionArgs, exit::Stop, progress, terminal::Terminal};
use crate::{
    config::Configuration,
    deadline::Deadline,
    engine::Native,
    evidence::{self, Gathered, Question},
    presenter::Asked,
    reference::ImageSource,
    registry::{PlainHttp, Registries, RegistryOptions},
};

/// The evidence and the verdict, the images in the order of the command line, and the time of `--now`.
pub(super) struct Answered {
    pub(super) gathered: Gathered,
    pub(super) asked: Vec<Asked>,
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
    let config = listed(config, "IMAGE_INTEGRITY_CONFIG");
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
    for note in configuration.notes() {
        terminal.note(&format!("note: {note}"));
    }
    let options = RegistryOptions {
        ca_files: listed(ca_files, "IMAGE_INTEGRITY_CA_FILE"),
        plain_http: if plain_http || configuration.plain_http() { PlainHttp::Always } else { PlainHttp::Never },
    };
    let registries = Registries::new(&options)
        .map_err(|error| Stop::usage(error.to_string(), "--ca-file takes a file of PEM certificates"))?;
    let time = now.unwrap_or_else(current).to_string();
    let question = Question { config: configuration.config(), now: &time, request_id: None };

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::undecided(format!("cannot start: {error}")))?;
    let done = AtomicUsize::new(0);
    let one_more = |_: &str| _ = done.fetch_add(1, Ordering::Relaxed);
    let gathering = evidence::gather(&sources, question, &registries, Arc::new(Native), deadline, &one_more);
    let gathered = runtime.block_on(progress::told(gathering, &done, sources.len(), watcher(sources.len())));
    // A name that is still being resolved must not hold up the answer.
    runtime.shutdown_background();
    let gathered =
        gathered.map_err(|error| Stop::usage(error.to_string(), "or give one of them another name with --as REF"))?;

    let keys = gathered.images.iter().map(|image| image.key.clone());
    let asked = keys.zip(images).map(|(key, name)| Asked { key, name }).collect();
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
