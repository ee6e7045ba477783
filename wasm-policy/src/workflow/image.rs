//! The conclusion about one image: which groups there are, whether each passes, and otherwise which failure says it best.

use std::collections::BTreeSet;

use super::{
    group::{Court, Effort, Outcome},
    judge::{Bench, Judge, Standing, fresh_verifier},
    listing::Listing,
    member::{Member, members},
    report::{self, Conclusion, Told},
};
use crate::{
    code::{Code, Failure},
    evidence::{Blobs, told},
    input::{Descriptor, ImageEvidence},
    limits::Budget,
    reference::Reference,
    request::{Combination, Rule},
    text::shown,
    time::{Instant, earlier},
    verdict::{ImageVerdict, Need, NeedKind},
};

/// The first wave of manifests whose type is not known; each further one is twice as large.
const FIRST_WAVE: usize = 4;

/// Judges one image, and adds what is missing to the needs.
pub(super) fn assess(
    key: &str,
    evidence: &ImageEvidence<'_>,
    blobs: &Blobs<'_, '_>,
    bench: &mut Bench<'_, '_>,
    needs: &mut BTreeSet<Need>,
) -> ImageVerdict {
    let reference = match Reference::parse(key) {
        Ok(reference) => reference,
        Err(failure) => return ImageVerdict::refused(&failure),
    };
    let Some(subject) = &evidence.subject else {
        // The reader has checked that an unresolved image has a failure that says why.
        let failure = evidence.failures.iter().map(told).next();
        return ImageVerdict::refused(&failure.unwrap_or_else(|| unresolved(key)));
    };
    if reference.digest().is_some_and(|digest| digest != subject.digest) {
        let message = format!("`{}` names another digest than the subject's {}", shown(key), subject.digest);
        return ImageVerdict::refused(&Failure::new(Code::EvidenceInvalid, message));
    }
    let conclusion = match bench.standings(reference.repository()) {
        Ok(standings) => conclude(&reference, subject, evidence, &standings, blobs, bench),
        Err(failure) => Conclusion { failure: Some(failure), ..Conclusion::default() },
    };
    needs.extend(conclusion.needs.iter().map(|need| Need { image: Some(key.to_owned()), ..need.clone() }));
    report::image(conclusion, format!("{}@{}", reference.repository(), subject.digest), subject)
}

