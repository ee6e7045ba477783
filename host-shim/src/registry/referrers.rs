//! The referrers of an image: the referrers API, and the fallback tag where a registry lacks it (OCI distribution specification, "Listing Referrers").
//!
//! Only a true "there are none" is an empty list. Every other answer, and a list that breaks off, is a failure with its own code.

use std::collections::BTreeSet;

use http::StatusCode;
use serde::Deserialize;
use url::Url;
use wasm_policy::text::shown;

use super::{
    Repository,
    error::{Asked, FetchError, Reason, RegistryWords},
    link, manifest,
    transport::{Answer, Limit, Redirects, Request},
};
use crate::{
    allowance::Allowance,
    listing::{self, INDEX_MEDIA_TYPE, Listing, WantedTypes},
    reference::Digest,
};

/// Bytes of a page, as of a manifest: registries keep it as one.
const MAX_PAGE_BYTES: u64 = 4 << 20;
/// Pages of a list. With the 20 entries that the smallest pages hold in practice, they hold as many entries as are looked at.
const MAX_PAGES: usize = 50;

/// A page of the list. `manifests` may be null where there are none, as Go writes an empty list.
#[derive(Deserialize)]
struct Page {
    manifests: Option<Vec<oci_spec::image::Descriptor>>,
}

impl Repository<'_> {
    /// Lists the referrers that may be of a wanted type.
    ///
    /// A list of which only the first pages could be had says so ([`Listing::incomplete`]).
    ///
    /// # Errors
    /// Where not even the first page could be had.
    pub async fn referrers(
        &self,
        image: &Digest,
        wanted: &WantedTypes,
        allowance: &Allowance,
    ) -> Result<Listing, FetchError> {
        let asked = Asked::Referrers { repository: self.name.clone(), image: image.clone() };
        let mut url = self.url(&asked, &format!("referrers/{image}"))?;
        if let Some(artifact_type) = wanted.only() {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let first = self.page(url.clone(), &asked, allowance).await?;
        if lacks_the_api(&first) {
            return self.fallback(image, wanted, &asked, allowance).await;
        }
        let mut listing = Listing::default();
        let mut next = add_page(&mut listing, &url, &first, wanted, &asked)?;
        let mut seen = BTreeSet::from([url]);
        while let Some(url) = next.take()
            && !listing.is_full()
        {
            let following = if seen.len() >= MAX_PAGES {
                Err(asked.failed(&first.host, Reason::TooManyPages { limit: MAX_PAGES }))
            } else if seen.insert(url.clone()) {
                match self.page(url.clone(), &asked, allowance).await {
                    Ok(page) => add_page(&mut listing, &url, &page, wanted, &asked),
                    Err(error) => Err(error),
                }
            } else {
                Err(asked.failed(&first.host, Reason::NotARegistry("its pages lead back to an earlier one".to_owned())))
            };
            match following {
                Ok(following) => next = following,
                Err(error) => listing.incomplete = Some(error.into()),
            }
        }
        Ok(listing)
    }

    async fn page(&self, url: Url, asked: &Asked, allowance: &Allowance) -> Result<Answer, FetchError> {
        let limit = Limit::Accepted(MAX_PAGE_BYTES);
        let request = Request { url, accept: INDEX_MEDIA_TYPE, asked, limit, redirects: Redirects::Refused };
        self.registries.transport.get(request, allowance).await
    }

    /// The list that clients keep under a tag. It proves nothing of what it lists, and a tag that is not there means that nobody listed anything.
    async fn fallback(
        &self,
        image: &Digest,
        wanted: &WantedTypes,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Listing, FetchError> {
        let url = self.url(asked, &format!("manifests/{}", listing::fallback_tag(image)))?;
        let limit = Limit::Accepted(MAX_PAGE_BYTES);
        let request =
            Request { url: url.clone(), accept: INDEX_MEDIA_TYPE, asked, limit, redirects: Redirects::Followed };
        let answer = self.registries.transport.get(request, allowance).await?;
        let mut listing = Listing::default();
        if answer.status == StatusCode::NOT_FOUND && !is_name_unknown(&answer) {
            return Ok(listing);
        }
        self.digest_of_tagged(&answer, asked)?;
        add_page(&mut listing, &url, &answer, wanted, asked)?;
        Ok(listing)
    }
}

/// Whether an answer says that there is no such API, rather than something about the image.
fn lacks_the_api(answer: &Answer) -> bool {
    match answer.status {
        StatusCode::NOT_FOUND => !is_name_unknown(answer),
        StatusCode::METHOD_NOT_ALLOWED => true,
        status if status.is_success() => answer.content_type() != Some(INDEX_MEDIA_TYPE),
        _ => false,
    }
}

fn is_name_unknown(answer: &Answer) -> bool {
    RegistryWords::read(&answer.body).is_some_and(|said| said.code == "NAME_UNKNOWN")
}

/// Adds the entries of a page, and says where the next one is.
fn add_page(
    listing: &mut Listing,
    url: &Url,
    answer: &Answer,
    wanted: &WantedTypes,
    asked: &Asked,
) -> Result<Option<Url>, FetchError> {
    if answer.status != StatusCode::OK {
        return Err(answer.refused(asked));
    }
    let not_a_registry = |reason: String| asked.failed(&answer.host, Reason::NotARegistry(reason));
    manifest::media_type(answer, &[INDEX_MEDIA_TYPE]).map_err(not_a_registry)?;
    let page: Page = serde_json::from_slice(&answer.body)
        .map_err(|error| not_a_registry(format!("the list is not well-formed ({})", shown(&error.to_string()))))?;
    for entry in page.manifests.iter().flatten() {
        listing.add(listing::descriptor(entry), wanted);
    }
    // What comes after a page that was read is another matter: the page counts.
    match link::next_page(url, &answer.headers) {
        Ok(next) => Ok(next),
        Err(reason) => {
            listing.incomplete = Some(not_a_registry(reason).into());
            Ok(None)
        }
    }
}
