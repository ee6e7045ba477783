//! Where an object has its pods: by its group and kind, or by searching it.

use std::{path::Path, sync::Arc};

use wasm_policy::text::shown;

use super::{Images, pod};
use crate::sources::{
    field::{Field, Mapping},
    finding::quoted,
};

/// Groups whose objects describe the pods of others, and run none: what they hold are patterns such as `image: "*:latest"`.
const GROUPS_OF_PATTERNS: [&str; 7] = [
    "apiextensions.k8s.io",
    "constraints.gatekeeper.sh",
    "expansion.gatekeeper.sh",
    "kyverno.io",
    "mutations.gatekeeper.sh",
    "policies.kyverno.io",
    "templates.gatekeeper.sh",
];

const GROUP_OF_KUSTOMIZE: &str = "kustomize.config.k8s.io";
const KUSTOMIZATIONS: [&str; 2] = ["kustomization.yaml", "kustomization.yml"];
const KUSTOMIZATION: &str = "this is for kustomize, which may put other images in the place of those that are written in the files; \
     verify what it renders: kubectl kustomize FOLDER | image-integrity verify -f -";

/// What an item of a typed list is, where the item does not say so itself: a PodList's are of the kind Pod.
#[derive(Clone, Copy)]
struct Inherited<'a> {
    api_version: &'a str,
    kind: &'a str,
}

/// Reads one document: an object, or a list of some.
pub(super) fn read(document: &Field<'_>, images: &mut Images) {
    read_object(document, None, images);
}

fn read_object(object: &Field<'_>, inherited: Option<Inherited<'_>>, images: &mut Images) {
    let Some(mut mapping) = object.mapping() else { return };
    if is_kustomization(object, &mut mapping) {
        return object.mistake(KUSTOMIZATION);
    }
    let api_version = type_member(&mut mapping, "apiVersion", inherited.map(|inherited| inherited.api_version));
    let kind = type_member(&mut mapping, "kind", inherited.map(|inherited| inherited.kind));
    let (Some(api_version), Some(kind)) = (api_version, kind) else { return };
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    // Whatever has `items` at its top is a list to `kubectl`, of any kind: the items are applied, and the rest is not (`UnstructuredJSONScheme` of
    // k8s.io/apimachinery).
    if let Some(items) = mapping.optional("items") {
        let singular = kind.strip_suffix("List").unwrap_or(&kind);
        // Of the kind `List` each item says what it is.
        let inherited = (!singular.is_empty()).then_some(Inherited { api_version: &api_version, kind: singular });
        for item in items.items().unwrap_or_default() {
            read_object(&item, inherited, images);
        }
        return;
    }
    if GROUPS_OF_PATTERNS.contains(&group) {
        let message = format!(
            "a pattern of pods, since {} of {} runs none; images in it are not verified",
            quoted(&kind),
            quoted(&api_version)
        );
        return object.each(pod::looks_like_spec, &mut |spec| spec.note(message.as_str()));
    }
    let name: Arc<str> = described(&kind, &mut mapping).into();
    match path_to_spec(group, &kind) {
        Some(path) => {
            let spec = path.iter().try_fold(object.clone(), |field, step| field.mapping()?.required(step));
            if let Some(spec) = spec {
                pod::read(&spec, &name, images);
            }
        }
        None => object.each(pod::looks_like_spec, &mut |spec| pod::read_found(spec, &name, images)),
    }
}

/// Where the kinds of Kubernetes that run pods have a pod's spec.
fn path_to_spec(group: &str, kind: &str) -> Option<&'static [&'static str]> {
    Some(match (group, kind) {
        ("", "Pod") => &["spec"],
        ("", "PodTemplate") => &["template", "spec"],
        ("", "ReplicationController")
        | ("apps" | "extensions", "DaemonSet" | "Deployment" | "ReplicaSet")
        | ("apps", "StatefulSet")
        | ("batch", "Job") => &["spec", "template", "spec"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return None,
    })
}

fn type_member(object: &mut Mapping<'_>, name: &'static str, inherited: Option<&str>) -> Option<String> {
    let written = match inherited {
        Some(inherited) => match object.optional(name) {
            None => return Some(inherited.to_owned()),
            written => written,
        },
        None => object.required(name),
    };
    written?.text()
}

/// The file of that name counts without a kind, as it does for kustomize.
fn is_kustomization(object: &Field<'_>, mapping: &mut Mapping<'_>) -> bool {
    let Some(api_version) = mapping.optional("apiVersion") else {
        let place = object.place();
        let file = Path::new(&*place.file).file_name();
        return file.is_some_and(|file| KUSTOMIZATIONS.iter().any(|name| file == *name));
    };
    api_version.written().is_some_and(|text| text.starts_with(GROUP_OF_KUSTOMIZE))
}

/// Kind, namespace and name as people call an object.
fn described(kind: &str, object: &mut Mapping<'_>) -> String {
    let kind = shown(kind);
    let metadata = object.optional("metadata").filter(Field::is_mapping).and_then(|metadata| metadata.mapping());
    let Some(mut metadata) = metadata else { return format!("{kind} without a name") };
    let mut written = |name| metadata.optional(name).and_then(|field| field.written());
    let name = match (written("name"), written("generateName")) {
        (Some(name), _) => shown(name).to_string(),
        (None, Some(prefix)) => format!("{}…", shown(prefix)),
        (None, None) => return format!("{kind} without a name"),
    };
    match written("namespace") {
        Some(namespace) => format!("{kind} {}/{name}", shown(namespace)),
        None => format!("{kind} {name}"),
    }
}
