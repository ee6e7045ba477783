//! Whether the certificate that is there is as ordered, and young enough.

use std::{collections::HashSet, time::Duration};

use rustls::{crypto::ring::sign::any_supported_type, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, DnsName, PrivateKeyDer, UnixTime, pem::PemObject as _};
use secrecy::ExposeSecret as _;
use thiserror::Error;
use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use super::{Order, authority::Authority, secrets::TlsSecret};

/// How far in the future a certificate may have been made: the clock of who installed the chart may be early.
const CLOCK_SKEW: Duration = Duration::from_hours(24);

/// Why there is to be another certificate.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// There is none, or no key beside it.
    #[error("there was none with its key")]
    None,
    /// Clients would not trust it.
    #[error("the CA did not vouch for the one before ({0})")]
    Untrusted(String),
    /// Another CA is beside it.
    #[error("another CA was beside the one before")]
    OtherCa,
    /// Its names are others than those ordered.
    #[error("the one before had other names")]
    OtherNames,
    /// Its age is not known.
    #[error("the one before did not say when it was made")]
    Undated,
    /// It is old enough.
    #[error("the one before was made {} days ago", days(*.0))]
    Old(Duration),
    /// It would end too soon for another look at it.
    #[error("the one before had {} days left", days(*.0))]
    Ending(Duration),
}

/// The age of a certificate for which there is no reason to be replaced.
pub(super) fn age_of_good(
    current: &TlsSecret,
    authority: &Authority,
    order: &Order,
    now: UnixTime,
) -> Result<Duration, Reason> {
    let certificate = certified(current).ok_or(Reason::None)?;
    authority.vouches_for(&certificate, now).map_err(|error| Reason::Untrusted(error.to_string()))?;
    if current.ca != authority.pem() {
        return Err(Reason::OtherCa);
    }
    let read = Certificate::from_der(&certificate).map_err(|_| Reason::None)?;
    if names(&read) != Some(order.names.iter().cloned().collect()) {
        return Err(Reason::OtherNames);
    }
    let made = current.made.filter(|made| made.as_secs() <= now.as_secs() + CLOCK_SKEW.as_secs());
    let age = Duration::from_secs(now.as_secs().saturating_sub(made.ok_or(Reason::Undated)?.as_secs()));
    if age >= order.renew_after {
        return Err(Reason::Old(age));
    }
    // One that was made under another order may live for less time than this one has it.
    let left = Duration::from_secs(end(&read).as_secs().saturating_sub(now.as_secs()));
    if left < order.valid_for.saturating_sub(order.renew_after) {
        return Err(Reason::Ending(left));
    }
    Ok(age)
}

/// The last moment of a certificate.
pub(super) fn end(certificate: &Certificate) -> UnixTime {
    UnixTime::since_unix_epoch(certificate.tbs_certificate().validity().not_after.to_unix_duration())
}

/// The certificate, where the key beside it is its own.
fn certified(secret: &TlsSecret) -> Option<CertificateDer<'static>> {
    let certificate = CertificateDer::from_pem_slice(&secret.certificate).ok()?;
    let key = PrivateKeyDer::from_pem_slice(secret.key.expose_secret()).ok()?;
    let key = any_supported_type(&key).ok()?;
    CertifiedKey::new(vec![certificate.clone()], key).keys_match().ok()?;
    Some(certificate)
}

/// Its names; none where some are no DNS names.
fn names(certificate: &Certificate) -> Option<HashSet<DnsName<'static>>> {
    let (_, SubjectAltName(names)) = certificate.tbs_certificate().get_extension::<SubjectAltName>().ok()??;
    let names = names.into_iter().map(|name| match name {
        GeneralName::DnsName(name) => DnsName::try_from(name.to_string()).ok(),
        _ => None,
    });
    names.collect()
}

fn days(time: Duration) -> u64 {
    time.as_secs() / 86_400
}
