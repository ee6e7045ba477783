//! From options, environment and configuration to how registries are reached.

#[cfg(feature = "serve")]
use std::sync::Arc;
use std::{env, path::PathBuf};

use super::{args::RegistryArgs, exit::Stop, gather::listed};
#[cfg(feature = "serve")]
use crate::decisions::{PodPullSecrets, ReachOptions, Secrets};
use crate::{
    config::{Configuration, Logins},
    registry::{
        ConnectionError, PlainHttp, Proxies, Registries, RegistryOptions, Turns,
        credentials::{Helpers, Keychain},
        hosts::{RegistryHosts, SkipVerify},
    },
};

/// Whether any registry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Registries,
    /// All images are in layouts: what is in the environment for registries does not matter.
    Layouts,
}

/// Reads what the options name. Nothing is fetched yet.
pub(super) fn reach(args: RegistryArgs, configuration: &Configuration, asked: Asked) -> Result<Registries, Stop> {
    let RegistryArgs { plain_http, ca_files, registry_config, hosts_dir, insecure_skip_verify, trusted_realms } = args;
    let hosts = hosts(hosts_dir, insecure_skip_verify)?;
    // The command line comes before the configuration, and that before what is there anyway.
    let helpers = Helpers::Run { search_path: env::var_os("PATH").unwrap_or_default() };
    let of_store = match configuration.logins() {
        Logins::DockerConfig(path) => path.as_deref(),
        // Secrets are refused in files.
        Logins::None | Logins::Secrets { .. } => None,
    };
    let keychain = match registry_config.as_deref().or(of_store) {
        Some(path) => Keychain::load(path, helpers),
        None if asked == Asked::Layouts => Ok(Keychain::none()),
        None => Keychain::of_user(|name| env::var_os(name), helpers),
    };
    let keychain = keychain
        .map_err(|error| Stop::usage(error.to_string(), "mend it, or name another file with --registry-config"))?;
    let proxies = match asked {
        Asked::Registries => proxies()?,
        Asked::Layouts => Proxies::default(),
    };
    let options = RegistryOptions {
        ca_files: listed(ca_files, "IMAGE_INTEGRITY_CA_FILE"),
        plain_http: if plain_http || configuration.plain_http() { PlainHttp::Always } else { PlainHttp::Never },
        keychain,
        trusted_realms,
        hosts,
        proxies,
        turns: Turns::default(),
    };
    Registries::new(options).map_err(|error| unusable(&error))
}

/// The same for a server, in which the configuration changes and each namespace may have its own.
#[cfg(feature = "serve")]
pub(super) fn options(
    args: RegistryArgs,
    helpers: Helpers,
    secrets: Option<Arc<dyn Secrets>>,
    pod_pull_secrets: PodPullSecrets,
) -> Result<ReachOptions, Stop> {
    let RegistryArgs { plain_http, ca_files, registry_config, hosts_dir, insecure_skip_verify, trusted_realms } = args;
    let options = ReachOptions {
        ca_files: listed(ca_files, "IMAGE_INTEGRITY_CA_FILE"),
        plain_http,
        registry_config,
        helpers,
        trusted_realms,
        hosts: hosts(hosts_dir, insecure_skip_verify)?,
        proxies: proxies()?,
        secrets,
        pod_pull_secrets,
    };
    // A CA file or proxy that cannot be used is told now, and not with the first image.
    options.check().map_err(|error| unusable(&error))?;
    Ok(options)
}

fn hosts(dir: Option<PathBuf>, insecure_skip_verify: bool) -> Result<RegistryHosts, Stop> {
    let skip_verify = if insecure_skip_verify { SkipVerify::Allowed } else { SkipVerify::Refused };
    let hosts = dir.map(|dir| RegistryHosts::load(&dir, skip_verify)).transpose().map_err(|mistakes| {
        Stop::usage(
            format!("the folder of --hosts-dir cannot be used\n{mistakes}"),
            "write it as containerd's certs.d: DIR/REGISTRY/hosts.toml",
        )
    })?;
    Ok(hosts.unwrap_or_default())
}

fn proxies() -> Result<Proxies, Stop> {
    Proxies::of(|name| env::var(name).ok()).map_err(|error| unusable(&error))
}

fn unusable(error: &ConnectionError) -> Stop {
    let next = match error {
        ConnectionError::CaFile { .. } => "--ca-file takes a file of PEM certificates",
        ConnectionError::Proxy(_) => "correct the variable, or take it out of the environment",
        ConnectionError::Client(_) => "check the CAs of this system",
    };
    Stop::usage(error.to_string(), next)
}
