//! Registries on other people's code, and a signer that pushes to them.

use std::{ffi::OsString, process::Command};

use tempfile::TempDir;

use crate::{
    built::{fixture, notation_go, peer},
    opa::written,
    process::{Ended, Service, run},
    tls::Tls,
};

/// What serves, and what it can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// cuelabs ociregistry, with the referrers API and its filter.
    ReferrersApi,
    /// The same, with a referrers API that does not filter.
    NoFilter,
    /// The same without the referrers API: signers keep the fallback tag.
    FallbackTag,
    /// CNCF distribution, which knows no referrers API.
    Distribution,
}

/// A registry in memory, on a free port of 127.0.0.1.
pub struct Registry {
    service: Service,
    address: String,
    tls: Option<Tls>,
    _configuration: TempDir,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub struct Signer {
    /// The folder and name of the PEM files below the fixtures, without `.key.pem` and `.chain.pem`.
    pub keys: &'static str,
    /// `jws` or `cose`
    pub envelope: &'static str,
}

impl Registry {
    /// A registry on plain HTTP.
    pub fn plain(kind: Kind) -> Self {
        Self::start(kind, None)
    }

    /// A registry on TLS, with a certificate of a CA of its own.
    pub fn with_tls(kind: Kind) -> Self {
        Self::start(kind, Some(Tls::new()))
    }

    fn start(kind: Kind, tls: Option<Tls>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(&mut match kind {
            Kind::ReferrersApi => ociregistry(&[], tls.as_ref()),
            Kind::NoFilter => ociregistry(&["--no-filter"], tls.as_ref()),
            Kind::FallbackTag => ociregistry(&["--no-referrers-api"], tls.as_ref()),
            Kind::Distribution => distribution(&folder, tls.as_ref()),
        });
        let address = service.wait_for(|line| {
            let (_, rest) = line.split_once("listening ")?;
            let address = rest.trim_start_matches("on ");
            Some(address.split(['"', ',']).next()?.to_owned())
        });
        Self { service, address, tls, _configuration: folder }
    }

    /// The full name of an image here, of its repository and tag.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// How it is reached: options that the signer and the command line share.
    pub fn options(&self) -> Vec<OsString> {
        match &self.tls {
            None => vec!["--plain-http".into()],
            Some(tls) => vec!["--ca-file".into(), tls.ca().into()],
        }
    }

    /// Pushes a small image, and tells its full name.
    pub fn push(&self, name: &str) -> String {
        let image = self.image(name);
        self.signer("push", ["--to", &image]);
        image
    }

    /// Pushes an image of a layout with all that refers to it, and tells its full name.
    pub fn copy(&self, layout: &str, tag: &str, name: &str) -> String {
        let image = self.image(name);
        let layout = fixture(layout);
        self.signer(
            "push",
            ["--to", &image, "--signatures", "--tag", tag, "--layout", layout.to_str().expect("a path in UTF-8")],
        );
        image
    }

    /// Signs an image as of now.
    pub fn sign(&self, image: &str, by: Signer) {
        let key = fixture(&format!("{}.key.pem", by.keys));
        let chain = fixture(&format!("{}.chain.pem", by.keys));
        let files = [&key, &chain].map(|path| path.to_str().expect("a path in UTF-8"));
        self.signer("sign", ["--image", image, "--envelope", by.envelope, "--key", files[0], "--chain", files[1]]);
    }

    /// What notation-go says of an image, under level strict with any identity of this root.
    pub fn notation_go(&self, image: &str, root: &str) -> Ended {
        let store = format!("ca:certs={}", fixture(root).display());
        run(notation_go().args(["verify", "--image", image, "--store", &store]).args(self.options()))
    }

    /// The requests that have come so far: method, path with query, and status. Only ociregistry tells them.
    pub fn requests(&self) -> Vec<String> {
        self.service.lines().into_iter().filter(|line| line.contains(" /v2/")).collect()
    }

    /// Waits until a request to this path with query has been answered and logged.
    pub fn wait_for_request(&self, path: &str) {
        self.service.wait_for(|line| (line.split(' ').nth(1)? == path).then_some(()));
    }

    fn signer<'a>(&self, command: &str, arguments: impl IntoIterator<Item = &'a str>) {
        let ended = run(notation_go().arg(command).args(arguments).args(self.options()));
        assert_eq!(ended.code, 0, "signer {command}: {ended:?}");
    }
}

fn ociregistry(options: &[&str], tls: Option<&Tls>) -> Command {
    let mut command = peer("ociregistry");
    command.args(options);
    if let Some(tls) = tls {
        command.arg("--tls-cert").arg(tls.certificate()).arg("--tls-key").arg(tls.key());
    }
    command
}

fn distribution(folder: &TempDir, tls: Option<&Tls>) -> Command {
    // JSON is YAML, and quotes whatever a path has in it.
    let mut http = serde_json::json!({ "addr": "127.0.0.1:0" });
    if let Some(tls) = tls {
        http["tls"] = serde_json::json!({ "certificate": tls.certificate(), "key": tls.key() });
    }
    let configuration = serde_json::json!({
        "version": "0.1",
        "log": { "level": "info" },
        "storage": { "inmemory": {} },
        "http": http,
    });
    let mut command = peer("registry");
    command.arg("serve").arg(written(folder, "config.yml", configuration.to_string()));
    command
}
