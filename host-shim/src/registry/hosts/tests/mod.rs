//! Folders of hosts, as people write them and as they should not.

mod certificates;
mod containerd;
mod folders;
mod mistakes;
mod urls;

use std::{fs, path::PathBuf};

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

/// A folder such as `/etc/containerd/certs.d`.
struct World(TempDir);

impl World {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a `hosts.toml` for `r.example`.
    fn with(text: &str) -> Self {
        Self::new().file("r.example/hosts.toml", text)
    }

    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A certificate and its key, in two files.
    fn pair(self, certificate: &str, key: &str) -> Self {
        let (pem, key_pem) = certificate_and_key();
        self.file(certificate, pem).file(key, key_pem)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn load(&self) -> RegistryHosts {
        RegistryHosts::load(self.0.path(), SkipVerify::Allowed).unwrap()
    }

    fn hosts(&self, registry: &str) -> Vec<Host> {
        self.load().of(registry).unwrap().to_vec()
    }

    /// Each mistake, with paths from this folder.
    fn mistakes(&self) -> Vec<String> {
        self.mistakes_where(SkipVerify::Refused)
    }

    fn mistakes_where(&self, skip_verify: SkipVerify) -> Vec<String> {
        let mistakes = RegistryHosts::load(self.0.path(), skip_verify).unwrap_err();
        let folder = format!("{}/", self.0.path().display());
        mistakes.to_string().lines().map(|line| line.replace(&folder, "")).collect()
    }
}

fn certificate_and_key() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

/// Where each host is; `registry` for the registry itself.
fn places(hosts: &[Host]) -> Vec<String> {
    let place = |host: &Host| match &host.endpoint {
        Endpoint::Written(url) => url.base().to_string(),
        Endpoint::Registry => "registry".to_owned(),
    };
    hosts.iter().map(place).collect()
}

/// The capabilities of each host, as they are written.
fn capabilities(hosts: &[Host]) -> Vec<String> {
    let words = |Capabilities { resolve, pull, referrers }: Capabilities| {
        let words = [(pull, "pull"), (resolve, "resolve"), (referrers, "referrers")];
        words.iter().filter(|(has, _)| *has).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    };
    hosts.iter().map(|host| words(host.capabilities)).collect()
}
