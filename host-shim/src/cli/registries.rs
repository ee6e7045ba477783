//! From options, environment and configuration to how registries are reached.

use std::env;

use super::{args::RegistryArgs, exit::Stop, gather::listed};
use crate::{
    config::{Configuration, Logins},
    registry::{
        ConnectionError, PlainHttp, Proxies, Registries, RegistryOptions,
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
    let skip_verify = if insecure_skip_verify { SkipVerify::Allowed } else { SkipVerify::Refused };
    let hosts = hosts_dir.map(|dir| RegistryHosts::load(&dir, skip_verify)).transpose().map_err(|mistakes| {
        Stop::usage(
            format!("the folder of --hosts-dir cannot be used\n{mistakes}"),
            "write it as containerd's certs.d: DIR/REGISTRY/hosts.toml",
        )
    })?;
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
        Asked::Registries => Proxies::of(|name| env::var(name).ok()).map_err(|error| unusable(&error))?,
        Asked::Layouts => Proxies::default(),
    };
    let options = RegistryOptions {
        ca_files: listed(ca_files, "IMAGE_INTEGRITY_CA_FILE"),
        plain_http: if plain_http || configuration.plain_http() { PlainHttp::Always } else { PlainHttp::Never },
        keychain,
        trusted_realms,
        hosts: hosts.unwrap_or_default(),
        proxies,
    };
    Registries::new(options).map_err(|error| unusable(&error))
}

fn unusable(error: &ConnectionError) -> Stop {
    let next = match error {
        ConnectionError::CaFile { .. } => "--ca-file takes a file of PEM certificates",
        ConnectionError::Proxy(_) => "correct the variable, or take it out of the environment",
        ConnectionError::Client(_) => "check the CAs of this system",
    };
    Stop::usage(error.to_string(), next)
}
