//! Where the things under test are, and the peers.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The command line under test, and nothing of the environment that would change what it does.
///
/// It tells all that it does; that no secret is in it is asserted wherever it ends.
pub fn shim() -> Command {
    let mut command = Command::new(cli());
    command.env_clear().env("IMAGE_INTEGRITY_LOG_LEVEL", "trace");
    command
}

/// Whether the command is ours, and not a peer's.
pub(crate) fn is_shim(command: &Command) -> bool {
    command.get_program() == cli()
}

fn cli() -> PathBuf {
    named("IMAGE_INTEGRITY_E2E_CLI")
}

/// The bundle for OPA under test.
pub fn bundle() -> PathBuf {
    named("IMAGE_INTEGRITY_E2E_BUNDLE")
}

/// The module in it.
pub fn module() -> PathBuf {
    named("IMAGE_INTEGRITY_E2E_MODULE")
}

/// The folder of the npm package under test.
pub(crate) fn npm_package() -> PathBuf {
    named("IMAGE_INTEGRITY_E2E_NPM")
}

/// A file of `tests/fixtures`.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

/// notation-go, as `tests/peers` wraps it.
pub fn notation_go() -> Command {
    peer("signer")
}

/// A program of `tests/peers`.
pub fn peer(name: &str) -> Command {
    Command::new(named("IMAGE_INTEGRITY_E2E_PEERS").join(name))
}

fn named(variable: &str) -> PathBuf {
    let path = env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: run ./build.sh e2e"));
    PathBuf::from(path)
}
