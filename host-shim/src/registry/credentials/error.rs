//! Why credentials could not be had. None of these messages holds a value of a config or what a helper wrote to its standard output.

use std::process::ExitStatus;

use thiserror::Error;

use super::{
    HELPER_TIME, MAX_CONFIG_BYTES, MAX_HELPER_BYTES,
    json::{NotJson, Wrong},
};

/// A docker config or a pull secret that cannot be used.
#[derive(Debug, Error)]
#[error("the credentials in {origin} cannot be used: {reason}")]
pub struct DockerConfigError {
    /// The file or secret, for people.
    pub(super) origin: String,
    /// What is wrong with it.
    pub(super) reason: ConfigFault,
}

#[derive(Debug, Error)]
pub(super) enum ConfigFault {
    #[error("{0}")]
    Unreadable(String),
    #[error("it is larger than {MAX_CONFIG_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    NotJson(#[from] NotJson),
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// A credential helper that gave neither a credential nor the answer that it has none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the credential helper {program} for {registry}, named in {origin}, {fault}")]
pub struct CredentialError {
    /// As `docker-credential-pass`.
    pub(super) program: String,
    /// Host and port.
    pub(super) registry: String,
    /// The config that names the helper, for people.
    pub(super) origin: String,
    /// What came of it.
    pub(super) fault: HelperFault,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum HelperFault {
    #[error("is not run: helpers are programs, and none may run here")]
    Refused,
    #[error("is in no folder of PATH: install it, or log in without it")]
    Absent,
    #[error("cannot be run: {0}")]
    NotRun(String),
    #[error("gave no answer within {} seconds", HELPER_TIME.as_secs())]
    TooSlow,
    #[error("gave no answer before the deadline")]
    DeadlinePassed,
    #[error("wrote more than {MAX_HELPER_BYTES} bytes")]
    TooMuch,
    #[error("failed ({status}){said}; to see why, run: printf %s {server} | {program} get")]
    Failed { status: ExitStatus, said: String, server: String, program: String },
    #[error("gave an answer that is none: {0}")]
    Rubbish(String),
}
