//! The options of `serve`.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::{Args, ValueEnum, builder::BoolishValueParser};

use super::{RegistryArgs, duration};
use crate::engine::opa::{DecisionPath, OpaUrl, OpaUrlError};

/// Answer Gatekeeper and OPA in a cluster: an external data provider, and verdicts and evidence over HTTPS
///
/// It takes the place of Ratify behind the same paths: `/ratify/gatekeeper/v1/verify` and `/ratify/gatekeeper/v1/mutate`. `/v1/verify` gives verdicts and
/// `/v1/evidence` what an OPA draws them from, to the clients of --api-client. Health and metrics are at a port of their own.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  \
    image-integrity serve --config cluster --tls-cert tls.crt --tls-key tls.key --client-ca gatekeeper-ca.crt\n  \
    image-integrity serve --config verify-config.yaml --tls-cert tls.crt --tls-key tls.key --engine opa=http://127.0.0.1:8181\n\n\
    It stops at SIGTERM and SIGINT: first it is unready, then it answers what has been asked.\n\
    Exit codes: 0 it was told to stop, 64 wrong usage or a configuration that cannot be used, 2 it could not begin.")]
pub(in crate::cli) struct ServeArgs {
    /// Whom to trust: files or folders of the YAML that `kubectl apply` takes, which are watched; or `cluster` for the objects of the cluster. Repeatable
    /// [env: IMAGE_INTEGRITY_CONFIG, separated as in PATH]
    #[arg(long, value_name = "FILE|DIR|cluster")]
    pub(in crate::cli) config: Vec<PathBuf>,
    /// Where objects of the cluster find trust anchors without a namespace of their own: the namespace that this is installed in
    #[arg(long, value_name = "NAME", default_value = "gatekeeper-system", env = "IMAGE_INTEGRITY_RELEASE_NAMESPACE")]
    pub(in crate::cli) release_namespace: String,
    /// Let the verifiers of a namespace replace those of the cluster for its images. Otherwise they add to what the cluster demands
    #[arg(long, env = "IMAGE_INTEGRITY_NAMESPACED_REPLACE", value_parser = BoolishValueParser::new())]
    pub(in crate::cli) namespaced_replace: bool,
    #[command(flatten)]
    pub(in crate::cli) doors: DoorArgs,
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArgs,
    #[command(flatten)]
    pub(in crate::cli) limits: LimitArgs,
    #[command(flatten)]
    pub(in crate::cli) registries: RegistryArgs,
    /// Run the credential helpers that a docker config.json names
    #[arg(long, env = "IMAGE_INTEGRITY_CREDENTIAL_HELPERS", value_parser = BoolishValueParser::new(), help_heading = "Registries")]
    pub(in crate::cli) credential_helpers: bool,
    /// Log in for the images of a namespace with the pull secrets of its default service account as well
    #[arg(long, env = "IMAGE_INTEGRITY_POD_PULL_SECRETS", value_parser = BoolishValueParser::new(), help_heading = "Registries")]
    pub(in crate::cli) pod_pull_secrets: bool,
    /// How to write the log: one line a decision
    #[arg(long, value_name = "FORMAT", default_value = "text", env = "IMAGE_INTEGRITY_LOG_FORMAT")]
    pub(in crate::cli) log_format: LogFormat,
}

/// Where it listens, and to whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Doors")]
pub(in crate::cli) struct DoorArgs {
    /// Where questions are answered, over TLS 1.3
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:6001", env = "IMAGE_INTEGRITY_LISTEN")]
    pub(in crate::cli) listen: SocketAddr,
    /// Where /healthz, /readyz and /metrics are, over plain HTTP
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:9099", env = "IMAGE_INTEGRITY_HEALTH_LISTEN")]
    pub(in crate::cli) health_listen: SocketAddr,
    /// The server's certificate chain in PEM; read again when it changes
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_TLS_CERT")]
    pub(in crate::cli) tls_cert: PathBuf,
    /// Its private key in PEM
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_TLS_KEY")]
    pub(in crate::cli) tls_key: PathBuf,
    /// Answer only clients with a certificate of these CAs. Without it, no credentials are used and no namespaces are known. Repeatable
    /// [env: IMAGE_INTEGRITY_CLIENT_CA, separated as in PATH]
    #[arg(long = "client-ca", value_name = "FILE")]
    pub(in crate::cli) client_cas: Vec<PathBuf>,
    /// Let this client ask for verdicts and evidence: a DNS name, URI or common name in its certificate. Repeatable, or separated by commas
    #[arg(long = "api-client", value_name = "NAME", env = "IMAGE_INTEGRITY_API_CLIENT", value_delimiter = ',')]
    pub(in crate::cli) api_clients: Vec<String>,
}

