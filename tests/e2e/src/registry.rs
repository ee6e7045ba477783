//! Registries on other people's code, and a signer that pushes to them.

use std::{ffi::OsString, path::PathBuf, process::Command, sync::Arc};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    built::{fixture, notation_go, peer},
    login::{HTPASSWD, PUBLISHER},
    opa::written,
    process::{Ended, run},
    served::Served,
    tls::Tls,
    tokens::TokenServer,
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
    /// go-containerregistry, whose referrers API does not filter, and takes the media type of the config for the artifact type.
    ConfigTypes,
    /// The same without the referrers API.
    ConfigTypesFallbackTag,
    /// CNCF distribution, which knows no referrers API.
    Distribution,
}

/// A registry in memory, on a free port of 127.0.0.1.
pub struct Registry {
    served: Served,
    wants_login: bool,
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
        Self::start(kind, Some(Arc::new(Tls::new())))
    }

    /// CNCF distribution on TLS, which lets in by Basic the users of [`crate::login`] alone.
    pub fn with_htpasswd() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = written(&folder, "htpasswd", HTPASSWD);
        let auth = json!({ "htpasswd": { "realm": "e2e", "path": file } });
        Self::distribution(folder, Some(Arc::new(Tls::new())), Some(&auth))
    }

    /// CNCF distribution on TLS, which takes the tokens of this server.
    pub fn with_tokens(tokens: &TokenServer) -> Self {
        Self::with_tokens_at(tokens, "127.0.0.1")
    }

    /// The same, but it names the token server by this host.
    pub fn with_tokens_at(tokens: &TokenServer, host: &str) -> Self {
        let auth = tokens.auth(&tokens.realm(host));
        Self::distribution(tempfile::tempdir().unwrap(), tokens.tls(), Some(&auth))
    }

    fn start(kind: Kind, tls: Option<Arc<Tls>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (program, options) = match kind {
            Kind::ReferrersApi => ("ociregistry", None),
            Kind::NoFilter => ("ociregistry", Some("--no-filter")),
            Kind::FallbackTag => ("ociregistry", Some("--no-referrers-api")),
            Kind::ConfigTypes => ("gcrregistry", None),
            Kind::ConfigTypesFallbackTag => ("gcrregistry", Some("--no-referrers-api")),
            Kind::Distribution => return Self::distribution(folder, tls, None),
        };
        let served = Served::peer(program, options.map(str::to_owned), tls);
        Self { served, wants_login: false, _configuration: folder }
    }

    fn distribution(folder: TempDir, tls: Option<Arc<Tls>>, auth: Option<&Value>) -> Self {
        let served = Served::start(&mut distribution(&folder, tls.as_deref(), auth), tls);
        Self { served, wants_login: auth.is_some(), _configuration: folder }
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        &self.served.address
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.served.origin()
    }

    /// The full name of an image here, of its repository and tag.
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.served.address)
    }

    /// How it is reached: options that the signer and the command line share.
    pub fn options(&self) -> Vec<OsString> {
        self.served.options()
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

    /// The requests that have come so far: method, path with query, and status.
    pub fn requests(&self) -> Vec<String> {
        self.served.requests()
    }

    /// Waits until a request to this path with query has been answered and logged.
    pub fn wait_for_request(&self, path: &str) {
        self.served.wait_for_request(path);
    }

    /// The CA of its certificate, where it is on TLS.
    pub fn ca(&self) -> Option<PathBuf> {
        Some(self.served.tls.as_ref()?.ca())
    }

    pub(crate) fn tls(&self) -> Option<Arc<Tls>> {
        self.served.tls.clone()
    }

    fn signer<'a>(&self, command: &str, arguments: impl IntoIterator<Item = &'a str>) {
        let mut signer = notation_go();
        signer.arg(command).args(arguments).args(self.options());
        if self.wants_login {
            signer.args(["--user", PUBLISHER.0, "--password", PUBLISHER.1]);
        }
        let ended = run(&mut signer);
        assert_eq!(ended.code, 0, "signer {command}: {ended:?}");
    }
}

fn distribution(folder: &TempDir, tls: Option<&Tls>, auth: Option<&Value>) -> Command {
    // JSON is YAML, and quotes whatever a path has in it.
    let mut http = json!({ "addr": "127.0.0.1:0" });
    if let Some(tls) = tls {
        http["tls"] = json!({ "certificate": tls.certificate(), "key": tls.key() });
    }
    let mut configuration = json!({
        "version": "0.1",
        "log": { "level": "info" },
        "storage": { "inmemory": {} },
        "http": http,
    });
    if let Some(auth) = auth {
        configuration["auth"] = auth.clone();
    }
    let mut command = peer("registry");
    command.arg("serve").arg(written(folder, "config.yml", configuration.to_string()));
    command
}
