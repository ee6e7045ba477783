//! The checks of one signature whose integrity is established, in the order of the Notary Project specification, and what the policy makes of each.

use std::collections::BTreeMap;

use super::judge::Judge;
use crate::{
    code::{Code, Failure},
    envelope::{SigningScheme, VerifiedEnvelope, payload::Payload},
    input::Descriptor,
    limits::Limits,
    text::shown,
    time::{Instant, earlier},
    trust::{StoreKind, TimestampRule},
    verdict::{Action, Check, CheckName, CheckResult},
    x509::{Certificate, CodeSigningChain},
};

/// What came of the checks.
pub(super) struct Judgement {
    pub(super) checks: Vec<Check>,
    /// The failure that made the signature no good.
    pub(super) failure: Option<Failure>,
    /// When an enforced check that passed may fail.
    pub(super) valid_until: Option<Instant>,
    /// `Issuer` and `SN` of the leaf.
    pub(super) extensions: BTreeMap<String, String>,
    /// The signer, for people.
    pub(super) signer: String,
}

/// Every check, in order.
const ORDER: [CheckName; 9] = [
    CheckName::Integrity,
    CheckName::Plugin,
    CheckName::Authenticity,
    CheckName::Identity,
    CheckName::Expiry,
    CheckName::AuthenticTimestamp,
    CheckName::Revocation,
    CheckName::Payload,
    CheckName::UserMetadata,
];

/// The checks so far. Once an enforced one has failed, the others are not run.
struct Protocol<'p> {
    judge: &'p Judge<'p>,
    checks: Vec<Check>,
    failure: Option<Failure>,
}

/// Carries out the checks after integrity.
pub(super) fn judge(
    judge: &Judge<'_>,
    envelope: &VerifiedEnvelope<'_>,
    subject: &Descriptor<'_>,
    now: Instant,
    limits: &Limits,
) -> Judgement {
    let leaf = envelope.chain.leaf();
    let mut protocol = Protocol { judge, checks: Vec::new(), failure: None };
    let mut valid_until = None;

    protocol.record(CheckName::Integrity, Ok(()));
    protocol.check(CheckName::Plugin, || plugin(envelope));
    let authentic = protocol.check(CheckName::Authenticity, || authenticity(judge, envelope));
    let identified = protocol.check(CheckName::Identity, || judge.statement.identities().accept(leaf));
    if protocol.check(CheckName::Expiry, || expiry(envelope, now)) && judge.actions.expiry == Action::Enforce {
        valid_until = earlier(valid_until, envelope.expiry);
    }
    let timely = protocol.check(CheckName::AuthenticTimestamp, || authentic_timestamp(judge, envelope, now));
    if timely && judge.actions.authentic_timestamp == Action::Enforce && envelope.scheme == SigningScheme::X509 {
        valid_until = earlier(valid_until, first_lapse(&envelope.chain));
    }
    match judge.actions.revocation {
        Action::Skip => protocol.pass_over(CheckName::Revocation, CheckResult::Skipped),
        // Whom the policy only watches is not worth asking third parties about; and anyone who can push a referrer could choose whom we ask.
        Action::Log if !(authentic && identified) => protocol.pass_over(CheckName::Revocation, CheckResult::NotRun),
        Action::Log | Action::Enforce => {
            protocol.check(CheckName::Revocation, || revocation(&envelope.chain));
        }
    }
    let payload = Payload::parse(envelope.payload, limits);
    protocol.check(CheckName::Payload, || payload_is_for(payload.as_ref(), subject));
    protocol.check(CheckName::UserMetadata, || user_metadata(judge, payload.as_ref()));

    Judgement {
        checks: protocol.checks,
        failure: protocol.failure,
        valid_until,
        extensions: BTreeMap::from([
            // Cut, since any chain of one's own making gets here, and each report tells its names.
            ("Issuer".to_owned(), shown(&leaf.issuer().to_string()).to_string()),
            ("SN".to_owned(), shown(&leaf.subject().to_string()).to_string()),
        ]),
        signer: leaf.to_string(),
    }
}

/// The checks of a signature that fails before its envelope is verified.
pub(super) fn unread(judge: &Judge<'_>, failure: &Failure) -> Vec<Check> {
    let mut protocol = Protocol { judge, checks: Vec::new(), failure: None };
    protocol.record(CheckName::Integrity, Err(failure.clone()));
    for name in &ORDER[1..] {
        protocol.pass_over(*name, CheckResult::NotRun);
    }
    protocol.checks
}

impl Protocol<'_> {
    /// Runs a check, unless an earlier one has ended the verification. True where it ran and passed.
    fn check(&mut self, name: CheckName, run: impl FnOnce() -> Result<(), Failure>) -> bool {
        if self.failure.is_some() {
            self.pass_over(name, CheckResult::NotRun);
            return false;
        }
        self.record(name, run())
    }

    fn record(&mut self, name: CheckName, outcome: Result<(), Failure>) -> bool {
        let action = self.action(name);
        let passed = outcome.is_ok();
        let (result, failure) = match outcome {
            Ok(()) => (CheckResult::Pass, None),
            Err(failure) => (CheckResult::Fail, Some(failure)),
        };
        let (code, message) = failure.clone().map(|failure| (failure.code, failure.message)).unzip();
        self.checks.push(Check { action, code, message, name, result });
        if action == Action::Enforce {
            self.failure = failure;
        }
        passed
    }

    fn pass_over(&mut self, name: CheckName, result: CheckResult) {
        let result = if self.failure.is_some() { CheckResult::NotRun } else { result };
        self.checks.push(Check { action: self.action(name), code: None, message: None, name, result });
    }

    fn action(&self, name: CheckName) -> Action {
        let actions = self.judge.actions;
        match name {
            CheckName::Integrity | CheckName::Plugin | CheckName::Payload | CheckName::UserMetadata => Action::Enforce,
            CheckName::Authenticity | CheckName::Identity => actions.authenticity,
            CheckName::Expiry => actions.expiry,
            CheckName::AuthenticTimestamp => actions.authentic_timestamp,
            CheckName::Revocation => actions.revocation,
        }
    }
}