/// Who gives the verdict.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(in crate::cli) struct EngineArgs {
    /// Who gives the verdict: `native` is this program, `opa=URL` an OPA with the bundle
    #[arg(long, value_name = "ENGINE", default_value = "native", env = "IMAGE_INTEGRITY_ENGINE")]
    pub(in crate::cli) engine: EngineName,
    /// Trust the CAs of this PEM file when connecting to the OPA. Repeatable
    /// [env: IMAGE_INTEGRITY_ENGINE_CA, separated as in PATH]
    #[arg(long = "engine-ca", value_name = "FILE")]
    pub(in crate::cli) engine_cas: Vec<PathBuf>,
    /// Show the OPA this client certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "engine_key", env = "IMAGE_INTEGRITY_ENGINE_CERT")]
    pub(in crate::cli) engine_cert: Option<PathBuf>,
    /// The private key of the certificate
    #[arg(long, value_name = "FILE", requires = "engine_cert", env = "IMAGE_INTEGRITY_ENGINE_KEY")]
    pub(in crate::cli) engine_key: Option<PathBuf>,
    /// Send the OPA the bearer token in this file
    #[arg(long, value_name = "FILE", env = "IMAGE_INTEGRITY_ENGINE_TOKEN_FILE")]
    pub(in crate::cli) engine_token_file: Option<PathBuf>,
    /// How long the OPA may take for one answer
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration, env = "IMAGE_INTEGRITY_ENGINE_TIMEOUT")]
    pub(in crate::cli) engine_timeout: Duration,
    /// Ask this rule of your own Rego, too, as acme/images/decision; it can deny what the module verifies, and not the reverse
    #[arg(long, value_name = "PATH", env = "IMAGE_INTEGRITY_DECISION")]
    pub(in crate::cli) decision: Option<DecisionPath>,
}

/// How much, and how long.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct LimitArgs {
    /// How long an answer to `verify` may take; below the timeout of the Provider object
    #[arg(long, value_name = "DURATION", default_value = "1800ms", value_parser = duration, env = "IMAGE_INTEGRITY_VERIFY_DEADLINE")]
    pub(in crate::cli) verify_deadline: Duration,
    /// How long an answer to `mutate` may take
    #[arg(long, value_name = "DURATION", default_value = "800ms", value_parser = duration, env = "IMAGE_INTEGRITY_MUTATE_DEADLINE")]
    pub(in crate::cli) mutate_deadline: Duration,
    /// How long fetching for one image goes on, also where nobody waits for it any more
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration, env = "IMAGE_INTEGRITY_FETCH_TIMEOUT")]
    pub(in crate::cli) fetch_timeout: Duration,
    /// Images that are fetched at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..), env = "IMAGE_INTEGRITY_FETCHES")]
    pub(in crate::cli) fetches: u16,
    /// How long it counts what a tag means and which signatures an image has
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration, env = "IMAGE_INTEGRITY_TAG_TTL")]
    pub(in crate::cli) tag_ttl: Duration,
    /// How long a failure is not tried again
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration, env = "IMAGE_INTEGRITY_RETRY_AFTER")]
    pub(in crate::cli) retry_after: Duration,
    /// MiB of artifacts and decisions that are kept
    #[arg(long, value_name = "MIB", default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..), env = "IMAGE_INTEGRITY_CACHE_SIZE")]
    pub(in crate::cli) cache_size: u16,
    /// How long it goes on answering, unready, after it is told to stop
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration_or_none, env = "IMAGE_INTEGRITY_SHUTDOWN_DELAY")]
    pub(in crate::cli) shutdown_delay: Duration,
}

/// Who gives the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum EngineName {
    Native,
    Opa(OpaUrl),
}

impl FromStr for EngineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "native" {
            return Ok(Self::Native);
        }
        let url = text.strip_prefix("opa=").ok_or("write native, or opa=URL as opa=http://127.0.0.1:8181")?;
        url.parse().map(Self::Opa).map_err(|error: OpaUrlError| error.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

fn duration_or_none(text: &str) -> Result<Duration, String> {
    if text == "0s" { Ok(Duration::ZERO) } else { duration(text) }
}
