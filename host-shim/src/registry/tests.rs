//! The client against a server that misbehaves: other bytes than asked for, lying sizes, endless lists, errors of every kind, redirects. Each has its exact code.

mod discovery;
mod fetching;
mod logins;
mod mirrors;
mod proxies;
mod realms;
mod refusals;
mod refusing;
mod retries;
mod tls;
mod turns;

use std::{fmt, path::PathBuf};

use wasm_policy::{code::Code, input::Descriptor};

use super::{repository::DIGEST_HEADER, *};
use crate::{
    allowance::Allowance,
    deadline::Deadline,
    listing::{IMAGE_MEDIA_TYPES, INDEX_MEDIA_TYPE, Listing, WantedTypes},
    reference::{Algorithm, Digest},
    testing::{
        allowance, ample,
        registry::{image, not_found, page, plain},
        server::{Reply, Seen, Server},
        short,
    },
};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONTENT: &str = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;

fn digest_of(bytes: impl AsRef<[u8]>) -> Digest {
    Digest::of(Algorithm::Sha256, bytes.as_ref())
}

fn size_of(bytes: impl AsRef<[u8]>) -> u64 {
    bytes.as_ref().len() as u64
}

fn manifest_reply(bytes: impl AsRef<[u8]>) -> Reply {
    Reply::new(200, &[("content-type", MANIFEST)], bytes)
}

/// What the client makes of a server that gives every request the same answer.
struct Asked {
    server: Server,
    deadline: Deadline,
}

impl Asked {
    async fn of(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self { server: Server::start(answer).await, deadline: ample() }
    }

    async fn same(reply: Reply) -> Self {
        Self::of(move |_| reply.clone()).await
    }

    fn before(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    async fn tag(&self) -> Result<Descriptor<'static>, FetchError> {
        self.resolve(":v1").await
    }

    async fn resolve(&self, name: &str) -> Result<Descriptor<'static>, FetchError> {
        let image = image(&self.server, name);
        plain().repository(&image).resolve(&image, &allowance(self.deadline)).await
    }

    async fn manifest(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, FetchError> {
        plain().repository(&image(&self.server, "")).manifest(digest, size, &allowance(self.deadline)).await
    }

    async fn blob(&self, digest: &Digest, size: u64) -> Result<Vec<u8>, FetchError> {
        plain().repository(&image(&self.server, "")).blob(digest, size, &allowance(self.deadline)).await
    }

    async fn referrers(&self, subject: &Digest) -> Result<Listing, FetchError> {
        let repository = image(&self.server, "");
        plain().repository(&repository).referrers(subject, &WantedTypes::Every, &allowance(self.deadline)).await
    }
}

/// The code of an error, and for people what it says.
fn code_of<T: fmt::Debug>(outcome: Result<T, FetchError>) -> Code {
    outcome.expect_err("an error").code()
}
