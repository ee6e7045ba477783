//! Why a certificate was not renewed. None of these messages holds anything of a secret but its name.

use thiserror::Error;

use crate::{config::SecretName, kubernetes::ApiFault};

/// A certificate that was not renewed; the one before it is still in its place.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum RenewalError {
    /// A secret that the API server does not give.
    #[error("{secret} cannot be read: {reason}")]
    Unread {
        /// Which.
        secret: SecretName,
        /// Why, and what to do.
        reason: String,
    },
    /// A secret that the API server does not change.
    #[error("{secret} cannot be changed: {reason}")]
    Unwritten {
        /// Which.
        secret: SecretName,
        /// Why, and what to do.
        reason: String,
    },
    /// A CA that can issue nothing.
    #[error(
        "the CA in {secret} cannot be used: {reason}; delete this secret and the certificate's, and run `helm upgrade`, which makes both anew"
    )]
    UnusableCa {
        /// Where it is.
        secret: SecretName,
        /// Why.
        reason: String,
    },
    /// A fault of this program, or an order that no certificate can fulfil.
    #[error("no certificate could be made: {0}")]
    Unmade(String),
}

impl RenewalError {
    pub(super) fn unread(secret: &SecretName, fault: ApiFault) -> Self {
        Self::Unread { secret: secret.clone(), reason: reason(fault, "get") }
    }

    pub(super) fn unwritten(secret: &SecretName, fault: ApiFault) -> Self {
        Self::Unwritten { secret: secret.clone(), reason: reason(fault, "patch") }
    }
}

fn reason(fault: ApiFault, verb: &str) -> String {
    match fault {
        ApiFault::Missing => {
            "it is not there; the Helm chart makes it where certificates.source is chart: run `helm upgrade`".to_owned()
        }
        ApiFault::Denied => format!("the service account may not; give it the verb {verb} on this secret"),
        ApiFault::Changed => "somebody else has changed it meanwhile; run this again".to_owned(),
        ApiFault::TooLarge | ApiFault::Rubbish => {
            "the answer of the API server is not what was asked for; look at the secret with kubectl".to_owned()
        }
        ApiFault::BadName(name) => format!("{name:?} is no name"),
        ApiFault::Unreachable(reason) => format!("the API server did not answer: {reason}; run this again"),
    }
}
