//! One image's artifacts, wherever they are: the same four questions to a registry and to a layout.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::task::spawn_blocking;
use wasm_policy::{
    code::{Code, Failure},
    input::Descriptor,
};

use super::Access;
use crate::{
    allowance::Allowance,
    cache::{self, Content, Fetch, Told},
    layout::{Layout, LayoutError, Selected},
    listing::{Listing, WantedTypes},
    reference::{Digest, ImageSource, LayoutImage, Reference},
    registry::{MAX_BLOB_BYTES, Repository},
};

/// Where one image's artifacts are read from.
#[derive(Debug)]
pub(super) enum Artifacts<'r> {
    Registry {
        repository: Repository<'r>,
        image: Reference,
        access: Access<'r>,
    },
    Layout {
        layout: Arc<Layout>,
        selected: Selected,
    },
    /// A layout that cannot be read.
    Unreadable(Failure),
}

impl<'r> Artifacts<'r> {
    /// Opens a source, and names its image by its key in the contract.
    pub(super) async fn open(
        source: &ImageSource,
        access: Access<'r>,
        allowance: &Allowance,
    ) -> (String, Artifacts<'r>) {
        match source {
            ImageSource::Registry(image) => (image.to_string(), Self::in_registry(image, access)),
            ImageSource::Layout(image) => match open_layout(image, allowance).await {
                Ok((layout, selected)) => {
                    (image.key(Some(&selected.selector)), Self::Layout { layout: Arc::new(layout), selected })
                }
                Err(failure) => (image.key(None), Self::Unreadable(failure)),
            },
        }
    }

    /// Those of an image of a registry.
    pub(super) fn in_registry(image: &Reference, access: Access<'r>) -> Self {
        Self::Registry { repository: access.registries.repository(image), image: image.clone(), access }
    }

    /// The digest, where it is known before anything was asked.
    pub(super) fn known_digest(&self) -> Option<&Digest> {
        match self {
            Self::Registry { image, .. } => image.digest(),
            Self::Layout { .. } | Self::Unreadable(_) => None,
        }
    }

    /// What the image's name stands for.
    pub(super) async fn subject(&self, allowance: &Allowance) -> Result<Told<Descriptor<'static>>, Failure> {
        match self {
            Self::Registry { repository, image, access } => {
                let fetch =
                    || -> BoxFuture<'_, _> { Box::pin(async { Ok(repository.resolve(image, allowance).await?) }) };
                access.kept.subject(access.as_whom, image, allowance.deadline(), &fetch).await
            }
            Self::Layout { selected, .. } => Ok(Told::now(selected.subject.clone())),
            Self::Unreadable(failure) => Err(failure.clone()),
        }
    }

    /// What refers to the image.
    pub(super) async fn referrers(
        &self,
        image: &Digest,
        wanted: &WantedTypes,
        allowance: &Allowance,
    ) -> Result<Told<Listing>, Failure> {
        match self {
            Self::Registry { repository, image: name, access } => {
                let fetch = || -> BoxFuture<'_, _> {
                    Box::pin(async { Ok(repository.referrers(image, wanted, allowance).await?) })
                };
                let of = (&cache::Repository::of(name), image);
                access.kept.listing(access.as_whom, of, wanted, allowance.deadline(), &fetch).await
            }
            Self::Layout { layout, .. } => {
                let (layout, image, wanted) = (Arc::clone(layout), image.clone(), wanted.clone());
                read(allowance, move || layout.referrers(&image, &wanted)).await.map(Told::now)
            }
            Self::Unreadable(failure) => Err(failure.clone()),
        }
    }

    /// A referrer's manifest.
    pub(super) async fn manifest(&self, digest: &Digest, size: u64, allowance: &Allowance) -> Result<Content, Failure> {
        self.content(digest, allowance, &|| {
            Box::pin(async move {
                match self {
                    Self::Registry { repository, .. } => Ok(repository.manifest(digest, size, allowance).await?),
                    Self::Layout { layout, .. } => {
                        let (layout, digest) = (Arc::clone(layout), digest.clone());
                        counted(read(allowance, move || layout.manifest(&digest, size)).await??, allowance)
                    }
                    Self::Unreadable(failure) => Err(failure.clone()),
                }
            })
        })
        .await
    }

    /// A blob.
    pub(super) async fn blob(&self, digest: &Digest, size: u64, allowance: &Allowance) -> Result<Content, Failure> {
        self.content(digest, allowance, &|| {
            Box::pin(async move {
                match self {
                    Self::Registry { repository, .. } => Ok(repository.blob(digest, size, allowance).await?),
                    Self::Layout { layout, .. } => {
                        let (layout, digest) = (Arc::clone(layout), digest.clone());
                        counted(read(allowance, move || layout.blob(&digest, size, MAX_BLOB_BYTES)).await??, allowance)
                    }
                    Self::Unreadable(failure) => Err(failure.clone()),
                }
            })
        })
        .await
    }

    async fn content(
        &self,
        digest: &Digest,
        allowance: &Allowance,
        fetch: Fetch<'_, Vec<u8>>,
    ) -> Result<Content, Failure> {
        match self {
            Self::Registry { image, access, .. } => {
                access.kept.content(&cache::Repository::of(image), digest, allowance.deadline(), fetch).await
            }
            // What is on disk is not worth keeping.
            Self::Layout { .. } | Self::Unreadable(_) => Ok(cache::content(&fetch().await?)),
        }
    }
}

async fn open_layout(image: &LayoutImage, allowance: &Allowance) -> Result<(Layout, Selected), Failure> {
    let image = image.clone();
    let opened = read(allowance, move || -> Result<_, LayoutError> {
        let layout = Layout::open(image.path())?;
        let selected = layout.select(image.selector())?;
        Ok((layout, selected))
    });
    Ok(opened.await??)
}

/// Reads from disk on a thread of its own, and no longer than until the deadline: a network file system may hang.
async fn read<T: Send + 'static>(
    allowance: &Allowance,
    reading: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    match allowance.deadline().bound(spawn_blocking(reading)).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(Failure::new(Code::LayoutInvalid, format!("the layout could not be read: {error}"))),
        Err(_) => Err(Failure::new(Code::RegistryTimeout, "the layout could not be read before the deadline")),
    }
}

fn counted(bytes: Vec<u8>, allowance: &Allowance) -> Result<Vec<u8>, Failure> {
    match allowance.spend(bytes.len() as u64) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Failure::new(Code::FetchLimitReached, "the bytes for this call are used up")),
    }
}
