//! The certificate that the Helm chart has made for the server, made anew by the same CA before it is too old.
//!
//! Both are Secrets of type `kubernetes.io/tls` (Kubernetes, "TLS Secrets"): the CA's, which the server never sees, and the certificate's, which it mounts.
//! When the certificate was made stands in an annotation, by which this and the chart agree. What is written was checked as what is read.

mod authority;
mod error;
mod leaf;
mod secrets;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kube::Client;
use rustls_pki_types::{DnsName, UnixTime};

use self::{authority::Authority, secrets::Secrets};
pub use self::{error::RenewalError, leaf::Reason};
use crate::config::SecretName;

/// What is wanted of the certificate, and where it is.
#[derive(Clone, Debug)]
pub struct Order {
    /// Certificate and key of the CA.
    pub ca: SecretName,
    /// The certificate, its key and the CA's certificate.
    pub certificate: SecretName,
    /// The names that it is for, and no others.
    pub names: Vec<DnsName<'static>>,
    /// How long a new one is valid.
    pub valid_for: Duration,
    /// The age at which there is to be a new one; less than `valid_for`.
    pub renew_after: Duration,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be, and young enough.
    Kept {
        /// Its age.
        age: Duration,
    },
    /// There is a new one.
    Renewed {
        /// What was wrong with the one before it.
        reason: Reason,
        /// Its last moment.
        until: UnixTime,
        /// Whether that is the last moment of the CA, too: no certificate outlives its CA.
        ends_with_ca: bool,
    },
}

/// Looks at the certificate, and replaces it where it is old or not as ordered.
///
/// # Errors
/// Where one of the secrets cannot be had, the CA cannot be used, or the secret was changed by somebody else meanwhile. Then nothing is changed.
pub async fn renew(client: Client, order: &Order, now: UnixTime) -> Result<Outcome, RenewalError> {
    let secrets = Secrets::new(client);
    let authority = Authority::of(secrets.read(&order.ca).await?, now)?;
    let current = secrets.read(&order.certificate).await?;
    let reason = match leaf::age_of_good(&current, &authority, order, now) {
        Ok(age) => return Ok(Outcome::Kept { age }),
        Err(reason) => reason,
    };
    let issued = authority.issue(order, now)?;
    secrets.replace(&current, &issued, now).await?;
    Ok(Outcome::Renewed { reason, until: issued.until, ends_with_ca: issued.until == authority.until() })
}
