//! `serve`: answers Gatekeeper and OPA until it is told to stop.

use std::{env, path::PathBuf, sync::Arc};

use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};
use tracing::level_filters::LevelFilter;

use super::{
    args::serve::{DoorArgs, EngineArgs, EngineName, LimitArgs, LogFormat, ServeArgs},
    cluster,
    exit::{Exit, Stop},
    gather::listed,
    registries,
};
use crate::{
    config::live::{
        ClusterOptions, ClusterSecrets, Live, LiveHealth, NamespacedObjects, SECRETS_LIFE, watch_cluster, watch_files,
    },
    decisions::{self, DecisionOptions, Decisions, KeptVerdicts, PodPullSecrets, Reaches, Secrets},
    engine::{
        Engine, Native,
        opa::{ClientFiles, OpaEngine, OpaOptions},
    },
    provider::{Provider, ProviderOptions},
    registry::credentials::Helpers,
    server::{Addresses, Ending, Readiness, Server, StartError, TlsFiles, health},
    telemetry::{self, Metrics},
};

/// The word that stands for the objects of the cluster.
const CLUSTER: &str = "cluster";
/// How long the objects of the cluster may take to be listed for the first time.
const START: std::time::Duration = std::time::Duration::from_secs(30);
/// How long what is being answered may take after the last request was accepted; answers have deadlines far below.
const DRAIN: std::time::Duration = std::time::Duration::from_secs(10);

