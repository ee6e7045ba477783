//! An API server that holds two secrets, and takes merge patches.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use http::{Method, Request, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use kube::{Client, client::Body};
use serde_json::{Value, json};
use tower::service_fn;

#[derive(Clone, Default)]
pub(super) struct Api(Arc<Mutex<World>>);

#[derive(Default)]
pub(super) struct World {
    /// By path.
    pub(super) objects: BTreeMap<String, Value>,
    /// What is answered at a path in place of an object, by method.
    pub(super) refusals: BTreeMap<(Method, String), u16>,
    pub(super) patches: Vec<Patch>,
}

pub(super) struct Patch {
    pub(super) uri: String,
    pub(super) content_type: String,
    pub(super) body: Value,
}

impl Api {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub(super) fn client(&self) -> Client {
        let api = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move { Ok::<_, Infallible>(api.answer(request).await) }
        });
        Client::new(service, "default")
    }

    async fn answer(&self, request: Request<Body>) -> Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let mut world = self.world();
        let path = head.uri.path().to_owned();
        if let Some(status) = world.refusals.get(&(head.method.clone(), path.clone())) {
            return answered(*status, &json!({ "kind": "Status", "message": "no" }));
        }
        if head.method == Method::PATCH {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let content_type = head.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
            let object = world.objects.get_mut(&path).unwrap();
            assert_eq!(object["metadata"]["resourceVersion"], body["metadata"]["resourceVersion"]);
            merge(object, &body);
            object["metadata"]["resourceVersion"] = json!("8");
            world.patches.push(Patch { uri: head.uri.to_string(), content_type, body });
        }
        match world.objects.get(&path) {
            Some(object) => answered(200, object),
            None => answered(404, &json!({ "kind": "Status", "message": "not found" })),
        }
    }
}

/// RFC 7386, as far as nothing is taken away.
fn merge(object: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| merge(&mut object[name], value)),
        value => *object = value.clone(),
    }
}

fn answered(status: u16, answer: &Value) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(answer.to_string())).unwrap()
}
