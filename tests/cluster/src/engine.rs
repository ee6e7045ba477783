//! The engine that gives the verdicts in a run of the tests.

use std::ffi::OsString;

use image_integrity_e2e::{Opa, bundle};

use crate::{built, ports::free_port};

/// An engine for one server.
pub struct Engine {
    url: Option<String>,
    _opa: Option<Opa>,
}

impl Engine {
    /// The one that this run is of: what a test says holds with each.
    pub fn of_this_run() -> Self {
        if built::engine() == "native" { Self::native() } else { Self::opa() }
    }

    /// The server's own, unless a test's options name another.
    pub fn native() -> Self {
        Self { url: None, _opa: None }
    }

    /// A stock OPA with the bundle.
    fn opa() -> Self {
        let url = format!("http://127.0.0.1:{}", free_port());
        let opa = Opa::try_serve(&bundle(), &["--addr", &url]).expect("OPA loads the bundle");
        Self { url: Some(url), _opa: Some(opa) }
    }

    /// What tells the server of it.
    pub fn options(&self) -> Vec<OsString> {
        self.url.iter().flat_map(|url| ["--engine".into(), format!("opa={url}").into()]).collect()
    }
}
