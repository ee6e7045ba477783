//! The needs loop: turns names of images into an input document that a verdict can be drawn from, and the verdict.
//!
//! What to fetch is not decided here. The verdict lists what it needs; it is fetched, or noted as a failure with its code, and the verdict is asked
//! for again. Nothing here looks into a signature.

mod artifacts;
mod ask;
mod image;
mod needs;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::join_all;
use thiserror::Error;
use tokio::time::Instant;
use wasm_policy::input::{Config, ImageEvidence};

use crate::{
    allowance::{Allowance, ByteBudget, Spent},
    cache::{AsWhom, Content, Kept},
    deadline::Deadline,
    engine::{Engine, Judgement, ModuleDigest},
    reference::{Digest, ImageSource, Reference},
    registry::Registries,
};
use artifacts::Artifacts;
use ask::{Asker, input_of, to_json};
use image::Image;

/// Bytes that one call fetches for all of its images: some 1,000 images with a signature of 10,000 bytes each.
pub const MAX_BYTES: u64 = 16 << 20;

/// What is asked about the images.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// Whom to trust for what.
    pub config: &'q Config,
    /// The time of the verdict, `YYYY-MM-DDThh:mm:ss[.f]Z`.
    pub now: &'q str,
    /// Echoed in the verdict.
    pub request_id: Option<&'q str>,
}

/// From where artifacts are had.
#[derive(Clone, Copy, Debug)]
pub struct Access<'r> {
    /// Where they are, and what to log in with.
    pub registries: &'r Registries,
    /// What has been fetched already.
    pub kept: &'r Kept,
    /// Whose credentials those of `registries` are.
    pub as_whom: AsWhom,
}

/// The evidence for some images, and the verdict on them.
#[derive(Debug)]
pub struct Gathered {
    /// The input document as JSON, as it was put before the engine: the verdict can be drawn from it again at any time.
    pub input: Vec<u8>,
    /// The verdict document, as the engine wrote it. Where the engine cannot be asked, one that says so.
    pub verdict: Vec<u8>,
    /// The module that gave this verdict, where a module did.
    pub module: Option<ModuleDigest>,
    /// One for each source, in their order.
    pub images: Vec<GatheredImage>,
}

/// One of the images that were asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatheredImage {
    /// Its key in the input and in the verdict.
    pub key: String,
    /// What it has cost.
    pub spent: Spent,
}

/// Why nothing was gathered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GatherError {
    /// Two layouts whose folders have one name, or a layout named as another image.
    #[error("two of the images would both be called {0} in the verdict: ask about them in separate calls")]
    SameKey(String),
}

/// Told the key of each image as soon as the evidence for it is complete.
pub type Progress<'p> = &'p (dyn Fn(&str) + Sync);

/// Gathers the evidence for images, and asks for the verdict on them.
///
/// What cannot be fetched is a failure in the input and shows in the verdict; one image's failure is not another's. At the deadline what is still
/// needed becomes a failure, and the verdict is drawn from what there is; a few seconds later nobody waits for an engine any more.
///
/// # Errors
/// Where the images could not be told apart in the verdict.
pub async fn gather(
    sources: &[ImageSource],
    question: Question<'_>,
    access: Access<'_>,
    engine: Arc<dyn Engine>,
    deadline: Deadline,
    progress: Progress<'_>,
) -> Result<Gathered, GatherError> {
    let (budget, asker) = (ByteBudget::new(MAX_BYTES), Asker::new(engine, deadline));
    let opening = sources.iter().map(async |source| {
        let allowance = Allowance::new(deadline, &budget);
        let (key, artifacts) = Artifacts::open(source, access, &allowance).await;
        Image::new(key, artifacts, allowance)
    });
    let (keys, mut images) = tell_apart(sources, join_all(opening).await)?;

    join_all(images.values_mut().map(async |image| {
        image.gather(&question, &asker, &|_| None::<()>).await;
        tracing::debug!(image = %image.key, spent = ?image.allowance.spent(), "gathered");
        progress(&image.key);
    }))
    .await;

    let input = to_json(&input_of(&question, images.values()));
    let judgement = match (images.len(), images.values_mut().find_map(|image| image.judgement.take())) {
        // The only image's last verdict is on this very document.
        (1, Some(judgement)) => judgement,
        _ => asker.verdict_of(input.clone(), &question, images.keys().map(String::as_str)).await,
    };
    let Judgement { verdict, module } = judgement;
    let spent = |key: &str| images.get(key).map(|image| image.allowance.spent()).unwrap_or_default();
    let images = keys.into_iter().map(|key| GatheredImage { spent: spent(&key), key }).collect();
    Ok(Gathered { input, verdict, module, images })
}

/// What came of gathering for one image of a registry.
#[derive(Debug)]
pub enum Outcome<T> {
    /// The verdict was known already, and since when what the registry has told may have changed.
    Known(T, Option<Instant>),
    /// It was asked for.
    Judged(Judged),
}

/// The evidence for one image, and the verdict on it.
#[derive(Debug)]
pub struct Judged {
    /// The verdict, and who gave it.
    pub judgement: Judgement,
    /// What was found out.
    pub evidence: ImageEvidence<'static>,
    /// The manifests and blobs that were fetched.
    pub contents: BTreeMap<Digest, Content>,
    /// Since when what the registry has told may have changed.
    pub told: Option<Instant>,
}

/// As [`gather`], for one image: its verdict may be known already, once it is known what it is and what refers to it.
pub async fn gather_one<T>(
    image: &Reference,
    question: Question<'_>,
    access: Access<'_>,
    engine: Arc<dyn Engine>,
    allowance: Allowance,
    recall: &(dyn Fn(&ImageEvidence<'_>) -> Option<T> + Sync),
) -> Outcome<T> {
    let asker = Asker::new(engine, allowance.deadline());
    let mut gathered = Image::new(image.to_string(), Artifacts::in_registry(image, access), allowance);
    if let Some(known) = gathered.gather(&question, &asker, recall).await {
        return Outcome::Known(known, gathered.told);
    }
    let judgement = match gathered.judgement.take() {
        Some(judgement) => judgement,
        None => asker.verdict_on(&question, &gathered).await,
    };
    let Image { evidence, contents, told, .. } = gathered;
    Outcome::Judged(Judged { judgement, evidence, contents, told })
}

/// The keys in the order of the sources, and the images by their keys; one that is named twice is one.
fn tell_apart<'r>(
    sources: &[ImageSource],
    opened: Vec<Image<'r>>,
) -> Result<(Vec<String>, BTreeMap<String, Image<'r>>), GatherError> {
    let keys: Vec<_> = opened.iter().map(|image| image.key.clone()).collect();
    let mut owners: BTreeMap<&str, &ImageSource> = BTreeMap::new();
    for (key, source) in keys.iter().zip(sources) {
        if owners.insert(key, source).is_some_and(|owner| owner != source) {
            return Err(GatherError::SameKey(key.clone()));
        }
    }
    Ok((keys, opened.into_iter().map(|image| (image.key.clone(), image)).collect()))
}
