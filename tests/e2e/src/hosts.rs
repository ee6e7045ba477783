//! A folder that says where else a registry's content is, as containerd has it in `/etc/containerd/certs.d`.

use std::{ffi::OsString, fs};

use tempfile::TempDir;

/// `--hosts-dir` with the file of one registry.
pub struct HostsDir {
    folder: TempDir,
}

impl HostsDir {
    /// Writes `REGISTRY/hosts.toml`: the mirrors in this order, each with all that it may be asked for, and the registry itself at `server`.
    ///
    /// They are URLs; so nothing is asked where the registry really is.
    pub fn new(registry: &str, mirrors: &[&str], server: &str) -> Self {
        let mirrors = mirrors
            .iter()
            .map(|mirror| format!("\n[host.\"{mirror}\"]\n  capabilities = [\"pull\", \"resolve\", \"referrers\"]\n"));
        Self::written(registry, &format!("server = \"{server}\"\n{}", mirrors.collect::<String>()))
    }

    /// The file as it is.
    pub fn written(registry: &str, hosts: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = folder.path().join(registry);
        fs::create_dir(&registry).unwrap();
        fs::write(registry.join("hosts.toml"), hosts).unwrap();
        Self { folder }
    }

    /// The options that name it.
    pub fn options(&self) -> [OsString; 2] {
        ["--hosts-dir".into(), self.folder.path().into()]
    }
}
