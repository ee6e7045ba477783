//! helm, with folders of its own.

use std::{path::PathBuf, process::Command};

use image_integrity_e2e::{Ended, run};
use tempfile::TempDir;

use crate::{built::peer, kubectl::Kubectl};

/// A helm of a user.
pub struct Helm {
    kubeconfig: PathBuf,
    home: TempDir,
}

impl Helm {
    /// Asks the cluster that this kubectl asks.
    pub fn new(kubectl: &Kubectl) -> Self {
        Self { kubeconfig: kubectl.kubeconfig().to_owned(), home: tempfile::tempdir().unwrap() }
    }

    /// Runs it to its end, however that is.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        run(self.command().args(arguments))
    }

    /// What it writes, where it must succeed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "helm {}: {}{}", arguments.join(" "), ended.out, ended.err);
        ended.out
    }

    fn command(&self) -> Command {
        let mut command = peer("helm");
        command.env_clear().env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        for folder in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(folder, self.home.path().join(folder));
        }
        command
    }
}
