//! A folder with credential helpers, as shell scripts.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::registry::credentials::Helpers;

/// Where helpers are, and what they write.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With a helper that does this.
    pub(crate) fn with(self, name: &str, script: &str) -> Self {
        let path = self.folder.path().join(format!("docker-credential-{name}"));
        // Written by another process: were it open for writing here, a child started by another test could hold it open, and it could not be run.
        let mut writer = Command::new("sh")
            .args(["-c", r#"cat >"$0" && chmod +x "$0""#])
            .arg(path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs those of the folder.
    pub(crate) fn helpers(&self) -> Helpers {
        Helpers::Run { search_path: self.folder.path().as_os_str().to_owned() }
    }

    /// What a helper wrote into a file of the folder.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}
