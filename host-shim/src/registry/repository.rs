//! One repository: what its tags mean, and the content of what has a digest.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT};
use url::Url;
use wasm_policy::input::Descriptor;

use super::{
    Registries,
    auth::Authorized,
    endpoint::{Endpoint, Serves},
    error::{Asked, FetchError, Reason},
    manifest,
    places::Places,
    transport::{Answer, Limit, Redirects, Request, Tries, Way},
};
use crate::{
    allowance::Allowance,
    listing::IMAGE_MEDIA_TYPES,
    reference::{Algorithm, Digest, Reference},
};

/// Bytes of a manifest or index; registries accept no larger ones (OCI distribution specification, "Pushing Manifests").
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Bytes of a blob that is fetched: a signature envelope, which with a chain of certificates has some 10,000.
pub const MAX_BLOB_BYTES: u64 = 32 << 20;

pub(super) const DIGEST_HEADER: &str = "docker-content-digest";

/// A repository of a registry.
#[derive(Debug)]
pub struct Repository<'r> {
    pub(super) registries: &'r Registries,
    /// As images are named.
    pub(super) registry: String,
    pub(super) name: String,
    /// The places that are asked, in order; or why there is none.
    pub(super) endpoints: Result<Vec<Endpoint>, String>,
}

impl<'r> Repository<'r> {
    pub(super) fn new(registries: &'r Registries, image: &Reference) -> Self {
        Self {
            registries,
            registry: image.registry().to_owned(),
            name: image.repository().to_owned(),
            endpoints: registries.endpoints.of(image.registry()),
        }
    }

    /// Finds out what a tag or digest is. From then on only the digest counts, so that nobody can move the tag in between.
    ///
    /// It is a GET and not a HEAD: the digest is of the bytes, and not only what a header says, and the answer is the same single request.
    ///
    /// # Errors
    /// Where there is no such image, or it could not be told.
    pub async fn resolve(&self, image: &Reference, allowance: &Allowance) -> Result<Descriptor<'static>, FetchError> {
        let name = match (image.digest(), image.tag()) {
            (Some(digest), _) => digest.as_str(),
            (None, tag) => tag.unwrap_or_default(),
        };
        let asked = Asked::Image { repository: self.name.clone(), name: name.to_owned() };
        let mut places = match image.digest() {
            Some(_) => self.places(&asked, |serves| serves.content)?,
            None => self.places(&asked, |serves| serves.names)?,
        };
        loop {
            match self.resolve_at(&places, &asked, name, image.digest(), allowance).await {
                Ok(descriptor) => return Ok(descriptor),
                Err(error) => places.pass_over(error, allowance)?,
            }
        }
    }

    async fn resolve_at(
        &self,
        places: &Places<'_>,
        asked: &Asked,
        name: &str,
        digest: Option<&Digest>,
        allowance: &Allowance,
    ) -> Result<Descriptor<'static>, FetchError> {
        let answer = self.document(places, asked, name, Limit::Accepted(MAX_MANIFEST_BYTES), allowance).await?;
        let media_type = media_type(&answer, asked)?;
        let digest = match digest {
            Some(digest) => check_digest(&answer, digest, asked).map(|()| digest.clone()),
            None => digest_of_tagged(&answer, asked),
        }?;
        Ok(Descriptor {
            media_type: Cow::Borrowed(media_type),
            digest: Cow::Owned(digest.to_string()),
            size: answer.body.len() as u64,
            artifact_type: None,
        })
    }

    /// The bytes of a referrer's manifest of that size.
    ///
    /// # Errors
    /// Where they could not be had, or are not what digest and size say.
    pub async fn manifest(&self, digest: &Digest, size: u64, allowance: &Allowance) -> Result<Vec<u8>, FetchError> {
        let asked = Asked::Manifest { repository: self.name.clone(), digest: digest.clone() };
        let mut places = self.places(&asked, |serves| serves.content)?;
        let limit = self.declared(&asked, size, MAX_MANIFEST_BYTES)?;
        loop {
            let read = match self.document(&places, &asked, digest.as_str(), limit, allowance).await {
                // A page in HTML is told as such, and not as bytes that were altered.
                Ok(answer) => {
                    media_type(&answer, &asked).and_then(|_| check(&answer, digest, size, &asked)).map(|()| answer.body)
                }
                Err(error) => Err(error),
            };
            match read {
                Ok(bytes) => return Ok(bytes),
                Err(error) => places.pass_over(error, allowance)?,
            }
        }
    }

    /// The bytes of a blob of that size.
    ///
    /// # Errors
    /// Where they could not be had, or are not what digest and size say.
    pub async fn blob(&self, digest: &Digest, size: u64, allowance: &Allowance) -> Result<Vec<u8>, FetchError> {
        let asked = Asked::Blob { repository: self.name.clone(), digest: digest.clone() };
        let mut places = self.places(&asked, |serves| serves.content)?;
        let limit = self.declared(&asked, size, MAX_BLOB_BYTES)?;
        loop {
            let place = places.current();
            let url = place.url(&self.name, &format!("blobs/{digest}"));
            let question =
                Question { url, accept: "*/*", limit, redirects: Redirects::Followed, tries: places.tries() };
            let read = match self.send(place, question, &asked, &places.share(allowance)).await {
                Ok(answer) if answer.status == StatusCode::OK => {
                    check(&answer, digest, size, &asked).map(|()| answer.body)
                }
                Ok(answer) => Err(answer.refused(&asked)),
                Err(error) => Err(error),
            };
            match read {
                Ok(bytes) => return Ok(bytes),
                Err(error) => places.pass_over(error, allowance)?,
            }
        }
    }

    /// A manifest or index, of whichever kind. Registries take an absent or general `Accept` for one that knows no OCI types.
    async fn document(
        &self,
        places: &Places<'_>,
        asked: &Asked,
        name: &str,
        limit: Limit,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let place = places.current();
        let url = place.url(&self.name, &format!("manifests/{name}"));
        let accept = IMAGE_MEDIA_TYPES.join(", ");
        let question = Question { url, accept: &accept, limit, redirects: Redirects::Followed, tries: places.tries() };
        let answer = self.send(place, question, asked, &places.share(allowance)).await?;
        if answer.status == StatusCode::OK { Ok(answer) } else { Err(answer.refused(asked)) }
    }

    /// Asks one place, and logs in there where it asks for it.
    pub(super) async fn send(
        &self,
        place: &Endpoint,
        question: Question<'_>,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let Question { url, accept, limit, redirects, tries } = question;
        let mut headers: HeaderMap = place.headers().clone();
        if let Ok(accept) = HeaderValue::from_str(accept) {
            headers.insert(ACCEPT, accept);
        }
        let connection = place.connection();
        let request = Request { url, form: None, headers, connection, way: Way::Own, asked, limit, redirects, tries };
        let Registries { transport, keychain, sessions, trusted_realms, .. } = self.registries;
        let repository = &place.repository(&self.name);
        let authorized = Authorized { transport, keychain, sessions, trusted_realms, endpoint: place, repository };
        // On the heap, since a login is seldom and large.
        Box::pin(authorized.send(&request, allowance)).await
    }

    /// The places to ask for something.
    pub(super) fn places(&self, asked: &Asked, serve: impl Fn(Serves) -> bool) -> Result<Places<'_>, FetchError> {
        let endpoints = self.endpoints.as_ref();
        let endpoints =
            endpoints.map_err(|reason| asked.failed(&self.registry, Reason::Unreachable(reason.clone())))?;
        Places::of(self.registries, endpoints, serve, asked, &self.registry)
    }

    /// A size that a descriptor declares is a limit, where it is within ours.
    fn declared(&self, asked: &Asked, size: u64, accepted: u64) -> Result<Limit, FetchError> {
        if size > accepted {
            return Err(asked.failed(&self.registry, Reason::TooLarge { limit: accepted, declared: false }));
        }
        Ok(Limit::Declared(size))
    }
}

