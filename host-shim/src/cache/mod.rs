//! What has been fetched and may be used again: contents by their digest, what names mean, and lists of referrers.
//!
//! Contents prove themselves, so that a poisoned cache could cost a denial and never admit. The right to see them proves nothing: they are kept by
//! repository, and who is answered from here has had the image or its list from that repository's registry with a credential of its own. What a name means
//! and what refers to an image prove nothing at all: they are kept by credential too, and for a short time. A
//! failure is given again to whoever asks in the next moment, and never kept.

mod contents;
mod shared;
mod told;

use std::time::Duration;

use wasm_policy::input::Descriptor;

pub use contents::{Content, content};
pub use shared::Fetch;
pub use told::Told;

use crate::{
    deadline::Deadline,
    listing::{Listing, WantedTypes},
    reference::{Digest, Reference},
};
use contents::Contents;
use wasm_policy::code::Failure;

/// Bytes that are kept for one call, more than it may fetch.
const ONE_CALL_BYTES: u64 = 64 << 20;
/// A call is over long before.
const ONE_CALL: Duration = Duration::from_hours(24);

/// With whose credentials something was fetched: one number for each set of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AsWhom(u64);

/// What has been fetched.
#[derive(Debug)]
pub struct Kept {
    contents: Contents,
    names: told::Cache<(AsWhom, Reference), Descriptor<'static>>,
    listings: told::Cache<(AsWhom, Repository, Digest, WantedTypes), Listing>,
}

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes in all.
    pub bytes: u64,
    /// How long it counts.
    pub lives: Lives,
}

/// How long the word of a registry counts: what a name means, and what refers to an image.
#[derive(Clone, Copy, Debug)]
pub struct Lives {
    /// From when it was asked for.
    pub told_for: Duration,
    /// That it could not be had.
    pub damped_for: Duration,
}

/// Where content is: registry and repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository {
    registry: String,
    name: String,
}

impl AsWhom {
    /// Who has the number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

impl Repository {
    /// That of an image.
    pub fn of(image: &Reference) -> Self {
        Self { registry: image.registry().to_owned(), name: image.repository().to_owned() }
    }
}

impl Kept {
    /// Nothing yet.
    pub fn new(bounds: Bounds) -> Self {
        let Bounds { bytes, lives } = bounds;
        // Contents are ten times as large as the rest of what is known of an image.
        Self {
            contents: Contents::new(bytes / 2),
            names: told::Cache::new(bytes / 4, lives, |(_, name), subject| {
                name.to_string().len() + subject.media_type.len() + subject.digest.len()
            }),
            listings: told::Cache::new(bytes / 4, lives, |(_, _, image, _), listing| {
                image.as_str().len() + listing.bytes()
            }),
        }
    }

    /// For one call, of which each thing is fetched once.
    pub fn for_one_call() -> Self {
        Self::new(Bounds { bytes: ONE_CALL_BYTES, lives: Lives { told_for: ONE_CALL, damped_for: Duration::ZERO } })
    }

    /// The content of that digest in a repository, fetched unless it is known; who asks while it is being fetched waits for it.
    pub async fn content(
        &self,
        repository: &Repository,
        digest: &Digest,
        deadline: Deadline,
        fetch: Fetch<'_, Vec<u8>>,
    ) -> Result<Content, Failure> {
        self.contents.get_or_fetch(repository, digest, deadline, fetch).await
    }

    /// What an image's name means.
    pub async fn subject(
        &self,
        as_whom: AsWhom,
        image: &Reference,
        deadline: Deadline,
        fetch: Fetch<'_, Descriptor<'static>>,
    ) -> Result<Told<Descriptor<'static>>, Failure> {
        self.names.get_or_fetch((as_whom, image.clone()), deadline, fetch, |_| true).await
    }

    /// What refers to an image. A list that is known to be incomplete is not kept.
    pub async fn listing(
        &self,
        as_whom: AsWhom,
        of: (&Repository, &Digest),
        wanted: &WantedTypes,
        deadline: Deadline,
        fetch: Fetch<'_, Listing>,
    ) -> Result<Told<Listing>, Failure> {
        let key = (as_whom, of.0.clone(), of.1.clone(), wanted.clone());
        self.listings.get_or_fetch(key, deadline, fetch, |listing| listing.incomplete.is_none()).await
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;
    use wasm_policy::code::Code;

    use super::*;
    use crate::testing::ample;

    #[tokio::test]
    async fn what_one_repository_holds_is_not_taken_for_what_another_does() {
        let kept = Kept::for_one_call();
        let digest: Digest = format!("sha256:{:064x}", 1).parse().unwrap();
        let private = Repository::of(&"r.example/team-a/private:v1".parse().unwrap());
        let fetch = || -> BoxFuture<'_, _> { Box::pin(async { Ok(b"secret".to_vec()) }) };
        assert!(kept.content(&private, &digest, ample(), &fetch).await.is_ok());
        // Who may list what refers to an image of his own can name any digest there.
        let absent = || -> BoxFuture<'_, _> { Box::pin(async { Err(Failure::new(Code::BlobNotFound, "")) }) };
        for other in ["r.example/team-b/app:v1", "other.example/team-a/private:v1"] {
            let other = Repository::of(&other.parse().unwrap());
            let had = kept.content(&other, &digest, ample(), &absent).await;
            assert_eq!(had.unwrap_err().code, Code::BlobNotFound);
        }
        assert!(kept.content(&private, &digest, ample(), &absent).await.is_ok());
    }

    #[tokio::test]
    async fn what_one_credential_was_told_is_not_said_to_another() {
        let kept = Kept::for_one_call();
        let image: Reference = "r.example/team-a/private:v1".parse().unwrap();
        let told = || -> BoxFuture<'_, _> {
            Box::pin(async {
                let (media_type, digest) = ("application/vnd.oci.image.manifest.v1+json", format!("sha256:{:064x}", 1));
                Ok(Descriptor { media_type: media_type.into(), digest: digest.into(), size: 1, artifact_type: None })
            })
        };
        let refused = || -> BoxFuture<'_, _> { Box::pin(async { Err(Failure::new(Code::RegistryForbidden, "")) }) };
        assert!(kept.subject(AsWhom::new(1), &image, ample(), &told).await.is_ok());
        assert!(kept.subject(AsWhom::new(1), &image, ample(), &refused).await.is_ok());
        let other = kept.subject(AsWhom::new(2), &image, ample(), &refused).await;
        assert_eq!(other.unwrap_err().code, Code::RegistryForbidden);
    }
}
