//! A client of registries that pulls only (OCI distribution specification 1.1): tag to digest, referrers, manifests, blobs.
//!
//! It is our own, since no general client gives what this place needs: a bound on every byte string and list that a hostile registry sends, one deadline
//! passed down through all that waits, redirects and pages that are judged one by one before they are followed, errors that keep "there is none" apart
//! from "I could not ask", and one place where a request is made, so that a credential cannot take another way.
//! reqwest is underneath, and the types of documents are those of `oci-spec`.

mod address;
pub mod credentials;
mod error;
pub mod hosts;
mod link;
mod manifest;
mod redirect;
mod referrers;
#[cfg(test)]
mod tests;
mod tls;
mod transport;

use std::{borrow::Cow, collections::BTreeSet, fmt, path::PathBuf};

use http::StatusCode;
use url::Url;
use wasm_policy::input::Descriptor;

pub use error::{CaFileError, FetchError};

use crate::{
    allowance::Allowance,
    listing::IMAGE_MEDIA_TYPES,
    reference::{Algorithm, Digest, Reference},
};
use error::{Asked, Reason};
use transport::{Answer, Limit, Redirects, Request, Transport};

/// Bytes of a manifest or index; registries accept no larger ones (OCI distribution specification, "Pushing Manifests").
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Bytes of a blob that is fetched: a signature envelope, which with a chain of certificates has some 10,000.
pub const MAX_BLOB_BYTES: u64 = 32 << 20;

/// Docker Hub's API is at another host than its images are named after.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");
const DIGEST_HEADER: &str = "docker-content-digest";

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// PEM files of CAs that are trusted beside those of the system.
    pub ca_files: Vec<PathBuf>,
    /// Which registries have no TLS.
    pub plain_http: PlainHttp,
}

/// Which registries are spoken to over plain HTTP. Nothing falls back to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// None.
    #[default]
    Never,
    /// All.
    Always,
    /// Those of these hosts, with their ports as in references.
    Hosts(BTreeSet<String>),
}

/// The registries of the world.
#[derive(Debug)]
pub struct Registries {
    transport: Transport,
    plain_http: PlainHttp,
}

/// A repository of one of them.
#[derive(Debug)]
pub struct Repository<'r> {
    registries: &'r Registries,
    /// The host that is asked.
    host: String,
    name: String,
    scheme: &'static str,
}

impl Registries {
    /// # Errors
    /// Where a CA file cannot be used.
    pub fn new(options: &RegistryOptions) -> Result<Self, CaFileError> {
        Ok(Self { transport: Transport::new(&options.ca_files)?, plain_http: options.plain_http.clone() })
    }

    /// The repository of an image.
    pub fn repository(&self, image: &Reference) -> Repository<'_> {
        let host = if image.registry() == DOCKER_HUB.0 { DOCKER_HUB.1 } else { image.registry() };
        let is_plain = match &self.plain_http {
            PlainHttp::Never => false,
            PlainHttp::Always => true,
            PlainHttp::Hosts(hosts) => hosts.contains(image.registry()),
        };
        Repository {
            registries: self,
            host: host.to_owned(),
            name: image.repository().to_owned(),
            scheme: if is_plain { "http" } else { "https" },
        }
    }
}

impl Repository<'_> {
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
        let answer = self.document(&asked, name, Limit::Accepted(MAX_MANIFEST_BYTES), allowance).await?;
        let media_type = manifest::media_type(&answer, &IMAGE_MEDIA_TYPES)
            .map_err(|reason| asked.failed(&answer.host, Reason::NotARegistry(reason)))?;
        let digest = match image.digest() {
            Some(digest) => {
                check_digest(&answer, digest, &asked)?;
                digest.clone()
            }
            None => self.digest_of_tagged(&answer, &asked)?,
        };
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
        let limit = self.declared(&asked, size, MAX_MANIFEST_BYTES)?;
        let answer = self.document(&asked, digest.as_str(), limit, allowance).await?;
        manifest::media_type(&answer, &IMAGE_MEDIA_TYPES)
            .map_err(|reason| asked.failed(&answer.host, Reason::NotARegistry(reason)))?;
        check_size(&answer, size, &asked)?;
        check_digest(&answer, digest, &asked)?;
        Ok(answer.body)
    }

    /// The bytes of a blob of that size.
    ///
    /// # Errors
    /// Where they could not be had, or are not what digest and size say.
    pub async fn blob(&self, digest: &Digest, size: u64, allowance: &Allowance) -> Result<Vec<u8>, FetchError> {
        let asked = Asked::Blob { repository: self.name.clone(), digest: digest.clone() };
        let limit = self.declared(&asked, size, MAX_BLOB_BYTES)?;
        let url = self.url(&asked, &format!("blobs/{digest}"))?;
        let request = Request { url, accept: "*/*", asked: &asked, limit, redirects: Redirects::Followed };
        let answer = self.registries.transport.get(request, allowance).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.refused(&asked));
        }
        check_size(&answer, size, &asked)?;
        check_digest(&answer, digest, &asked)?;
        Ok(answer.body)
    }

    /// A manifest or index, of whichever kind. Registries take an absent or general `Accept` for one that knows no OCI types.
    async fn document(
        &self,
        asked: &Asked,
        name: &str,
        limit: Limit,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let url = self.url(asked, &format!("manifests/{name}"))?;
        let accept = IMAGE_MEDIA_TYPES.join(", ");
        let request = Request { url, accept: &accept, asked, limit, redirects: Redirects::Followed };
        let answer = self.registries.transport.get(request, allowance).await?;
        if answer.status == StatusCode::OK { Ok(answer) } else { Err(answer.refused(asked)) }
    }

    /// The digest of what a tag names: the one that the registry says, if the bytes are its bytes.
    fn digest_of_tagged(&self, answer: &Answer, asked: &Asked) -> Result<Digest, FetchError> {
        let Some(header) = answer.headers.get(DIGEST_HEADER) else {
            return Ok(Digest::of(Algorithm::Sha256, &answer.body));
        };
        let digest = header.to_str().ok().and_then(|header| header.parse().ok()).ok_or_else(|| {
            asked.failed(&self.host, Reason::NotARegistry(format!("its header {DIGEST_HEADER} holds no digest")))
        })?;
        check_digest(answer, &digest, asked)?;
        Ok(digest)
    }

    /// A size that a descriptor declares is a limit, where it is within ours.
    fn declared(&self, asked: &Asked, size: u64, accepted: u64) -> Result<Limit, FetchError> {
        if size > accepted {
            return Err(asked.failed(&self.host, Reason::TooLarge { limit: accepted, declared: false }));
        }
        Ok(Limit::Declared(size))
    }

    fn url(&self, asked: &Asked, path: &str) -> Result<Url, FetchError> {
        let url = format!("{}://{}/v2/{}/{path}", self.scheme, self.host, self.name);
        Url::parse(&url)
            .map_err(|error| asked.failed(&self.host, Reason::Unreachable(format!("the host is none ({error})"))))
    }
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
        write!(f, "{}/{}", self.host, self.name)
    }
}
