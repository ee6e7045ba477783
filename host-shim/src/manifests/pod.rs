//! The images of a pod's spec (Kubernetes API, PodSpec): containers, init and ephemeral containers, and volumes of the kind `image`.

use std::sync::Arc;

use wasm_policy::text::shown;

use super::Images;
use crate::{
    sources::field::{Field, Mapping},
    yaml::{Node, Value},
};

/// The lists of containers, and what one of them is called.
const CONTAINERS: [(&str, &str); 3] =
    [("initContainers", "init container"), ("containers", "container"), ("ephemeralContainers", "ephemeral container")];

/// Reads the spec of a kind that is known to have containers.
pub(super) fn read(spec: &Field<'_>, object: &Arc<str>, images: &mut Images) {
    if let Some(mut mapping) = spec.mapping() {
        // Told where it is missing; read below.
        let _ = mapping.required("containers");
        read_found(spec, object, images);
    }
}

/// Reads what looks like a pod's spec.
pub(super) fn read_found(spec: &Field<'_>, object: &Arc<str>, images: &mut Images) {
    let Some(mut spec) = spec.mapping() else { return };
    for (list, role) in CONTAINERS {
        for (mut container, item) in mappings(&mut spec, list) {
            let part = part(role, &mut container);
            match container.optional("image") {
                Some(image) => images.add(object, part, &image),
                None => images.left_open(&part, &item),
            }
        }
    }
    for (mut volume, _) in mappings(&mut spec, "volumes") {
        let part = part("volume", &mut volume);
        let Some(image) = volume.optional("image") else { continue };
        match image.mapping().map(|mut image| image.optional("reference")) {
            Some(Some(reference)) => images.add(object, part, &reference),
            Some(None) => images.left_open(&part, &image),
            // It was told that it is no mapping.
            None => {}
        }
    }
}

/// Whether there is a list of containers: of mappings, one of which has a name or an image.
pub(super) fn looks_like_spec(node: &Node) -> bool {
    let Value::Mapping(entries) = &node.value else { return false };
    entries.iter().any(|entry| {
        let is_list = entry.key.scalar().is_some_and(|key| CONTAINERS.iter().any(|(list, _)| key.text == *list));
        is_list && matches!(&entry.value.value, Value::Sequence(items) if items.iter().any(looks_like_container))
    })
}

fn looks_like_container(node: &Node) -> bool {
    let Value::Mapping(entries) = &node.value else { return false };
    entries.iter().any(|entry| entry.key.scalar().is_some_and(|key| matches!(key.text.as_str(), "name" | "image")))
}

/// The items of a list that may be absent; those that are no mappings are told.
fn mappings<'a>(spec: &mut Mapping<'a>, list: &'static str) -> Vec<(Mapping<'a>, Field<'a>)> {
    let items = spec.optional(list).and_then(|list| list.items()).unwrap_or_default();
    items.into_iter().filter_map(|item| Some((item.mapping()?, item))).collect()
}

fn part(role: &str, item: &mut Mapping<'_>) -> String {
    match item.optional("name").and_then(|name| name.written()) {
        Some(name) => format!("{role} {}", shown(name)),
        None => format!("{role} without a name"),
    }
}
