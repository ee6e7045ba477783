//! An API server that is scripted: discovery, lists, watches and statuses of our kinds, and whatever else a test puts at a path.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::service_fn;

use super::super::super::object::{GROUP, Kind};

#[derive(Clone, Default)]
pub(super) struct Api(Arc<Mutex<World>>);

#[derive(Default)]
struct World {
    /// By plural name.
    defined: BTreeMap<String, Kind>,
    /// By plural name, and `name` or `namespace/name`.
    objects: BTreeMap<(String, String), Value>,
    version: u64,
    history: Vec<(u64, String, Bytes)>,
    watches: Vec<(String, mpsc::UnboundedSender<Bytes>)>,
    /// As `list verifiers`.
    denied: BTreeSet<String>,
    is_down: bool,
    /// Path and body of each.
    patches: Vec<(String, Value)>,
    /// What is at other paths.
    others: BTreeMap<String, (u16, Value)>,
    gets: Vec<String>,
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

impl Api {
    /// One that defines all kinds.
    pub(super) fn with_all_kinds() -> Self {
        let api = Self::default();
        for kind in Kind::ALL {
            api.define(kind);
        }
        api
    }

    pub(super) fn define(&self, kind: Kind) {
        self.world().defined.insert(plural(kind.name()), kind);
    }

    pub(super) fn deny(&self, verb: &str, kind: Kind) {
        self.world().denied.insert(format!("{verb} {}", plural(kind.name())));
    }

    pub(super) fn allow(&self, verb: &str, kind: Kind) {
        self.world().denied.remove(&format!("{verb} {}", plural(kind.name())));
    }

    pub(super) fn apply(&self, object: &Value) {
        let mut world = self.world();
        let (plural, mut object) = (plural(object["kind"].as_str().unwrap()), object.clone());
        world.version += 1;
        object["metadata"]["resourceVersion"] = json!(world.version.to_string());
        let before = world.objects.insert((plural.clone(), key(&object)), object.clone());
        world.tell(plural, if before.is_some() { "MODIFIED" } else { "ADDED" }, &object);
    }

    pub(super) fn delete(&self, object: &Value) {
        let mut world = self.world();
        let plural = plural(object["kind"].as_str().unwrap());
        world.version += 1;
        let mut gone = world.objects.remove(&(plural.clone(), key(object))).unwrap();
        gone["metadata"]["resourceVersion"] = json!(world.version.to_string());
        world.tell(plural, "DELETED", &gone);
    }

    /// Ends every watch, and answers nothing but errors.
    pub(super) fn go_down(&self) {
        let mut world = self.world();
        world.is_down = true;
        world.watches.clear();
    }

    pub(super) fn come_back(&self) {
        self.world().is_down = false;
    }

    /// As `verifiers/v`, with the status that was written.
    pub(super) fn patches(&self) -> Vec<(String, Value)> {
        self.world().patches.clone()
    }

    pub(super) fn put(&self, path: &str, status: u16, answer: Value) {
        self.world().others.insert(path.to_owned(), (status, answer));
    }

    pub(super) fn gets(&self) -> Vec<String> {
        self.world().gets.clone()
    }

    pub(super) fn watches(&self) -> usize {
        let mut world = self.world();
        world.watches.retain(|(_, watch)| !watch.is_closed());
        world.watches.len()
    }

