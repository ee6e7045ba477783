//! The evidence for one image. What is wrong with it is that image's [`Code::EvidenceInvalid`].

use super::{cow, fields::Fields};
use crate::{
    code::{Code, Failure},
    digest,
    input::{Descriptor, FetchFailure, ImageEvidence},
    limits::Limits,
    text::{Value, shown},
};

/// What can fail to be fetched.
const KINDS: [&str; 6] = ["subject", "referrers", "manifest", "blob", "ocsp", "crl"];

pub(super) fn read<'v>(value: &'v Value<'_>, limits: &Limits) -> Result<ImageEvidence<'v>, Failure> {
    let image = Fields::new(value, "the image", Code::EvidenceInvalid)?;
    let subject = image.optional("subject").map(|_| image.fields("subject")).transpose()?;
    let subject = subject.as_ref().map(descriptor).transpose()?;
    let referrers = image.optional("referrers").map(|_| listing(&image, limits)).transpose()?;
    let failures = match image.optional("failures") {
        None => Vec::new(),
        Some(_) => image.each("failures")?.iter().map(failure).collect::<Result<_, _>>()?,
    };
    let evidence = ImageEvidence { subject, referrers, failures };
    let unresolved = evidence.failures.iter().any(|failure| failure.kind == "subject");
    if evidence.subject.is_some() == unresolved {
        let what = if unresolved {
            "a subject and a failure to resolve it"
        } else {
            "neither a subject nor a failure to resolve it"
        };
        return Err(Failure::new(Code::EvidenceInvalid, format!("the image has {what}")));
    }
    Ok(evidence)
}

fn listing<'v>(image: &Fields<'v, '_>, limits: &Limits) -> Result<Vec<Descriptor<'v>>, Failure> {
    let count = image.array("referrers")?.len();
    if count > limits.listing_entries {
        let most = limits.listing_entries;
        let message = format!("the list of referrers has {count} entries; at most {most} are looked at");
        return Err(Failure::new(Code::ListingTooLarge, message));
    }
    image.each("referrers")?.iter().map(descriptor).collect()
}

fn descriptor<'v>(fields: &Fields<'v, '_>) -> Result<Descriptor<'v>, Failure> {
    let digest = fields.text("digest")?;
    if !digest::is_well_formed(digest) {
        return Err(fields.wrong("digest", format!("is `{}`, no sha256 or sha512 digest", shown(digest))));
    }
    let size = fields.required("size")?.as_size();
    Ok(Descriptor {
        media_type: cow(fields.text("mediaType")?),
        digest: cow(digest),
        size: size.ok_or_else(|| fields.wrong("size", "is not a whole number below 2^53"))?,
        artifact_type: fields.optional_text("artifactType")?.map(cow),
    })
}

fn failure<'v>(fields: &Fields<'v, '_>) -> Result<FetchFailure<'v>, Failure> {
    let kind = fields.text("kind")?;
    if !KINDS.contains(&kind) {
        return Err(fields.wrong("kind", format!("is `{}`; it is one of {}", shown(kind), KINDS.join(", "))));
    }
    let code = fields.text("code")?;
    // A failure that claims a success would turn a missing answer into a good one.
    if Code::from_name(code).is_none_or(|code| code == Code::Verified) {
        return Err(fields.wrong("code", format!("is `{}`, which is no code of a failure", shown(code))));
    }
    let digest = fields.optional_text("digest")?;
    if matches!(kind, "manifest" | "blob") && digest.is_none() {
        return Err(fields.wrong("digest", "is missing"));
    }
    Ok(FetchFailure {
        kind: cow(kind),
        digest: digest.map(cow),
        code: cow(code),
        message: cow(fields.text("message")?),
    })
}
