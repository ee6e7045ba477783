//! The command line as it is written: commands, options and the environment variables of the same names.
//!
//! Each command takes its own struct apart in full, so that no option can go unread.

#[cfg(feature = "serve")]
pub(super) mod renew;
#[cfg(feature = "serve")]
pub(super) mod serve;

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, builder::BoolishValueParser,
    error::ErrorKind, parser::ValueSource,
};
use tracing::level_filters::LevelFilter;
use wasm_policy::{time::Instant, verdict::API_VERSION};

use crate::{
    bundle::{Algorithm, RevisionPart},
    reference::Reference,
    registry::TrustedRealm,
};

/// Verify the signatures of container images before they are deployed.
#[derive(Debug, Parser)]
#[command(
    name = "image-integrity",
    version = version(),
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 all verified, 1 any denied, else 2 any that could not be told, 64 wrong usage or configuration,\n\
                  74 standard input or output that failed.\n\
                  Each option can be set by an environment variable, as IMAGE_INTEGRITY_CONFIG for --config.",
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

impl Cli {
    /// The arguments and the environment of this process.
    pub(super) fn read() -> Result<Self, clap::Error> {
        let matches = Self::command().try_get_matches()?;
        // Only where it was typed: a format in the environment is meant for the commands that have one.
        if let Some(replay) = matches.subcommand_matches("replay")
            && replay.get_flag("jsonl")
            && replay.value_source("output") == Some(ValueSource::CommandLine)
        {
            let conflict =
                "the argument '--jsonl' cannot be used with '--output': it writes verdict documents, one a line";
            return Err(Self::command().error(ErrorKind::ArgumentConflict, conflict));
        }
        Self::from_arg_matches(&matches)
    }
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
    /// How much to tell on standard error about what is done [default: warn, or info of `serve`]
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "IMAGE_INTEGRITY_LOG_LEVEL",
        help_heading = "Common options"
    )]
    pub(super) log_level: Option<LogLevel>,
}

/// What to do. A command's own arguments describe it.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Verify(VerifyArgs),
    Fetch(FetchArgs),
    Replay(ReplayArgs),
    Bundle(BundleArgs),
    #[cfg(feature = "serve")]
    Serve(Box<serve::ServeArgs>),
    #[cfg(feature = "serve")]
    RenewCertificate(renew::RenewCertificateArgs),
    /// Look into a configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    Completions(CompletionsArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    Check(CheckArgs),
}

/// Verify the signatures of images
///
/// Says of each image what was checked under the configuration, what failed and what to do about it. Of an image index the index itself is judged, and not
/// the images that it lists. Registries are logged in to with what `docker login` left.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity verify --config verify-config.yaml registry.example/app:v1\n  \
    image-integrity verify --config policies/ --output json registry.example/app@sha256:…\n  \
    image-integrity verify --config verify-config.yaml oci:build/app:v1\n  \
    image-integrity verify --config verify-config.yaml -f k8s/ --output github\n  \
    helm template chart/ | image-integrity verify --config verify-config.yaml -f -\n\n\
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

/// Write the input document of images, for a later replay or for OPA
///
/// The document holds everything that the verdict depends on: configuration, time, and the signatures with all that belongs to them. What could not be
/// fetched is noted in it, and the verdict tells.
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
    #[arg(value_name = "IMAGE")]
    pub(super) images: Vec<String>,
    /// Every image of these Kubernetes manifests, too: a file, a folder, or `-` for standard input. Repeatable
    /// [env: IMAGE_INTEGRITY_FILENAME, separated as in PATH]
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR")]
    pub(super) filenames: Vec<PathBuf>,
    /// Whom to trust: a file or folder of the YAML that `kubectl apply` takes; `-` is standard input. Repeatable
    /// [env: IMAGE_INTEGRITY_CONFIG, separated as in PATH]
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) config: Vec<PathBuf>,
    /// Read the configuration as it applies in this namespace: objects of namespaced kinds in it count, too. The namespaces in manifests are not looked at
    #[arg(long, value_name = "NAME", env = "IMAGE_INTEGRITY_NAMESPACE")]
    pub(super) namespace: Option<String>,
    /// Judge the image layout as if it were this image
    #[arg(long = "as", value_name = "REF", env = "IMAGE_INTEGRITY_AS")]
    pub(super) known_as: Option<Reference>,
    #[command(flatten)]
    pub(super) registries: RegistryArgs,
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