    pub(super) fn client(&self) -> Client {
        let api = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move { Ok::<_, Infallible>(api.answer(request).await) }
        });
        Client::new(service, "default")
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let mut world = self.world();
        let path = head.uri.path().to_owned();
        let query = head.uri.query().unwrap_or_default().to_owned();
        if world.is_down {
            return failure(503, "the server is starting");
        }
        let prefix = format!("/apis/{GROUP}/v1beta1");
        let Some(rest) = path.strip_prefix(&prefix) else {
            world.gets.push(path.clone());
            return match world.others.get(&path) {
                Some((status, answer)) => answered(*status, answer),
                None => failure(404, "not found"),
            };
        };
        let segments: Vec<_> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
        match (&head.method, segments.as_slice()) {
            (&Method::GET, []) => world.resources(),
            (&Method::GET, [plural]) => world.list_or_watch(plural, &query),
            (&Method::PATCH, [plural, name, "status"]) => world.patch(plural, name, &body),
            (&Method::PATCH, ["namespaces", namespace, plural, name, "status"]) => {
                world.patch(plural, &format!("{namespace}/{name}"), &body)
            }
            (method, _) => panic!("{method} {path} is not expected"),
        }
    }

    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl World {
    fn tell(&mut self, plural: String, event: &str, object: &Value) {
        let mut line = serde_json::to_vec(&json!({ "type": event, "object": object })).unwrap();
        line.push(b'\n');
        let line = Bytes::from(line);
        for (_, watch) in self.watches.iter().filter(|(of, _)| *of == plural) {
            let _ = watch.send(line.clone());
        }
        self.history.push((self.version, plural, line));
    }

    fn resources(&self) -> Answer {
        if self.defined.is_empty() {
            return failure(404, "404 page not found");
        }
        let resources = self.defined.iter().flat_map(|(plural, kind)| {
            let resource = |name: String, verbs: Value| {
                json!({ "name": name, "singularName": "", "namespaced": kind.is_namespaced(), "kind": kind.name(), "verbs": verbs })
            };
            [
                resource(plural.clone(), json!(["get", "list", "watch"])),
                resource(format!("{plural}/status"), json!(["get", "patch"])),
            ]
        });
        let resources: Vec<_> = resources.collect();
        answered(
            200,
            &json!({ "kind": "APIResourceList", "groupVersion": format!("{GROUP}/v1beta1"), "resources": resources }),
        )
    }

    fn list_or_watch(&mut self, plural: &str, query: &str) -> Answer {
        if !self.defined.contains_key(plural) {
            return failure(404, "404 page not found");
        }
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
        let is_watch = parameter("watch=") == Some("true");
        let denied = format!("{} {plural}", if is_watch { "watch" } else { "list" });
        if self.denied.contains(&denied) {
            return failure(403, &format!("User \"x\" cannot {denied}"));
        }
        if !is_watch {
            let items: Vec<_> =
                self.objects.iter().filter(|((of, _), _)| of == plural).map(|(_, object)| object).collect();
            return answered(
                200,
                &json!({ "kind": "List", "metadata": { "resourceVersion": self.version.to_string() }, "items": items }),
            );
        }
        let since: u64 = parameter("resourceVersion=").unwrap().parse().unwrap();
        let (watch, lines) = mpsc::unbounded_channel();
        for (_, _, line) in self.history.iter().filter(|(version, of, _)| *version > since && of == plural) {
            watch.send(line.clone()).unwrap();
        }
        self.watches.push((plural.to_owned(), watch));
        let lines = stream::unfold(lines, |mut lines| async move {
            let line = lines.recv().await?;
            Some((Ok(Frame::data(line)), lines))
        });
        Response::new(StreamBody::new(lines).boxed_unsync())
    }

    fn patch(&mut self, plural: &str, name: &str, body: &[u8]) -> Answer {
        if self.denied.contains(&format!("patch {plural}")) {
            return failure(403, "denied");
        }
        let patch: Value = serde_json::from_slice(body).unwrap();
        self.patches.push((format!("{plural}/{name}"), patch["status"].clone()));
        let Some(mut object) = self.objects.get(&(plural.to_owned(), name.to_owned())).cloned() else {
            return failure(404, "not found");
        };
        self.version += 1;
        object["status"] = patch["status"].clone();
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert((plural.to_owned(), name.to_owned()), object.clone());
        self.tell(plural.to_owned(), "MODIFIED", &object);
        answered(200, &object)
    }
}

fn key(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().unwrap();
    object["metadata"]["namespace"].as_str().map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

fn plural(kind: &str) -> String {
    let plural = kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"));
    plural.to_lowercase()
}

fn answered(status: u16, answer: &Value) -> Answer {
    let body = http_body_util::Full::new(Bytes::from(answer.to_string())).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}

fn failure(code: u16, message: &str) -> Answer {
    answered(
        code,
        &json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code }),
    )
}