pub(super) fn run(args: ServeArgs, level: Option<LevelFilter>) -> Result<Exit, Stop> {
    let level = level.unwrap_or(LevelFilter::INFO);
    let format = match args.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    let _logging = telemetry::start_server(format, level)
        .map_err(|error| Stop::undecided(format!("cannot write a log: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::undecided(format!("cannot start: {error}")))?;
    let served = runtime.block_on(serve(args));
    // Fetches that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    served.map(|()| Exit::Success)
}

async fn serve(args: ServeArgs) -> Result<(), Stop> {
    let ServeArgs {
        config,
        release_namespace,
        namespaced_replace,
        doors,
        engine,
        limits,
        registries,
        credential_helpers,
        pod_pull_secrets,
        log_format: _,
    } = args;
    let LimitArgs {
        verify_deadline,
        mutate_deadline,
        fetch_timeout,
        fetches,
        tag_ttl,
        retry_after,
        cache_size,
        shutdown_delay,
    } = limits;
    let DoorArgs { listen, health_listen, tls_cert, tls_key, client_cas, api_clients } = doors;
    let client_cas = listed(client_cas, "IMAGE_INTEGRITY_CLIENT_CA");

    let namespaced = if namespaced_replace { NamespacedObjects::Replace } else { NamespacedObjects::Add };
    let (watches, config) = (Arc::new(LiveHealth::default()), listed(config, "IMAGE_INTEGRITY_CONFIG"));
    let (live, secrets) = configuration(config, release_namespace, namespaced, Arc::clone(&watches)).await?;
    let helpers = if credential_helpers {
        Helpers::Run { search_path: env::var_os("PATH").unwrap_or_default() }
    } else {
        Helpers::Refuse
    };
    let pod_pull_secrets = match (pod_pull_secrets, &secrets) {
        (false, _) => PodPullSecrets::Unused,
        (true, Some(_)) => PodPullSecrets::Used,
        (true, None) => {
            return Err(Stop::usage(
                "--pod-pull-secrets reads secrets of the cluster, and the configuration is in files",
                "use it with --config cluster",
            ));
        }
    };
    let reaches = Reaches::new(registries::options(registries, helpers, secrets, pod_pull_secrets)?);
    let verdicts = if engine.decision.is_some() { KeptVerdicts::None } else { KeptVerdicts::UntilTheyLapse };
    let engine = engine_of(engine)?;
    let metrics = Arc::new(Metrics::new());
    let options = DecisionOptions {
        fetch_timeout,
        at_once: usize::from(fetches),
        told_for: tag_ttl,
        damped_for: retry_after,
        kept_bytes: u64::from(cache_size) << 20,
        verdicts,
        clock: decisions::now,
    };
    let decisions =
        Decisions::new(Handle::current(), live.clone(), Arc::clone(&engine), reaches, options, Arc::clone(&metrics));
    let provider = Provider::new(
        decisions,
        ProviderOptions { verify_deadline, mutate_deadline, api_clients: api_clients.clone() },
        Arc::clone(&metrics),
    );
    let readiness = Arc::new(Readiness::new(live.clone(), engine));
    let tls = TlsFiles { certificate: tls_cert, key: tls_key, client_cas };
    let health = health(Arc::clone(&readiness), live, watches, Arc::clone(&metrics), Handle::current());
    let addresses = Addresses { api: listen, health: health_listen };
    let server =
        Server::bind(addresses, tls, provider.router(), health, metrics).await.map_err(|error| unable(&error))?;
    tell(&server, &api_clients);
    let stopping = stopped().map_err(|error| Stop::undecided(format!("cannot wait for signals: {error}")))?;
    let ending = Ending { delay: shutdown_delay, drain: DRAIN };
    server
        .run(readiness, ending, stopping)
        .await
        .map_err(|error| Stop::undecided(format!("connections cannot be served: {error}")))
}

/// The configuration as it lives, and the secrets of the cluster where it is the cluster's.
async fn configuration(
    paths: Vec<PathBuf>,
    release_namespace: String,
    namespaced: NamespacedObjects,
    health: Arc<LiveHealth>,
) -> Result<(Live, Option<Arc<dyn Secrets>>), Stop> {
    let is_cluster = |path: &PathBuf| path.as_os_str() == CLUSTER;
    match paths.as_slice() {
        [] => Err(Stop::usage(
            "no configuration says whom to trust",
            "give --config cluster for the objects of the cluster, or --config FILE|DIR with the YAML that `kubectl apply` takes",
        )),
        [only] if is_cluster(only) => of_cluster(release_namespace, namespaced, health).await,
        several if several.iter().any(is_cluster) => Err(Stop::usage(
            "--config cluster stands beside files",
            "use either; a file of the name is written ./cluster",
        )),
        _ => {
            let live = watch_files(paths, namespaced, Arc::default()).await;
            let live = live.map_err(|mistakes| {
                Stop::usage(
                    format!("the configuration cannot be used\n{mistakes}"),
                    "`image-integrity config check` explains a configuration",
                )
            })?;
            Ok((live, None))
        }
    }
}

async fn of_cluster(
    release_namespace: String,
    namespaced: NamespacedObjects,
    health: Arc<LiveHealth>,
) -> Result<(Live, Option<Arc<dyn Secrets>>), Stop> {
    let client = cluster::client().await?;
    let options = ClusterOptions { release_namespace, namespaced_objects: namespaced, start_within: START };
    let live = watch_cluster(client.clone(), options, health).await;
    let live = live.map_err(|error| Stop::undecided(error.to_string()))?;
    Ok((live, Some(Arc::new(ClusterSecrets::new(client, SECRETS_LIFE)))))
}

fn engine_of(args: EngineArgs) -> Result<Arc<dyn Engine>, Stop> {
    let EngineArgs { engine, engine_cas, engine_cert, engine_key, engine_token_file, engine_timeout, decision } = args;
    let ca_files = listed(engine_cas, "IMAGE_INTEGRITY_ENGINE_CA");
    match engine {
        EngineName::Native => {
            let files = [engine_cert, engine_key, engine_token_file].into_iter().flatten().count() + ca_files.len();
            if files > 0 || decision.is_some() {
                return Err(Stop::usage(
                    "the options of an OPA are given, and the engine is native",
                    "add --engine opa=URL",
                ));
            }
            Ok(Arc::new(Native::default()))
        }
        EngineName::Opa(url) => {
            // clap takes both or none.
            let client = engine_cert.zip(engine_key).map(|(certificate, key)| ClientFiles { certificate, key });
            let options = OpaOptions {
                ca_files,
                client,
                token_file: engine_token_file,
                decision,
                timeout: engine_timeout,
                ..OpaOptions::new(url)
            };
            let engine = OpaEngine::new(options).map_err(|error| {
                Stop::usage(
                    error.to_string(),
                    "--engine-ca, --engine-cert, --engine-key and --engine-token-file take files",
                )
            })?;
            Ok(Arc::new(engine))
        }
    }
}

fn tell(server: &Server, api_clients: &[String]) {
    if let Ok(Addresses { api, health }) = server.addresses() {
        tracing::info!(%api, %health, "answers");
    }
    if !server.knows_clients() {
        tracing::warn!(
            "there is no --client-ca, so anybody may ask: no credentials are used, and keys that name a namespace are refused"
        );
        if !api_clients.is_empty() {
            tracing::warn!(
                "--api-client names clients, and without --client-ca none is known: /v1/verify and /v1/evidence answer nobody"
            );
        }
    }
}

fn unable(error: &StartError) -> Stop {
    let next = match error {
        StartError::Listen { .. } => "choose another address with --listen and --health-listen",
        StartError::Tls(_) => "--tls-cert, --tls-key and --client-ca take PEM files",
    };
    Stop::usage(error.to_string(), next)
}

/// Over when the process is told to stop.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
