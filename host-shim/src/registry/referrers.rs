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
    places::Places,
    repository::{Question, digest_of_tagged},
    transport::{Answer, Limit, Redirects},
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

/// What one place says.
enum Found {
    Listing(Listing),
    /// It has neither the API nor the tag. Of a registry that is none; a mirror may only lack what it was never asked for.
    Nothing,
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
        let mut places = self.places(&asked, |serves| serves.referrers)?;
        let mut partial = None;
        loop {
            let has_others = places.has_others();
            let error = match self.referrers_at(&places, image, wanted, &asked, allowance).await {
                Ok(Found::Listing(listing)) if listing.incomplete.is_none() || !has_others => return Ok(listing),
                Ok(Found::Nothing) if !has_others => return Ok(Listing::default()),
                Ok(Found::Listing(listing)) => {
                    partial = Some(listing);
                    asked.failed(&places.current().host(), Reason::NotARegistry("its list breaks off".to_owned()))
                }
                Ok(Found::Nothing) => {
                    asked.failed(&places.current().host(), Reason::NotARegistry("it has no list".to_owned()))
                }
                Err(error) => error,
            };
            if let Err(error) = places.pass_over(error, allowance) {
                return partial.ok_or(error);
            }
        }
    }

    async fn referrers_at(
        &self,
        places: &Places<'_>,
        image: &Digest,
        wanted: &WantedTypes,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Found, FetchError> {
        let allowance = &places.share(allowance);
        let origin = places.current().origin();
        let is_remembered = self.registries.without_referrers.contains_key(&origin);
        if is_remembered && let Found::Listing(listing) = self.fallback(places, image, wanted, asked, allowance).await?
        {
            return Ok(Found::Listing(listing));
        }
        // Only the registry itself may say that there is nothing: what is remembered may have been the word of something before it.
        let mut url = places.current().url(&self.name, &format!("referrers/{image}"));
        if let Some(artifact_type) = wanted.only() {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let first = self.list(places, url.clone(), Redirects::Refused, asked, allowance).await?;
        match lack(&first) {
            None => self.pages(places, url, &first, wanted, asked, allowance).await.map(Found::Listing),
            Some(lack) => {
                if lack == Lack::OfTheApi {
                    self.registries.without_referrers.insert(origin, ());
                }
                // The tag has just been asked for.
                if is_remembered {
                    return Ok(Found::Nothing);
                }
                self.fallback(places, image, wanted, asked, allowance).await
            }
        }
    }

    /// Follows the pages of a list. Every page must come from the place's own origin: a `Link` elsewhere would carry our token there.
    async fn pages(
        &self,
        places: &Places<'_>,
        url: Url,
        first: &Answer,
        wanted: &WantedTypes,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Listing, FetchError> {
        let mut listing = Listing::default();
        let mut next = add_page(&mut listing, &url, first, wanted, asked)?;
        let mut seen = BTreeSet::from([url]);
        while let Some(url) = next.take()
            && !listing.is_full()
        {
            let following = if seen.len() >= MAX_PAGES {
                Err(asked.failed(&first.host, Reason::TooManyPages { limit: MAX_PAGES }))
            } else if seen.insert(url.clone()) {
                match self.list(places, url.clone(), Redirects::Refused, asked, allowance).await {
                    Ok(page) => add_page(&mut listing, &url, &page, wanted, asked),
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

    /// Asks for a page of the list, or for the whole of it that is kept under a tag.
    async fn list(
        &self,
        places: &Places<'_>,
        url: Url,
        redirects: Redirects,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let limit = Limit::Accepted(MAX_PAGE_BYTES);
        let question = Question { url, accept: INDEX_MEDIA_TYPE, limit, redirects, tries: places.tries() };
        self.send(places.current(), question, asked, allowance).await
    }

    /// The list that clients keep under a tag. It proves nothing of what it lists, and a tag that is not there means that nobody listed anything.
    async fn fallback(
        &self,
        places: &Places<'_>,
        image: &Digest,
        wanted: &WantedTypes,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Found, FetchError> {
        let url = places.current().url(&self.name, &format!("manifests/{}", listing::fallback_tag(image)));
        let answer = self.list(places, url.clone(), Redirects::Followed, asked, allowance).await?;
        let is_nothing = answer.status == StatusCode::NOT_FOUND
            // A storage that has lost what the registry says is there has not said that there is none.
            && answer.host == places.current().host()
            && said(&answer).is_none_or(|said| said.code != "NAME_UNKNOWN");
        if is_nothing {
            return Ok(Found::Nothing);
        }
        digest_of_tagged(&answer, asked)?;
        let mut listing = Listing::default();
        add_page(&mut listing, &url, &answer, wanted, asked)?;
        Ok(Found::Listing(listing))
    }
}

/// What an answer that is no list says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// The registry has no such API.
    OfTheApi,
    /// It may have: it knows nothing of this image, for which the specification has an empty list, or its answer is that of something in between.
    OfThisAnswer,
}

/// Whether an answer says that there is no list, rather than something about the repository.
fn lack(answer: &Answer) -> Option<Lack> {
    match answer.status {
        StatusCode::NOT_FOUND => match said(answer).map(|said| said.code).as_deref() {
            Some("NAME_UNKNOWN") => None,
            Some("MANIFEST_UNKNOWN" | "BLOB_UNKNOWN" | "NOT_FOUND") => Some(Lack::OfThisAnswer),
            _ => Some(Lack::OfTheApi),
        },
        StatusCode::METHOD_NOT_ALLOWED => Some(Lack::OfTheApi),
        status if status.is_success() && answer.content_type() != Some(INDEX_MEDIA_TYPE) => Some(Lack::OfThisAnswer),
        _ => None,
    }
}

fn said(answer: &Answer) -> Option<RegistryWords> {
    RegistryWords::read(&answer.body)
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