/// How registries are reached.
#[derive(Debug, Args)]
pub(super) struct RegistryArgs {
    /// Speak HTTP without TLS to every registry
    #[arg(long, env = "IMAGE_INTEGRITY_PLAIN_HTTP", value_parser = BoolishValueParser::new(), help_heading = "Registries")]
    pub(super) plain_http: bool,
    /// Trust the CAs of this PEM file as well when connecting to registries. Repeatable
    /// [env: IMAGE_INTEGRITY_CA_FILE, separated as in PATH]
    #[arg(long = "ca-file", value_name = "FILE", help_heading = "Registries")]
    pub(super) ca_files: Vec<PathBuf>,
    /// Log in with this docker config.json, and not with the one that `docker login` writes
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_REGISTRY_CONFIG", help_heading = "Registries")]
    pub(super) registry_config: Option<PathBuf>,
    /// Mirrors, CAs and client certificates of single registries: a folder as containerd's certs.d, with REGISTRY/hosts.toml in it
    #[arg(long, value_name = "DIR", env = "IMAGE_INTEGRITY_HOSTS_DIR", help_heading = "Registries")]
    pub(super) hosts_dir: Option<PathBuf>,
    /// Check no certificates of hosts that have `skip_verify = true` in a hosts.toml, which is refused otherwise
    #[arg(long, env = "IMAGE_INTEGRITY_INSECURE_SKIP_VERIFY", value_parser = BoolishValueParser::new(), help_heading = "Registries")]
    pub(super) insecure_skip_verify: bool,
    /// Let the token service at the host REALM see the credential for REGISTRY, where their names do not show that both have one owner. Repeatable, or separated
    /// by commas
    #[arg(
        long = "trust-realm",
        value_name = "REGISTRY=REALM",
        env = "IMAGE_INTEGRITY_TRUST_REALM",
        value_delimiter = ',',
        help_heading = "Registries"
    )]
    pub(super) trusted_realms: Vec<TrustedRealm>,
}

/// Say what a configuration means, and every mistake in it
///
/// Lists the policies by scope and the trust stores with their certificates; or all mistakes with file, line and field.
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

/// Give the verdict on recorded input documents
///
/// The documents are those that `fetch` and `verify --evidence` write. They are judged as of the time recorded in them, and nothing is fetched.
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
    #[arg(long)]
    pub(super) jsonl: bool,
    /// How to write the verdict; json is exactly the verdict document
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "IMAGE_INTEGRITY_OUTPUT")]
    pub(super) output: Output,
    /// Judge as of this time (RFC 3339) in place of the recorded one
    #[arg(long, value_name = "TIME", value_parser = moment, env = "IMAGE_INTEGRITY_NOW")]
    pub(super) now: Option<Instant>,
}

/// Pack the module with Rego and data of your own into a bundle for OPA
///
/// A folder is laid out as OPA lays out a bundle. Every bundle holds the module, which answers at `data.image_integrity.verify`, helpers for admission
/// policies and a mask for decision logs.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity bundle --module policy.wasm --out bundle.tar.gz policies/\n  \
    image-integrity bundle --module policy.wasm --out bundle.tar.gz --revision \"$(git rev-parse HEAD)\" --signing-key key.pem policies/\n  \
    opa run --server --bundle bundle.tar.gz --verification-key public.pem\n\n\
    Exit codes: 0 the bundle is written, 64 wrong usage or a file that cannot be packed.")]
pub(super) struct BundleArgs {
    /// Files and folders of Rego (`*.rego`) and data (`data.json`, `data.yaml`, `data.yml`)
    #[arg(value_name = "FILE|DIR")]
    pub(super) paths: Vec<PathBuf>,
    /// The module, `policy.wasm`
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_MODULE")]
    pub(super) module: PathBuf,
    /// Where the bundle is written; `-` is standard output
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_OUT")]
    pub(super) out: PathBuf,
    /// A path below `data` that your files own, as acme/images. Without it, the paths follow from the files. Repeatable
    /// [env: IMAGE_INTEGRITY_ROOT, separated as in PATH]
    #[arg(long = "root", value_name = "PATH")]
    pub(super) roots: Vec<String>,
    /// Your part of the revision, such as a commit; it follows the module's SHA-256 and a plus sign
    #[arg(long, value_name = "TEXT", env = "IMAGE_INTEGRITY_REVISION")]
    pub(super) revision: Option<RevisionPart>,
    /// Sign the bundle with this private key in PEM, or with the shared secret in this file
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_SIGNING_KEY", help_heading = "Signing")]
    pub(super) signing_key: Option<PathBuf>,
    /// How to sign [default: RS256, ES256 or ES384, by the key]
    #[arg(
        long,
        value_name = "ALG",
        requires = "signing_key",
        ignore_case = true,
        env = "IMAGE_INTEGRITY_SIGNING_ALG",
        help_heading = "Signing"
    )]
    pub(super) signing_alg: Option<Algorithm>,
    /// The name by which OPA's configuration knows the key
    #[arg(long, value_name = "ID", requires = "signing_key", env = "IMAGE_INTEGRITY_KEY_ID", help_heading = "Signing")]
    pub(super) key_id: Option<String>,
    /// What the signature is for; OPA refuses one of another scope than its own
    #[arg(long, requires = "signing_key", env = "IMAGE_INTEGRITY_SCOPE", help_heading = "Signing")]
    pub(super) scope: Option<String>,
}

/// Write the completion script of a shell to standard output
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
    /// The text, and annotations of GitHub Actions at the lines that name what is wrong
    Github,
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
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_what_is_about_registries_stands_under_their_heading() {
        let cli = Cli::command();
        let headings = cli.find_subcommand("verify").unwrap().get_arguments();
        let under = headings.filter(|arg| arg.get_help_heading() == Some("Registries"));
        assert_eq!(
            under.filter_map(clap::Arg::get_long).collect::<Vec<_>>(),
            ["plain-http", "ca-file", "registry-config", "hosts-dir", "insecure-skip-verify", "trust-realm", "timeout"]
        );
    }

    #[test]
    fn a_duration_is_above_zero_and_names_its_units() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        for text in ["", "30", "0s", "-1s", "1m ago", "30 parsecs", "9999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
