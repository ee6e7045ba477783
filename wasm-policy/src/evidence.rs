//! The bytes in the evidence. Each proves itself by its digest; the host's word is not taken for it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    code::{Code, Failure},
    crypto::Provider,
    digest,
    input::FetchFailure,
    limits::Budget,
    text::{Object, Value, shown},
};

/// The document's `blobs`, by digest.
pub(crate) struct Blobs<'v, 'a>(BTreeMap<&'v str, &'v Value<'a>>);

/// Something that was asked for, or will be.
#[derive(Debug)]
pub(crate) enum Fetched<T> {
    /// It is there.
    Present(T),
    /// It has not been asked for.
    Missing,
    /// It could not be had, so that nobody knows what it holds.
    Unavailable(Failure),
    /// It is there, or described, and is no good.
    Unusable(Failure),
}

/// Which bytes are looked for.
pub(crate) struct Wanted<'w> {
    pub(crate) kind: &'static str,
    pub(crate) digest: &'w str,
    pub(crate) size: u64,
    /// The most that is accepted.
    pub(crate) limit: usize,
}

impl<'v, 'a> Blobs<'v, 'a> {
    pub(crate) fn new(object: Option<&'v Object<'a>>) -> Self {
        Self(object.into_iter().flat_map(Object::iter).collect())
    }

    /// The bytes of a manifest or blob, checked against digest and size, and paid for in KiB.
    pub(crate) fn bytes(
        &self,
        wanted: &Wanted<'_>,
        failures: &[FetchFailure<'_>],
        provider: &dyn Provider,
        budget: &mut Budget,
    ) -> Fetched<Vec<u8>> {
        let Wanted { kind, digest, size, limit } = *wanted;
        if size > limit as u64 {
            let message = format!("the {kind} {digest} has {size} bytes; at most {limit} are accepted");
            return Fetched::Unusable(Failure::new(Code::ContentTooLarge, message));
        }
        // Bytes that are there prove themselves, whatever failed on the way.
        if let Some(value) = self.0.get(digest) {
            let paid = u32::try_from(size.div_ceil(1024)).map_or(u32::MAX, |kib| kib.max(1));
            let bytes = budget.spend(paid).and_then(|()| decode(value, wanted));
            return match bytes.and_then(|bytes| digest::check(&bytes, digest, provider).map(|()| bytes)) {
                Ok(bytes) => Fetched::Present(bytes),
                Err(failure) => Fetched::Unusable(failure),
            };
        }
        let failed = |failure: &&FetchFailure<'_>| failure.kind == kind && failure.digest.as_deref() == Some(digest);
        match failures.iter().find(failed) {
            Some(failure) => Fetched::Unavailable(told(failure)),
            None => Fetched::Missing,
        }
    }
}

/// What the host tells about a failed fetch.
pub(crate) fn told(failure: &FetchFailure<'_>) -> Failure {
    let code = Code::from_name(&failure.code).unwrap_or(Code::EvidenceInvalid);
    Failure::new(code, shown(&failure.message).to_string())
}

fn decode(value: &Value<'_>, wanted: &Wanted<'_>) -> Result<Vec<u8>, Failure> {
    let Wanted { kind, digest, size, .. } = *wanted;
    let text = value.as_str().ok_or_else(|| {
        Failure::new(Code::EvidenceInvalid, format!("the {kind} {digest} is {}, not a base64 string", value.kind()))
    })?;
    // Three bytes in four characters: a longer text is refused before memory is taken for it.
    let expected = size.div_ceil(3) * 4;
    let bytes = if text.len() as u64 == expected { STANDARD.decode(text).ok() } else { None };
    match bytes {
        Some(bytes) if bytes.len() as u64 == size => Ok(bytes),
        Some(_) => Err(wrong_size(wanted)),
        None if text.len() as u64 != expected && text.len() % 4 == 0 => Err(wrong_size(wanted)),
        None => Err(Failure::new(Code::EvidenceInvalid, format!("the {kind} {digest} is not padded standard base64"))),
    }
}

fn wrong_size(wanted: &Wanted<'_>) -> Failure {
    let Wanted { kind, digest, size, .. } = *wanted;
    Failure::new(
        Code::SizeMismatch,
        format!("the {kind} {digest} does not have the {size} bytes that its descriptor says"),
    )
}
