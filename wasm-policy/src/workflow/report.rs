//! Conclusions and judgements, written down as the contract has them.

use std::collections::BTreeMap;

use super::{
    judge::{Judge, Standing},
    member::Member,
    signature::{self, Judgement},
};
use crate::{
    code::{Code, Failure},
    input::Descriptor,
    reference::Reference,
    request::Verifier,
    text::shown,
    time::Instant,
    verdict::{CheckResult, ImageVerdict, Need, VerifierReport},
};

/// What is concluded about an image.
#[derive(Default)]
pub(super) struct Conclusion {
    /// None where the image is verified.
    pub(super) failure: Option<Failure>,
    pub(super) valid_until: Option<Instant>,
    pub(super) told: Vec<Told>,
    pub(super) needs: Vec<Need>,
}

impl Conclusion {
    pub(super) fn incomplete(needs: Vec<Need>, told: Vec<Told>) -> Self {
        let message = format!("{} more pieces of evidence are needed", needs.len());
        Self { failure: Some(Failure::new(Code::EvidenceIncomplete, message)), valid_until: None, told, needs }
    }
}

/// A report, and what the conclusion needs to know about it.
pub(super) struct Told {
    pub(super) report: VerifierReport,
    pub(super) valid_until: Option<Instant>,
    failure: Option<Failure>,
    /// Whether the signature could not be had, so that nobody knows whether it is good.
    unavailable: bool,
    /// The place in the listing; none for what is said about the image as a whole.
    position: Option<usize>,
}

impl Told {
    /// What a verifier says that looks at no signature; none where it does.
    pub(super) fn standing(standing: &Standing<'_>, reference: &Reference<'_>) -> Option<Self> {
        let (verifier, failure, message) = match standing {
            Standing::Judges(_) => return None,
            Standing::Skips { verifier, statement } => {
                let message = format!("the statement `{}` skips verification", shown(statement.name()));
                (verifier, None, message)
            }
            Standing::Uncovered { verifier } => {
                let message = format!(
                    "no statement of verifier `{}` covers {}",
                    shown(&verifier.config.name),
                    reference.repository()
                );
                (verifier, Some(Failure::new(Code::TrustPolicyNotApplicable, message)), String::new())
            }
        };
        let report = report(verifier, None, failure.as_ref(), message);
        Some(Self { report, valid_until: None, failure, unavailable: false, position: None })
    }

    /// What a judge says of a signature that was not read to the end.
    pub(super) fn unread(member: &Member<'_, '_>, judge: &Judge<'_>, failure: &Failure, unavailable: bool) -> Self {
        let mut report = report(judge.verifier, Some(member), Some(failure), String::new());
        report.checks = signature::unread(judge, failure);
        Self { report, valid_until: None, failure: Some(failure.clone()), unavailable, position: Some(member.position) }
    }

    /// What a judge says of a signature whose integrity is established.
    pub(super) fn judged(member: &Member<'_, '_>, judge: &Judge<'_>, judgement: Judgement) -> Self {
        let Judgement { checks, failure, valid_until, extensions, signer } = judgement;
        let message = format!("signed by {signer}, as the statement `{}` asks", shown(judge.statement.name()));
        let mut report = report(judge.verifier, Some(member), failure.as_ref(), message);
        report.checks = checks;
        report.extensions = extensions;
        Self { report, valid_until, failure, unavailable: false, position: Some(member.position) }
    }

    /// Why the signature could not be had.
    pub(super) fn unavailable(&self) -> Option<&Failure> {
        self.failure.as_ref().filter(|_| self.unavailable)
    }

    /// How far a signature that is no good got, and what ended it. A tie goes to the earlier in the listing.
    pub(super) fn progress(&self) -> Option<((usize, std::cmp::Reverse<usize>), &Failure)> {
        let reached = self.report.checks.iter().rposition(|check| check.result != CheckResult::NotRun);
        Some((
            (reached.map_or(0, |last| last + 1), std::cmp::Reverse(self.position.unwrap_or_default())),
            self.failure.as_ref()?,
        ))
    }
}

/// The verdict on an image that was looked at.
pub(super) fn image(conclusion: Conclusion, name: String, subject: &Descriptor<'_>) -> ImageVerdict {
    let Conclusion { failure, valid_until, mut told, needs: _ } = conclusion;
    told.sort_by_key(|told| told.position);
    let (code, message) = if let Some(failure) = failure {
        (failure.code, failure.message)
    } else {
        let good = told.iter().find(|told| told.report.is_success).map(|told| told.report.message.clone());
        (Code::Verified, good.unwrap_or_default())
    };
    ImageVerdict {
        class: code.class(),
        code,
        is_success: code == Code::Verified,
        media_type: Some(subject.media_type.to_string()),
        message,
        remediation: code.remediation(),
        subject: Some(name),
        valid_until: valid_until.map(|until| until.to_string()),
        verifier_reports: told.into_iter().map(|told| told.report).collect(),
    }
}

fn report(
    verifier: &Verifier,
    member: Option<&Member<'_, '_>>,
    failure: Option<&Failure>,
    good: String,
) -> VerifierReport {
    let (code, message) = match failure {
        Some(failure) => (failure.code, failure.message.clone()),
        None => (Code::Verified, good),
    };
    VerifierReport {
        artifact_type: member.map(|member| member.candidate.artifact_type.clone()),
        checks: Vec::new(),
        class: code.class(),
        code,
        extensions: BTreeMap::new(),
        is_success: failure.is_none(),
        message,
        reference_digest: member.map(|member| member.candidate.descriptor.digest.to_string()),
        remediation: code.remediation(),
        verifier_name: verifier.config.name.clone(),
        verifier_type: verifier.config.r#type.clone(),
    }
}
