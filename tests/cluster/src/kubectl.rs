//! kubectl, with a configuration and a cache of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use image_integrity_e2e::{Ended, ended, run};
use serde_json::{Value, json};

use crate::{authority::Identity, built::peer};

/// A kubectl of one user.
#[derive(Clone, Debug)]
pub struct Kubectl {
    kubeconfig: PathBuf,
    cache: PathBuf,
}

/// How a user proves who it is.
pub(crate) enum Login<'a> {
    Certificate(&'a Identity),
    Token(&'a str),
}

impl Kubectl {
    /// Writes the user's kubeconfig into a folder.
    pub(crate) fn new(folder: &Path, user: &str, server: &str, ca: &Path, login: &Login<'_>) -> Self {
        let proof = match login {
            Login::Certificate(identity) => {
                json!({ "client-certificate": identity.certificate(), "client-key": identity.key() })
            }
            Login::Token(token) => json!({ "token": token }),
        };
        let document = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "e2e", "cluster": { "server": server, "certificate-authority": ca } }],
            "users": [{ "name": user, "user": proof }],
            "contexts": [{ "name": "e2e", "context": { "cluster": "e2e", "user": user } }],
            "current-context": "e2e",
        });
        let kubeconfig = folder.join(format!("{user}.kubeconfig"));
        fs::write(&kubeconfig, document.to_string()).unwrap();
        Self { kubeconfig, cache: folder.join("kubectl-cache") }
    }

    /// The file that says where the cluster is, and who asks.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs it to its end, however that is.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(&mut self.command(arguments))
    }

    /// What it writes, where it must succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        succeeded(arguments, self.run(arguments))
    }

    /// Runs it with these objects, YAML or JSON, as standard input: the arguments end with `-f -`.
    pub fn with(&self, arguments: &[&str], objects: &str) -> Ended {
        ended(self.command(arguments).args(["-f", "-"]), objects)
    }

    /// Applies objects, where that must succeed.
    pub fn apply(&self, objects: &str) -> String {
        succeeded(&["apply"], self.with(&["apply", "--server-side", "--force-conflicts"], objects))
    }

    /// Makes an object that is not there yet.
    pub fn create(&self, object: &Value) -> String {
        succeeded(&["create"], self.with(&["create"], &object.to_string()))
    }

    /// The object in a YAML document, of a kind that the cluster knows.
    pub fn read_as_json(&self, document: &str) -> Value {
        let arguments = ["create", "--dry-run=client", "--output", "json"];
        serde_json::from_str(&succeeded(&arguments, self.with(&arguments, document))).unwrap()
    }

    /// An object, if it is there.
    pub fn find(&self, arguments: &[&str]) -> Option<Value> {
        let ended = self.run(&[&["get", "--ignore-not-found", "--output", "json"], arguments].concat());
        let text = succeeded(arguments, ended);
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap())
    }

    /// Gives the object another text, or list, or whatever it is, as `kubectl patch --type merge` does.
    pub fn patch(&self, object: &[&str], patch: &Value) -> Ended {
        let patch = patch.to_string();
        self.run(&[&["patch", "--type", "merge", "--patch", &patch], object].concat())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = peer("controlplane");
        command.env_clear().env("HOME", self.cache.parent().expect("a folder in another"));
        // kubectl edits and diffs by programs of the path; nothing here does.
        command
            .arg("kubectl")
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--cache-dir")
            .arg(&self.cache)
            .args(arguments);
        command
    }
}

fn succeeded(arguments: &[&str], ended: Ended) -> String {
    assert_eq!(ended.code, 0, "kubectl {}: {}{}", arguments.join(" "), ended.out, ended.err);
    ended.out
}
