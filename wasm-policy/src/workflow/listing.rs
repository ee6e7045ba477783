//! Which referrers are looked at, and of which type each is.
//!
//! A listing's own types are a hint: registries write the config's type there, or nothing. The fetched manifest decides.

use std::collections::BTreeSet;

use super::{Context, judge::Judge};
use crate::{
    code::Failure,
    evidence::{Blobs, Fetched, Wanted, told},
    input::{Descriptor, FetchFailure, ImageEvidence},
    limits::Budget,
    manifest::{EMPTY_CONFIG, EnvelopeDescriptor, Manifest},
    verdict::{Need, NeedKind},
};

/// The referrers that may be signatures, in listing order.
#[derive(Default)]
pub(super) struct Listing<'r> {
    /// Those whose type is known, and taken by a judge.
    pub(super) candidates: Vec<Candidate<'r>>,
    /// Manifests to be fetched before their type is known, in listing order.
    pub(super) untyped: Vec<Need>,
    /// How many entries without a telling type there are that are looked at, fetched or not.
    pub(super) untyped_fetched: usize,
    /// Why something that is not in the list may exist: the list is partial, or an entry of unknown type could not be had.
    pub(super) hidden: Option<Failure>,
    /// Whether entries without a telling type were left out, there being too many.
    pub(super) cut: bool,
}

/// A referrer of a type that a judge takes.
pub(super) struct Candidate<'r> {
    pub(super) descriptor: &'r Descriptor<'r>,
    pub(super) artifact_type: String,
    /// Where its envelope is, once the manifest is there.
    pub(super) envelope: Fetched<EnvelopeDescriptor>,
}

impl<'r> Listing<'r> {
    pub(super) fn read(
        evidence: &'r ImageEvidence<'r>,
        subject: &Descriptor<'_>,
        judges: &[&Judge<'_>],
        blobs: &Blobs<'_, '_>,
        context: &Context<'_>,
        budget: &mut Budget,
    ) -> Self {
        let partial = evidence.failures.iter().find(|failure| failure.kind == "referrers").map(told);
        let mut listing =
            Self { candidates: Vec::new(), untyped: Vec::new(), untyped_fetched: 0, hidden: partial, cut: false };
        let taken = |artifact_type: &str| judges.iter().any(|judge| judge.takes(artifact_type));
        let mut seen = BTreeSet::new();
        for descriptor in evidence.referrers.iter().flatten() {
            let listed = descriptor.artifact_type.as_deref().filter(|listed| *listed != EMPTY_CONFIG);
            // A digest that is listed twice is one signature; tried twice it would use up the limit.
            if listed.is_some_and(|listed| !taken(listed)) || !seen.insert(&*descriptor.digest) {
                continue;
            }
            if listed.is_none() && listing.untyped.len() + listing.untyped_fetched == context.limits.untyped_entries {
                listing.cut = true;
                continue;
            }
            let manifest = fetch(descriptor, &evidence.failures, subject, blobs, context, budget);
            match (manifest, listed) {
                (Ok((artifact_type, envelope)), _) => {
                    listing.untyped_fetched += usize::from(listed.is_none());
                    if taken(&artifact_type) {
                        listing.candidates.push(Candidate { descriptor, artifact_type, envelope });
                    }
                }
                (Err(envelope), Some(listed)) => {
                    listing.candidates.push(Candidate { descriptor, artifact_type: listed.to_owned(), envelope });
                }
                (Err(Fetched::Missing), None) => listing.untyped.push(manifest_need(descriptor)),
                (Err(Fetched::Unavailable(failure)), None) => {
                    listing.untyped_fetched += 1;
                    listing.hidden.get_or_insert(failure);
                }
                // What is no manifest at all is no signature.
                (Err(_), None) => listing.untyped_fetched += 1,
            }
        }
        listing
    }
}

/// The manifest's own type and its envelope; or, where the manifest is not there or unreadable, only how that is.
fn fetch(
    descriptor: &Descriptor<'_>,
    failures: &[FetchFailure<'_>],
    subject: &Descriptor<'_>,
    blobs: &Blobs<'_, '_>,
    context: &Context<'_>,
    budget: &mut Budget,
) -> Result<(String, Fetched<EnvelopeDescriptor>), Fetched<EnvelopeDescriptor>> {
    let wanted = Wanted {
        kind: "manifest",
        digest: &descriptor.digest,
        size: descriptor.size,
        limit: context.limits.manifest_bytes,
    };
    let bytes = match blobs.bytes(&wanted, failures, context.provider, budget) {
        Fetched::Present(bytes) => bytes,
        Fetched::Missing => return Err(Fetched::Missing),
        Fetched::Unavailable(failure) => return Err(Fetched::Unavailable(failure)),
        Fetched::Unusable(failure) => return Err(Fetched::Unusable(failure)),
    };
    match Manifest::parse(&bytes, context.limits) {
        Ok(manifest) => {
            let envelope = match manifest.envelope(subject) {
                Ok(envelope) => Fetched::Present(envelope),
                Err(failure) => Fetched::Unusable(failure),
            };
            Ok((manifest.artifact_type().to_owned(), envelope))
        }
        Err(failure) => Err(Fetched::Unusable(failure)),
    }
}

/// The need of a referrer's manifest; the image's key is filled in where the needs are gathered.
pub(super) fn manifest_need(descriptor: &Descriptor<'_>) -> Need {
    Need {
        digest: Some(descriptor.digest.to_string()),
        image: None,
        kind: NeedKind::Manifest,
        size: Some(descriptor.size),
    }
}

/// The need of an envelope.
pub(super) fn envelope_need(envelope: &EnvelopeDescriptor) -> Need {
    Need { digest: Some(envelope.digest.clone()), image: None, kind: NeedKind::Blob, size: Some(envelope.size) }
}
