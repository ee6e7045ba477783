//! A registry that serves the images of a layout under the repository `app`, but for what a test wants otherwise.

use super::server::{Reply, Seen, Server};
use crate::{
    layout::Layout,
    listing::{INDEX_MEDIA_TYPE, WantedTypes},
    reference::{Digest, Reference, Selector},
    registry::{PlainHttp, Registries, RegistryOptions},
};

/// What the registry answers to a request instead.
type Twist = Box<dyn Fn(&Seen) -> Option<Reply> + Send + Sync>;

/// The demo's layout.
pub(crate) fn demo_layout() -> Layout {
    Layout::open(&super::fixture("demo/layout")).unwrap()
}

/// Serves the demo's layout.
pub(crate) async fn demo(twist: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Server {
    let layout = demo_layout();
    let twist: Twist = Box::new(twist);
    Server::start(move |seen| twist(seen).unwrap_or_else(|| answer(&layout, seen))).await
}

/// Serves the demo's layout as it is.
pub(crate) async fn plain_demo() -> Server {
    demo(|_| None).await
}

/// Registries without TLS.
pub(crate) fn plain() -> Registries {
    Registries::new(RegistryOptions { plain_http: PlainHttp::Always, ..Default::default() }).unwrap()
}

/// The image of that name in the server's repository `app`.
pub(crate) fn image(server: &Server, name: &str) -> Reference {
    format!("{}/app{name}", server.host()).parse().unwrap()
}

/// What a registry answers that knows no such thing.
pub(crate) fn not_found(code: &str) -> Reply {
    let body = format!(r#"{{"errors":[{{"code":"{code}","message":"there is none","detail":null}}]}}"#);
    Reply::new(404, &[("content-type", "application/json")], body)
}

/// A page of a list of referrers.
pub(crate) fn page(manifests: &str, headers: &[(&str, &str)]) -> Reply {
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX_MEDIA_TYPE}","manifests":{manifests}}}"#);
    Reply::new(200, &[&[("content-type", INDEX_MEDIA_TYPE)], headers].concat(), body)
}

pub(crate) fn answer(layout: &Layout, seen: &Seen) -> Reply {
    let Some(path) = seen.path().strip_prefix("/v2/app/") else { return not_found("NAME_UNKNOWN") };
    match path.split_once('/') {
        Some(("manifests", name)) if seen.header("accept").is_some_and(|accept| accept.contains(INDEX_MEDIA_TYPE)) => {
            manifest(layout, name).unwrap_or_else(|| not_found("MANIFEST_UNKNOWN"))
        }
        Some(("blobs", digest)) => blob(layout, digest).unwrap_or_else(|| not_found("BLOB_UNKNOWN")),
        Some(("referrers", digest)) => {
            let listing = layout.referrers(&digest.parse().unwrap(), &WantedTypes::Every);
            page(&serde_json::to_string(&listing.referrers).unwrap(), &[])
        }
        _ => not_found("UNSUPPORTED"),
    }
}

fn manifest(layout: &Layout, name: &str) -> Option<Reply> {
    let selector = match name.parse::<Digest>() {
        Ok(digest) => Selector::Digest(digest),
        Err(_) => Selector::tag(name)?,
    };
    let subject = layout.select(Some(&selector)).ok()?.subject;
    let bytes = layout.manifest(&subject.digest.parse().ok()?, subject.size).ok()?;
    let headers = [("content-type", &*subject.media_type), ("docker-content-digest", &*subject.digest)];
    Some(Reply::new(200, &headers, bytes))
}

fn blob(layout: &Layout, digest: &str) -> Option<Reply> {
    let digest: Digest = digest.parse().ok()?;
    let path = super::fixture("demo/layout/blobs").join(digest.algorithm().name()).join(digest.hex());
    let size = std::fs::metadata(path).ok()?.len();
    let bytes = layout.blob(&digest, size, u64::MAX - 1).ok()?;
    Some(Reply::new(200, &[("content-type", "application/octet-stream")], bytes))
}
