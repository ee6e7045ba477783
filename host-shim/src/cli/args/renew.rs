//! The options of `renew-certificate`.

use clap::Args;
use rustls_pki_types::DnsName;

use crate::config::is_name;

/// Renew the certificate that the Helm chart has made for the server
///
/// Looks at the certificate in a Secret of the cluster. Where it is old, about to expire, for other names or not of the CA, the CA in the other Secret issues a
/// new one with a new key. The server reads it without a restart, and Gatekeeper goes on trusting it: the CA stays. The chart's CronJob runs this each day.
#[derive(Debug, Args)]
#[command(after_long_help = "Example:\n  \
    image-integrity renew-certificate --namespace gatekeeper-system --ca-secret image-integrity-ca --secret image-integrity-tls \\\n    \
    --dns image-integrity.gatekeeper-system.svc --valid-days 90 --renew-after-days 60\n\n\
    It may read both Secrets (get) and change that of the certificate (patch), by the Pod's service account or a kubeconfig.\n\
    Exit codes: 0 it is young enough or was renewed, 2 it could not be renewed, 64 wrong usage or no cluster to ask.")]
pub(in crate::cli) struct RenewCertificateArgs {
    /// The namespace of both Secrets
    #[arg(long, value_name = "NAME", value_parser = name, env = "IMAGE_INTEGRITY_NAMESPACE")]
    pub(in crate::cli) namespace: String,
    /// The Secret with the CA: tls.crt and tls.key, a key on P-256
    #[arg(long, value_name = "NAME", value_parser = name, env = "IMAGE_INTEGRITY_CA_SECRET")]
    pub(in crate::cli) ca_secret: String,
    /// The Secret with the certificate: tls.crt, tls.key and ca.crt
    #[arg(long, value_name = "NAME", value_parser = name, env = "IMAGE_INTEGRITY_SECRET")]
    pub(in crate::cli) secret: String,
    /// A DNS name that the certificate is for; it has these and no others. Repeatable, or separated by commas
    #[arg(
        long = "dns",
        value_name = "NAME",
        value_parser = dns_name,
        required = true,
        env = "IMAGE_INTEGRITY_DNS",
        value_delimiter = ','
    )]
    pub(in crate::cli) names: Vec<DnsName<'static>>,
    /// How many days a new certificate is valid
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650), env = "IMAGE_INTEGRITY_VALID_DAYS")]
    pub(in crate::cli) valid_days: u16,
    /// The age in days at which there is to be a new one; 0 is now
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(..3650), env = "IMAGE_INTEGRITY_RENEW_AFTER_DAYS")]
    pub(in crate::cli) renew_after_days: u16,
}

fn name(text: &str) -> Result<String, &'static str> {
    if is_name(text) { Ok(text.to_owned()) } else { Err("write the name of an object, such as image-integrity-tls") }
}

fn dns_name(text: &str) -> Result<DnsName<'static>, &'static str> {
    DnsName::try_from(text.to_owned()).map_err(|_| "write a DNS name such as image-integrity.gatekeeper-system.svc")
}
