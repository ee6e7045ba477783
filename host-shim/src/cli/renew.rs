//! `renew-certificate`: replaces the certificate that the Helm chart has made, before it is too old.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::UnixTime;

use super::{
    args::renew::RenewCertificateArgs,
    cluster,
    exit::{Exit, Stop},
    terminal::Terminal,
};
use crate::{
    config::SecretName,
    renewal::{Order, Outcome, renew},
};

const DAY: Duration = Duration::from_hours(24);

pub(super) fn run(args: RenewCertificateArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let RenewCertificateArgs { namespace, ca_secret, secret, names, valid_days, renew_after_days } = args;
    if renew_after_days >= valid_days {
        return Err(Stop::usage(
            "a certificate would expire before it is renewed",
            "give --renew-after-days less days than --valid-days; two thirds are a good measure",
        ));
    }
    let of_namespace = |name| SecretName { namespace: namespace.clone(), name };
    let order = Order {
        ca: of_namespace(ca_secret),
        certificate: of_namespace(secret),
        names,
        valid_for: DAY * u32::from(valid_days),
        renew_after: DAY * u32::from(renew_after_days),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::undecided(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(async {
        let client = cluster::client().await?;
        renew(client, &order, UnixTime::now()).await.map_err(|error| Stop::undecided(error.to_string()))
    })?;
    terminal.text(&format!("{}: {}\n", order.certificate, told(&outcome)))?;
    Ok(Exit::Success)
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Kept { age } => {
            format!("the certificate was made {} days ago, and stays", age.as_secs() / DAY.as_secs())
        }
        Outcome::Renewed { reason, until, ends_with_ca } => {
            let until = i64::try_from(until.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            let until = until.map_or_else(|| "the end of time".to_owned(), |until| until.to_string());
            let ca = if *ends_with_ca {
                "; its CA ends then, too: before that, delete the secrets of both and run `helm upgrade`, which makes them anew"
            } else {
                ""
            };
            format!("there is a new certificate until {until}, since {reason}{ca}")
        }
    }
}