fn conclude(
    reference: &Reference<'_>,
    subject: &Descriptor<'_>,
    evidence: &ImageEvidence<'_>,
    standings: &[Standing<'_>],
    blobs: &Blobs<'_, '_>,
    bench: &Bench<'_, '_>,
) -> Conclusion {
    let judges: Vec<&Judge<'_>> = standings.iter().filter_map(Standing::judge).collect();
    let mut effort =
        Effort { verifier: fresh_verifier(bench.context), evidence: Budget::new(bench.context.limits.evidence_kib) };
    let listing = if judges.is_empty() {
        Listing::default()
    } else if evidence.referrers.is_none() && !evidence.failures.iter().any(|failure| failure.kind == "referrers") {
        return Conclusion::incomplete(vec![referrers_need()], Vec::new());
    } else {
        Listing::read(evidence, subject, &judges, blobs, bench.context, &mut effort.evidence)
    };
    let court = Court {
        judges: &judges,
        standings,
        subject,
        failures: &evidence.failures,
        blobs,
        context: bench.context,
        now: bench.request.now,
    };
    let told = standings.iter().filter_map(|standing| Told::standing(standing, reference)).collect();
    Hearing { court, listing, combination: &bench.request.combination, effort, told }.conclude()
}

/// One image's signatures before its court.
struct Hearing<'h, 'r> {
    court: Court<'r, 'h>,
    listing: Listing<'h>,
    combination: &'h Combination,
    effort: Effort<'h>,
    told: Vec<Told>,
}

/// How the groups of an image stand together.
#[derive(Default)]
struct Standings {
    failed: bool,
    limit: bool,
    /// A failed group that some signature of unknown type might still save.
    undecided: bool,
    needs: Vec<Need>,
    valid_until: Option<Instant>,
    /// Types whose group no further signature can change.
    settled: BTreeSet<String>,
}

impl Hearing<'_, '_> {
    fn conclude(mut self) -> Conclusion {
        let types = self.types();
        let groups = self.judge_groups(&types);
        let awaited = self.awaited_manifests(&groups);
        let decided_against = groups.failed || (groups.undecided && awaited.is_empty());
        if !decided_against && (!groups.needs.is_empty() || !awaited.is_empty()) {
            return Conclusion::incomplete(groups.needs.into_iter().chain(awaited).collect(), self.told);
        }
        let failure = self.failure(&types, &groups, decided_against);
        let valid_until = if failure.is_none() { groups.valid_until } else { None };
        Conclusion { failure, valid_until, told: self.told, needs: Vec::new() }
    }

    /// The types that have a group: those of the candidates, and those that verifiers speak about without looking at signatures.
    fn types(&self) -> BTreeSet<String> {
        let mut types: BTreeSet<_> =
            self.listing.candidates.iter().map(|candidate| candidate.artifact_type.clone()).collect();
        for verifier in self.court.standings.iter().filter_map(Standing::bystander) {
            for artifact_type in &verifier.config.artifact_types {
                match artifact_type.as_str() {
                    "*" => types.extend(self.combination.named_types().map(str::to_owned)),
                    named => _ = types.insert(named.to_owned()),
                }
            }
        }
        if types.is_empty() && self.court.standings.iter().any(|standing| standing.bystander().is_some()) {
            types.insert("*".to_owned());
        }
        types
    }

    fn judge_groups(&mut self, types: &BTreeSet<String>) -> Standings {
        let members = members(&self.listing.candidates, self.court.judges);
        let mut groups = Standings::default();
        for artifact_type in types {
            let rule = self.combination.rule(artifact_type);
            let of_type: Vec<&Member<'_, '_>> =
                members.iter().filter(|member| member.candidate.artifact_type == *artifact_type).collect();
            match (self.court.judge(artifact_type, rule, &of_type, &mut self.effort, &mut self.told), rule) {
                (Outcome::Passed { valid_until }, rule) => {
                    groups.valid_until = earlier(groups.valid_until, valid_until);
                    if rule == Rule::Any {
                        groups.settled.insert(artifact_type.clone());
                    }
                }
                (Outcome::Open(needs), _) => groups.needs.extend(needs),
                (Outcome::Failed { limit }, rule) => {
                    groups.limit |= limit;
                    // A bad signature under `all` stays bad; under `any` a good one may yet come.
                    if rule == Rule::All && !of_type.is_empty() {
                        groups.failed = true;
                    } else {
                        groups.undecided = true;
                    }
                }
            }
        }
        groups
    }

    /// The next wave of manifests whose type is not known, while one of them could matter.
    fn awaited_manifests(&self, groups: &Standings) -> Vec<Need> {
        let matters = self.court.judges.iter().any(|judge| {
            judge.verifier.config.artifact_types.iter().any(|taken| taken == "*" || !groups.settled.contains(taken))
        });
        let mut wave = FIRST_WAVE;
        let mut open = FIRST_WAVE;
        while open <= self.listing.untyped_fetched {
            wave *= 2;
            open += wave;
        }
        let awaited = if matters { open - self.listing.untyped_fetched } else { 0 };
        self.listing.untyped.iter().take(awaited).cloned().collect()
    }

    /// The failure that says best why the image is not verified; none where it is.
    fn failure(&self, types: &BTreeSet<String>, groups: &Standings, decided_against: bool) -> Option<Failure> {
        let missing = self.combination.named_types().find(|named| !types.contains(*named));
        // What is hidden could be a good signature where one is lacking, and a bad one where all must be good.
        let matters = types.is_empty() || types.iter().any(|named| self.combination.rule(named) == Rule::All);
        let hidden = self.listing.hidden.as_ref().filter(|_| matters);
        let cut = self.listing.cut && matters;
        if !decided_against && missing.is_none() && hidden.is_none() && !cut && !types.is_empty() {
            return None;
        }
        let none_is_good = !self.told.iter().any(|told| told.report.is_success);
        let unavailable = self.told.iter().find_map(Told::unavailable).or(self.listing.hidden.as_ref());
        if let Some(failure) = unavailable.filter(|_| none_is_good).or(hidden.filter(|_| !decided_against)) {
            return Some(failure.clone());
        }
        if groups.limit || self.listing.cut {
            let message = "the image has more signatures than may be tried, and those that were tried do not decide it";
            return Some(Failure::new(Code::SignatureLimitReached, message));
        }
        let looked_for = !self.court.judges.is_empty();
        if looked_for && self.listing.candidates.is_empty() && none_is_good {
            return Some(Failure::new(
                Code::SignatureNotFound,
                "the image has no signature of a type that a verifier takes",
            ));
        }
        if let Some(failure) =
            self.told.iter().filter_map(Told::progress).reduce(|best, next| if next.0 > best.0 { next } else { best })
        {
            return Some(failure.1.clone());
        }
        let named = missing.map_or_else(String::new, |named| format!(" of the type `{}`", shown(named)));
        Some(Failure::new(
            Code::ArtifactTypeMissing,
            format!("the image has no artifact{named}, and the policy asks for one"),
        ))
    }
}

fn referrers_need() -> Need {
    Need { digest: None, image: None, kind: NeedKind::Referrers, size: None }
}

fn unresolved(key: &str) -> Failure {
    Failure::new(Code::EvidenceInvalid, format!("`{}` has not been resolved", shown(key)))
}
