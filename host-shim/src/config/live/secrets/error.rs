//! Why logins could not be had from secrets. None of these messages holds anything of a secret but its name and type.

use std::fmt;

use thiserror::Error;

/// Logins that could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the registry logins in {origin} cannot be had: {fault}")]
pub struct SecretsError {
    /// The secret or service account, for people.
    origin: String,
    fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("it is not there; create it, or take its name out where it is named")]
    Missing,
    #[error("the service account of this server may not read it; give it the verb get on {0}")]
    Denied(&'static str),
    #[error("it is of the type {0}; only kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg hold logins")]
    WrongType(String),
    #[error("it has no data under {0}")]
    NoData(&'static str),
    #[error("{0}")]
    Broken(String),
    #[error("the answer of the API server is larger than {most} bytes")]
    TooLarge { most: usize },
    #[error("the answer of the API server is not what was asked for")]
    Rubbish,
    #[error("it names more than {most} secrets")]
    TooMany { most: usize },
    #[error("it names the secret {0:?}, which is no name")]
    BadName(String),
    #[error("the API server did not answer: {0}")]
    Unreachable(String),
    #[error("it is a file, and not a secret of the cluster")]
    NotInSecrets,
}

impl SecretsError {
    pub(super) fn new(origin: &dyn fmt::Display, fault: Fault) -> Self {
        Self { origin: origin.to_string(), fault }
    }
}
