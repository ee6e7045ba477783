//! The signatures of one type, judged in waves: cheap for an image whose first signature is good, however many it has.

use super::{
    judge::{Judge, Standing, takes},
    listing::{Candidate, envelope_need, manifest_need},
    member::Member,
    report::Told,
    signature,
};
use crate::{
    code::{Code, Failure},
    envelope::{self, Envelope},
    evidence::{Blobs, Fetched, Wanted},
    input::{Descriptor, FetchFailure},
    limits::Budget,
    request::Rule,
    time::{Instant, earlier},
    verdict::Need,
    x509,
};

/// The first wave; each further one is twice as large.
const FIRST_WAVE: usize = 4;

/// What the judging of a group needs.
pub(super) struct Court<'r, 'b> {
    pub(super) judges: &'b [&'b Judge<'r>],
    pub(super) standings: &'b [Standing<'r>],
    pub(super) subject: &'b Descriptor<'b>,
    pub(super) failures: &'b [FetchFailure<'b>],
    pub(super) blobs: &'b Blobs<'b, 'b>,
    pub(super) context: &'b super::Context<'b>,
    pub(super) now: Instant,
}

/// What may still be done for one image.
pub(super) struct Effort<'c> {
    pub(super) verifier: x509::Verifier<'c>,
    /// KiB of evidence to be looked at.
    pub(super) evidence: Budget,
}

/// How a group stands.
pub(super) enum Outcome {
    /// Enough of its signatures are good, until then at least.
    Passed { valid_until: Option<Instant> },
    /// Too few are, whatever else is fetched; `limit` where signatures were left out.
    Failed { limit: bool },
    /// It depends on evidence that is not there.
    Open(Vec<Need>),
}

impl Court<'_, '_> {
    /// Judges the members of one type, and adds what is told about each to the reports.
    pub(super) fn judge(
        &self,
        artifact_type: &str,
        rule: Rule,
        members: &[&Member<'_, '_>],
        effort: &mut Effort<'_>,
        told: &mut Vec<Told>,
    ) -> Outcome {
        let (mut skipped, mut uncovered) = (false, false);
        for standing in self.standings {
            match standing {
                Standing::Skips { verifier, .. } => skipped |= takes(verifier, artifact_type),
                Standing::Uncovered { verifier } => uncovered |= takes(verifier, artifact_type),
                Standing::Judges(_) => {}
            }
        }
        match rule {
            Rule::Any if skipped => return Outcome::Passed { valid_until: None },
            Rule::All if uncovered => return Outcome::Failed { limit: false },
            Rule::Any | Rule::All => {}
        }
        let limit = members.iter().any(|member| member.limited);
        let mut valid_until = None;
        let mut rest: Vec<_> = members.iter().copied().filter(|member| !member.judges.is_empty()).collect();
        // Under `all` a group without a signature passes only by a verifier that skips.
        let mut good = skipped;
        let mut wave = FIRST_WAVE;
        while !rest.is_empty() {
            let later = rest.split_off(wave.min(rest.len()));
            let mut needs = Vec::new();
            for member in rest {
                for said in self.signature(member, effort, &mut needs) {
                    let (is_good, until) = (said.report.is_success, said.valid_until);
                    told.push(said);
                    match (rule, is_good) {
                        (Rule::Any, true) => return Outcome::Passed { valid_until: until },
                        (Rule::All, false) => return Outcome::Failed { limit: false },
                        _ => {}
                    }
                    if is_good {
                        good = true;
                        valid_until = earlier(valid_until, until);
                    }
                }
            }
            if !needs.is_empty() {
                return Outcome::Open(needs);
            }
            rest = later;
            wave *= 2;
        }
        match rule {
            Rule::All if good && !limit => Outcome::Passed { valid_until },
            _ => Outcome::Failed { limit },
        }
    }

    /// What each judge says of one signature; nothing where evidence is missing, which is added to the needs.
    fn signature(&self, member: &Member<'_, '_>, effort: &mut Effort<'_>, needs: &mut Vec<Need>) -> Vec<Told> {
        let Candidate { descriptor, envelope: fetched, .. } = member.candidate;
        let failed = |failure: &Failure, unavailable| {
            let told = |judge: &&Judge<'_>| Told::unread(member, judge, failure, unavailable);
            member.judges.iter().map(told).collect()
        };
        let layer = match fetched {
            Fetched::Present(layer) => layer,
            Fetched::Missing => {
                needs.push(manifest_need(descriptor));
                return Vec::new();
            }
            Fetched::Unavailable(failure) => return failed(failure, true),
            Fetched::Unusable(failure) => return failed(failure, false),
        };
        // Not worth a request: no parser takes it.
        if !matches!(layer.media_type.as_str(), envelope::JWS | envelope::COSE) {
            let message = format!("the signature's blob is of the type `{}`", crate::text::shown(&layer.media_type));
            return failed(&Failure::new(Code::EnvelopeUnsupported, message), false);
        }
        let limits = self.context.limits;
        let wanted = Wanted { kind: "blob", digest: &layer.digest, size: layer.size, limit: limits.envelope_bytes };
        let bytes = match self.blobs.bytes(&wanted, self.failures, self.context.provider, &mut effort.evidence) {
            Fetched::Present(bytes) => bytes,
            Fetched::Missing => {
                needs.push(envelope_need(layer));
                return Vec::new();
            }
            Fetched::Unavailable(failure) => return failed(&failure, true),
            Fetched::Unusable(failure) => return failed(&failure, false),
        };
        let envelope = match Envelope::parse(&layer.media_type, &bytes, limits) {
            Ok(envelope) => envelope,
            Err(failure) => return failed(&failure, false),
        };
        // One verification serves every judge: integrity does not depend on a policy.
        match envelope.verify(&mut effort.verifier) {
            Ok(signed) => {
                let judged = |judge: &&Judge<'_>| {
                    let judgement = signature::judge(judge, &signed, self.subject, self.now, limits);
                    Told::judged(member, judge, judgement)
                };
                member.judges.iter().map(judged).collect()
            }
            Err(failure) => failed(&failure, false),
        }
    }
}
