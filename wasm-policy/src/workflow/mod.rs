//! The main path: an input document becomes a verdict on each of its images.
//!
//! For each image: [`judge`] says what each verifier's trust policy asks of it, [`listing`] which referrers are looked at, [`group`] judges
//! them in waves by type, [`signature`] carries out the checks of one signature, [`image`] draws the conclusion, and [`report`] writes it down.

mod group;
mod image;
mod judge;
mod listing;
mod member;
mod report;
mod signature;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    code::Failure,
    crypto::Provider,
    evidence::Blobs,
    limits::Limits,
    request::{self, Request},
    text::Value,
    verdict::{API_VERSION, ImageVerdict, Module, Need, Verdict},
};

/// What every step of an evaluation may use.
pub(crate) struct Context<'c> {
    pub(crate) limits: &'c Limits,
    pub(crate) provider: &'c dyn Provider,
}

/// The verdict on a document that was read as text.
pub(crate) fn evaluate(document: &Value<'_>, context: &Context<'_>) -> Verdict {
    match Request::parse(document, context.limits) {
        Ok(request) => {
            let (images, needs) = judge_images(&request, context);
            verdict(request_id(document), images, needs)
        }
        Err(failure) => {
            let images = document.as_object().and_then(|root| root.get("images")?.as_object());
            let keys = images.into_iter().flat_map(|images| images.iter().map(|(key, _)| key.to_owned()));
            let refusal = refuse(keys, &failure, context.limits);
            let request_id = if refusal.images.is_empty() { None } else { request_id(document) };
            Verdict { request_id, ..refusal }
        }
    }
}

/// The same failure for each of the images that the document names, or a refusal of the document where it names none or too many.
pub(crate) fn refuse(keys: impl IntoIterator<Item = String>, failure: &Failure, limits: &Limits) -> Verdict {
    let mut images = BTreeMap::new();
    for key in keys {
        images.insert(key, ImageVerdict::refused(failure));
        if images.len() > limits.images {
            return Verdict::refusal(&request::too_many_images(limits));
        }
    }
    if images.is_empty() {
        return Verdict::refusal(failure);
    }
    verdict(None, images, BTreeSet::new())
}

fn judge_images(request: &Request<'_, '_>, context: &Context<'_>) -> (BTreeMap<String, ImageVerdict>, BTreeSet<Need>) {
    let blobs = Blobs::new(request.blobs);
    let mut bench = judge::Bench::new(request, context);
    let (mut images, mut needs) = (BTreeMap::new(), BTreeSet::new());
    for (key, evidence) in &request.images {
        let verdict = match evidence {
            Ok(evidence) => image::assess(key, evidence, &blobs, &mut bench, &mut needs),
            Err(failure) => ImageVerdict::refused(failure),
        };
        images.insert((*key).to_owned(), verdict);
    }
    (images, needs)
}

fn verdict(request_id: Option<String>, images: BTreeMap<String, ImageVerdict>, needs: BTreeSet<Need>) -> Verdict {
    Verdict {
        accepted: Some(Vec::new()),
        api_version: API_VERSION,
        error: None,
        images,
        module: Some(Module::THIS),
        needs: Some(needs.into_iter().collect()),
        request_id,
    }
}

fn request_id(document: &Value<'_>) -> Option<String> {
    request::request_id(document).ok().flatten().map(str::to_owned)
}
