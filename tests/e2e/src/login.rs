//! A user of the peers, and what `docker login` would have left of them.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{opa::written, proxy::URL_SIGNATURE};

/// The user that every registry with a login knows.
pub const USER: &str = "alice";
/// The user's password; it has a colon, since only the user's name may not.
pub const PASSWORD: &str = "correct:horse/battery+staple";
/// `USER:PASSWORD` in Base64.
const BASIC: &str = "YWxpY2U6Y29ycmVjdDpob3JzZS9iYXR0ZXJ5K3N0YXBsZQ==";
/// A password that is not the user's.
pub const WRONG_PASSWORD: &str = "wrong:horse/battery+staple";
/// The user's identity token at token servers.
pub const IDENTITY_TOKEN: &str = "identity-of-alice-4b7d1f";
/// Who pushes to registries with a login: so all else in their logs is of who verifies.
pub(crate) const PUBLISHER: (&str, &str) = ("publisher", "press-0b9e:staple");
/// What no program may tell: the secrets of the peers, as they are and as they travel.
const SECRETS: [&str; 7] = [
    // The end of every password, also in a form of a web page.
    "staple",
    BASIC,
    "YWxpY2U6d3Jvbmc6aG9yc2UvYmF0dGVyeStzdGFwbGU=",
    IDENTITY_TOKEN,
    "OmlkZW50aXR5LW9mLWFsaWNlLTRiN2QxZg==",
    URL_SIGNATURE,
    // {"alg":"RS256","kid":"tokenserver", the start of each bearer token. An envelope starts otherwise, and evidence is full of those.
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InRva2Vuc2VydmVyIi",
];
/// The users in an htpasswd file: bcrypt at nearly its least cost, so that no test waits for it.
pub(crate) const HTPASSWD: &str = "alice:$2a$05$1qDkgWtXIJd5N16B.itEuePFdL5vEy/kFzXYKHka.1d6MXr6X/no2\n\
                                   publisher:$2a$05$GWAacjX9TY4.CQ67Bgxovur4BqNxYTDbCFqV5YgRGLAUvYd8QxJLy\n";

/// Asserts that no line tells a secret.
pub fn assert_discreet<'l>(mut lines: impl Iterator<Item = &'l str>) {
    let told =
        lines.find_map(|line| SECRETS.iter().find(|secret| line.contains(**secret)).map(|secret| (secret, line)));
    assert_eq!(told, None, "it is a secret");
}

/// Docker's configuration in a folder of its own.
pub struct DockerConfig {
    folder: TempDir,
}

impl DockerConfig {
    /// The document as it is.
    pub fn new(document: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        written(&folder, "config.json", document.to_string());
        Self { folder }
    }

    /// A user and password for a host, as `docker login` writes them.
    pub fn password(host: &str, password: &str) -> Self {
        Self::auth(host, &json!({ "username": USER, "password": password }))
    }

    /// An identity token for a host, as `docker login` writes it where a token server gives one.
    pub fn identity_token(host: &str) -> Self {
        Self::auth(host, &json!({ "identitytoken": IDENTITY_TOKEN }))
    }

    /// A bearer token for a host, to be used as it is.
    pub fn registry_token(host: &str, token: &str) -> Self {
        Self::auth(host, &json!({ "registrytoken": token }))
    }

    /// The `auth` member for a host: Base64 of user and password.
    pub fn basic(host: &str) -> Self {
        Self::auth(host, &json!({ "auth": BASIC }))
    }

    /// The options that name it.
    pub fn options(&self) -> [OsString; 2] {
        ["--registry-config".into(), self.folder.path().join("config.json").into()]
    }

    /// The folder, as `DOCKER_CONFIG` names it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn auth(host: &str, entry: &Value) -> Self {
        Self::new(&json!({ "auths": { host: entry } }))
    }
}

/// A credential helper `docker-credential-e2e` in a folder of its own, which is the whole `PATH`: a script with this body.
pub struct CredentialHelper {
    folder: TempDir,
}

impl CredentialHelper {
    /// One that knows a login for this host and for no other.
    pub fn saying(host: &str, user: &str, secret: &str) -> Self {
        Self::new(&format!(
            r#"read -r host
[ "$1 $host" = 'get {host}' ] || {{ echo 'credentials not found in native keychain'; exit 1; }}
echo '{{"ServerURL":"{host}","Username":"{user}","Secret":"{secret}"}}'"#
        ))
    }

    /// The shell is found by its own path, and the script's words are the shell's own.
    pub fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = written(&folder, "docker-credential-e2e", format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// The folder, for `PATH`.
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}