/// What is asked of a place.
pub(super) struct Question<'q> {
    pub(super) url: Url,
    pub(super) accept: &'q str,
    pub(super) limit: Limit,
    pub(super) redirects: Redirects,
    pub(super) tries: Tries,
}

/// The digest of what a tag names: the one that the registry says, if the bytes are its bytes.
pub(super) fn digest_of_tagged(answer: &Answer, asked: &Asked) -> Result<Digest, FetchError> {
    let Some(header) = answer.headers.get(DIGEST_HEADER) else {
        return Ok(Digest::of(Algorithm::Sha256, &answer.body));
    };
    let digest = header.to_str().ok().and_then(|header| header.parse().ok()).ok_or_else(|| {
        asked.failed(&answer.host, Reason::NotARegistry(format!("its header {DIGEST_HEADER} holds no digest")))
    })?;
    check_digest(answer, &digest, asked)?;
    Ok(digest)
}

fn media_type(answer: &Answer, asked: &Asked) -> Result<&'static str, FetchError> {
    manifest::media_type(answer, &IMAGE_MEDIA_TYPES)
        .map_err(|reason| asked.failed(&answer.host, Reason::NotARegistry(reason)))
}

/// Whether the bytes of an answer are what digest and size say.
fn check(answer: &Answer, digest: &Digest, size: u64, asked: &Asked) -> Result<(), FetchError> {
    check_size(answer, size, asked)?;
    check_digest(answer, digest, asked)
}

fn check_digest(answer: &Answer, digest: &Digest, asked: &Asked) -> Result<(), FetchError> {
    if digest.names(&answer.body) {
        return Ok(());
    }
    let reason = format!("the bytes of the answer do not hash to {digest}");
    Err(asked.failed(&answer.host, Reason::Altered(reason)))
}

fn check_size(answer: &Answer, size: u64, asked: &Asked) -> Result<(), FetchError> {
    let length = answer.body.len() as u64;
    if length == size {
        return Ok(());
    }
    let reason = format!("the answer has {length} bytes, and its descriptor says {size}");
    Err(asked.failed(&answer.host, Reason::Altered(reason)))
}

impl fmt::Display for Repository<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.name)
    }
}