/// No plugin is run, so a signature that asks for one cannot be judged.
fn plugin(envelope: &VerifiedEnvelope<'_>) -> Result<(), Failure> {
    match &envelope.plugin {
        None => Ok(()),
        Some(name) => {
            let message = format!("the signature asks for the verification plugin `{}`", shown(name));
            Err(Failure::new(Code::PluginUnsupported, message))
        }
    }
}

fn authenticity(judge: &Judge<'_>, envelope: &VerifiedEnvelope<'_>) -> Result<(), Failure> {
    let kind = match envelope.scheme {
        SigningScheme::X509 => StoreKind::Ca,
        SigningScheme::SigningAuthority => StoreKind::SigningAuthority,
    };
    judge.trusted_by(kind, &envelope.chain).map(|_| ())
}

fn expiry(envelope: &VerifiedEnvelope<'_>, now: Instant) -> Result<(), Failure> {
    match envelope.expiry {
        Some(expiry) if now >= expiry => {
            Err(Failure::new(Code::SignatureExpired, format!("the signature expired at {expiry}; it is {now}")))
        }
        _ => Ok(()),
    }
}

/// Whether the certificates were valid when it counts: now, or when a signing authority signed.
fn authentic_timestamp(judge: &Judge<'_>, envelope: &VerifiedEnvelope<'_>, now: Instant) -> Result<(), Failure> {
    let chain = &envelope.chain;
    if envelope.scheme == SigningScheme::SigningAuthority {
        return valid_at(chain, envelope.signing_time, "when the signing authority signed");
    }
    let valid_now = valid_at(chain, now, "now");
    if !judge.names_tsa_store() {
        return valid_now;
    }
    match judge.actions.timestamp {
        TimestampRule::AfterCertificateExpiry if valid_now.is_ok() => valid_now,
        TimestampRule::AfterCertificateExpiry | TimestampRule::Always => {
            let why = match valid_now {
                Ok(()) => "the policy asks for a timestamp always".to_owned(),
                Err(failure) => failure.message,
            };
            Err(Failure::new(Code::TimestampUnsupported, format!("a timestamp is needed and is not evaluated: {why}")))
        }
    }
}

fn valid_at(chain: &CodeSigningChain<'_>, moment: Instant, when: &str) -> Result<(), Failure> {
    for certificate in chain.certificates() {
        if moment < certificate.not_before() {
            let message =
                format!("{certificate} was not yet valid {when} ({moment}); it begins at {}", certificate.not_before());
            return Err(Failure::new(Code::CertificateNotYetValid, message));
        }
        if moment >= lapse(certificate) {
            let message =
                format!("{certificate} had expired {when} ({moment}); it ended at {}", certificate.not_after());
            return Err(Failure::new(Code::CertificateExpired, message));
        }
    }
    Ok(())
}

/// The first moment after a certificate's validity: notAfter names its last second.
fn lapse(certificate: &Certificate<'_>) -> Instant {
    certificate.not_after().plus_seconds(1)
}

fn first_lapse(chain: &CodeSigningChain<'_>) -> Option<Instant> {
    chain.certificates().map(lapse).min()
}

/// The root's own revocation is not asked for: whoever trusts it takes it out of the store.
fn revocation(chain: &CodeSigningChain<'_>) -> Result<(), Failure> {
    let below_root = chain.certificates().count() - 1;
    match chain.certificates().take(below_root).find(|certificate| certificate.names_revocation_source()) {
        None => Ok(()),
        Some(certificate) => {
            let message =
                format!("whether {certificate} has been revoked is not known: OCSP and CRLs are not evaluated");
            Err(Failure::new(Code::RevocationUnknown, message))
        }
    }
}

fn payload_is_for(payload: Result<&Payload, &Failure>, subject: &Descriptor<'_>) -> Result<(), Failure> {
    let payload = payload.map_err(Clone::clone)?;
    if payload.digest == subject.digest && payload.size == subject.size && payload.media_type == subject.media_type {
        return Ok(());
    }
    let message = format!(
        "the signature is for {} ({} bytes, {}), the image is {} ({} bytes, {})",
        shown(&payload.digest),
        payload.size,
        shown(&payload.media_type),
        shown(&subject.digest),
        subject.size,
        shown(&subject.media_type)
    );
    Err(Failure::new(Code::PayloadMismatch, message))
}

fn user_metadata(judge: &Judge<'_>, payload: Result<&Payload, &Failure>) -> Result<(), Failure> {
    let payload = payload.map_err(Clone::clone)?;
    for (key, wanted) in &judge.verifier.config.user_metadata {
        let found = match payload.annotations.get(key) {
            Some(found) if found == wanted => continue,
            Some(found) => format!("`{}`", shown(found)),
            None => "missing".to_owned(),
        };
        let message = format!("the metadata `{}` must be `{}`; it is {found}", shown(key), shown(wanted));
        return Err(Failure::new(Code::UserMetadataMismatch, message));
    }
    Ok(())
}
