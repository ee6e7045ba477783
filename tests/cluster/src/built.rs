//! Where the programs of a cluster are, and the files of the project.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A program of `tests/peers/cluster.sh`.
pub(crate) fn peer(name: &str) -> Command {
    Command::new(folder().join(name))
}

/// Gatekeeper's own manifest, of the version that was built.
pub(crate) fn gatekeeper_manifest() -> String {
    fs::read_to_string(folder().join("gatekeeper.yaml")).unwrap()
}

/// The control plane's version, such as `1.37`.
pub fn kubernetes() -> String {
    env::var("IMAGE_INTEGRITY_E2E_KUBERNETES")
        .expect("IMAGE_INTEGRITY_E2E_KUBERNETES is not set: run ./build.sh cluster")
}

/// The engine that gives the verdicts: `native` or `opa`.
pub(crate) fn engine() -> String {
    let engine =
        env::var("IMAGE_INTEGRITY_E2E_ENGINE").expect("IMAGE_INTEGRITY_E2E_ENGINE is not set: run ./build.sh cluster");
    assert!(["native", "opa"].contains(&engine.as_str()), "there is no engine {engine}");
    engine
}

/// A file or folder of the project, by its path from the top.
pub fn source(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The chart as it is released, with the bundle in it.
pub fn chart() -> PathBuf {
    env::var_os("IMAGE_INTEGRITY_E2E_CHART")
        .expect("IMAGE_INTEGRITY_E2E_CHART is not set: run ./build.sh cluster")
        .into()
}

fn folder() -> PathBuf {
    env::var_os("IMAGE_INTEGRITY_E2E_CLUSTER")
        .expect("IMAGE_INTEGRITY_E2E_CLUSTER is not set: run ./build.sh cluster")
        .into()
}
