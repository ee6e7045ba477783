//! The command line as it is written: commands, options and the environment variables of the same names.
//!
//! Each command takes its own struct apart in full, so that no option can go unread.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;
use wasm_policy::{time::Instant, verdict::API_VERSION};

use crate::reference::Reference;

/// Verify the signatures of container images before they are deployed.
#[derive(Debug, Parser)]
#[command(
    name = "image-integrity",
    version = version(),
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 all verified, 1 any denied, 2 any that could not be told, 64 wrong usage or configuration.\n\
                  Each option can be set by an environment variable, as IMAGE_INTEGRITY_CONFIG for --config.",
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct CommonArgs {
    /// When to use colours; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "IMAGE_INTEGRITY_COLOR",
        help_heading = "Common options"
    )]
    pub(super) color: Color,
    /// How much to tell on standard error about what is done
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "warn",
        env = "IMAGE_INTEGRITY_LOG_LEVEL",
        help_heading = "Common options"
    )]
    pub(super) log_level: LogLevel,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verify the signatures of images
    Verify(VerifyArgs),
    /// Write the input document of images, for a later replay or for OPA
    Fetch(FetchArgs),
    /// Give the verdict on recorded input documents
    Replay(ReplayArgs),
    /// Look into a configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Write the completion script of a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say what a configuration means, and every mistake in it
    Check(CheckArgs),
}

/// Verifies the signatures of images under a configuration, and says what was checked, what failed and what to do about it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity verify --config verify-config.yaml registry.example/app:v1\n  \
    image-integrity verify --config policies/ --output json registry.example/app@sha256:…\n  \
    image-integrity verify --config verify-config.yaml oci:build/app:v1\n\n\
    Exit codes: 0 all verified, 1 any denied, else 2 any that could not be told, 64 wrong usage or configuration.")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub(super) question: QuestionArgs,
    /// How to write the verdict; json is exactly the verdict document
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "IMAGE_INTEGRITY_OUTPUT")]
    pub(super) output: Output,
    /// Keep the input document in this file, for `replay`
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_EVIDENCE")]
    pub(super) evidence: Option<PathBuf>,
}

/// Gathers the evidence for images and writes the input document that a verdict is drawn from: for `replay`, or for OPA.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity fetch --config verify-config.yaml registry.example/app:v1 > input.json\n  \
    image-integrity replay input.json\n  \
    opa eval --bundle bundle.tar.gz --input input.json data.image_integrity.verify\n\n\
    Exit codes: 0 the document is written, whatever the verdict on it would be; 64 wrong usage or configuration.")]
pub(super) struct FetchArgs {
    #[command(flatten)]
    pub(super) question: QuestionArgs,
    /// Write the document to this file in place of standard output
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_EVIDENCE")]
    pub(super) evidence: Option<PathBuf>,
}

/// What is asked, and how registries are reached.
#[derive(Debug, Args)]
pub(super) struct QuestionArgs {
    /// Images: registry/repository with a tag or digest, or `oci:PATH[:TAG|@DIGEST]` for an image layout (a folder or tar file)
    #[arg(required = true, value_name = "IMAGE")]
    pub(super) images: Vec<String>,
    /// Whom to trust: a file or folder of the YAML that `kubectl apply` takes; `-` is standard input. Can be given more than once
    #[arg(long, required = true, value_name = "FILE|DIR", value_delimiter = ',', env = "IMAGE_INTEGRITY_CONFIG")]
    pub(super) config: Vec<PathBuf>,
    /// Read the configuration as it applies in this namespace: objects of namespaced kinds in it count, too
    #[arg(long, value_name = "NAME", env = "IMAGE_INTEGRITY_NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// Judge the image layout as if it were this image
    #[arg(long = "as", value_name = "REF", env = "IMAGE_INTEGRITY_AS")]
    pub(super) known_as: Option<Reference>,
    /// Speak HTTP without TLS to every registry
    #[arg(long, env = "IMAGE_INTEGRITY_PLAIN_HTTP", help_heading = "Registries")]
    pub(super) plain_http: bool,
    /// Trust the CAs of this PEM file as well when connecting to registries. Can be given more than once
    #[arg(
        long = "ca-file",
        value_name = "FILE",
        value_delimiter = ',',
        env = "IMAGE_INTEGRITY_CA_FILE",
        help_heading = "Registries"
    )]
    pub(super) ca_files: Vec<PathBuf>,
    /// How long the whole call may take, as 30s, 500ms or 1m30s
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = duration,
        env = "IMAGE_INTEGRITY_TIMEOUT",
        help_heading = "Registries"
    )]
    pub(super) timeout: Duration,
    /// Judge as of this time (RFC 3339) in place of now
    #[arg(long, value_name = "TIME", value_parser = moment, env = "IMAGE_INTEGRITY_NOW")]
    pub(super) now: Option<Instant>,
}

/// Says what a configuration means: policies by scope, trust stores with their certificates; or every mistake in it with file, line and field.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity config check verify-config.yaml\n  \
    image-integrity config check --output json policies/\n\n\
    Exit codes: 0 it can be used, 1 it has mistakes, 64 wrong usage.")]
pub(super) struct CheckArgs {
    /// Files or folders of the YAML that `kubectl apply` takes; `-` is standard input
    #[arg(required = true, value_name = "FILE|DIR")]
    pub(super) files: Vec<PathBuf>,
    /// Read the configuration as it applies in this namespace
    #[arg(long, value_name = "NAME", env = "IMAGE_INTEGRITY_NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// How to write the answer
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "IMAGE_INTEGRITY_OUTPUT")]
    pub(super) output: Output,
    /// Count the days that certificates have left from this time (RFC 3339) in place of now
    #[arg(long, value_name = "TIME", value_parser = moment, env = "IMAGE_INTEGRITY_NOW")]
    pub(super) now: Option<Instant>,
}

/// Gives the verdict on input documents that `fetch` or `verify --evidence` wrote, as of the time recorded in them. Nothing is fetched.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity replay input.json\n  \
    image-integrity replay --output json input.json\n  \
    image-integrity replay --jsonl - < inputs.jsonl > verdicts.jsonl\n\n\
    Exit codes are those of `verify`; with --jsonl it is 0 once every line is answered.")]
pub(super) struct ReplayArgs {
    /// Input documents; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Read one document a line and write one verdict a line, in the same order, however broken a line is
    #[arg(long, conflicts_with = "output")]
    pub(super) jsonl: bool,
    /// How to write the verdict; json is exactly the verdict document
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "IMAGE_INTEGRITY_OUTPUT")]
    pub(super) output: Output,
    /// Judge as of this time (RFC 3339) in place of the recorded one
    #[arg(long, value_name = "TIME", value_parser = moment, env = "IMAGE_INTEGRITY_NOW")]
    pub(super) now: Option<Instant>,
}

/// Writes the completion script of a shell to standard output.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Example:\n  image-integrity completions bash > ~/.local/share/bash-completion/completions/image-integrity"
)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: clap_complete::Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// A tree of checks for people
    Text,
    /// The verdict document
    Json,
    /// The verdict document as YAML
    Yaml,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::OFF,
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// The program's version and that of the contract.
fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| format!("{} (contract {API_VERSION})", env!("CARGO_PKG_VERSION")))
}

fn moment(text: &str) -> Result<Instant, String> {
    Instant::parse_rfc3339(text).ok_or_else(|| "write an RFC 3339 time such as 2026-11-23T12:00:00Z".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "write a duration above zero such as 30s, 500ms or 1m30s".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
