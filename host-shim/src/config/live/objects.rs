//! Which objects apply in a namespace.

use std::collections::BTreeSet;

use super::{
    super::{
        assemble::{Assembled, assemble},
        object::{Object, Objects},
    },
    NamespacedObjects,
};
use crate::sources::finding::Findings;

/// Whoever could have a scope of their own: namespaces with a verifier, Store or Policy.
pub(super) fn namespaces(objects: &Objects) -> BTreeSet<String> {
    fn of<T>(objects: &[Object<T>]) -> impl Iterator<Item = &String> {
        objects.iter().filter_map(|object| object.identity.namespace.as_ref())
    }
    of(&objects.verifiers).chain(of(&objects.stores)).chain(of(&objects.policies)).cloned().collect()
}

/// The objects that apply in a namespace, or without one, put together; what is wrong between them is told.
pub(super) fn assembled(
    objects: &Objects,
    namespace: Option<&str>,
    mode: NamespacedObjects,
    findings: &Findings,
) -> Assembled {
    assemble(applying(objects, namespace, mode), namespace, findings)
}

/// Trust anchors of all namespaces are kept: which of them a verifier may name depends on the verifier.
pub(super) fn applying(objects: &Objects, namespace: Option<&str>, mode: NamespacedObjects) -> Objects {
    let mut applying = Objects::default();
    applying.origin = objects.origin.clone();
    applying.anchors.clone_from(&objects.anchors);
    applying.verifiers = of_cluster_and(namespace, &objects.verifiers);
    applying.stores = of_cluster_and(namespace, &objects.stores);
    applying.policies = of_cluster_and(namespace, &objects.policies);
    if mode == NamespacedObjects::Replace && has_own(&applying.verifiers) {
        keep_own(&mut applying.verifiers);
        if has_own(&applying.policies) {
            keep_own(&mut applying.policies);
        }
    }
    applying
}

fn of_cluster_and<T: Clone>(namespace: Option<&str>, objects: &[Object<T>]) -> Vec<Object<T>> {
    let applies =
        |object: &&Object<T>| object.identity.namespace.is_none() || object.identity.namespace.as_deref() == namespace;
    objects.iter().filter(applies).cloned().collect()
}

fn has_own<T>(objects: &[Object<T>]) -> bool {
    objects.iter().any(|object| object.identity.namespace.is_some())
}

fn keep_own<T>(objects: &mut Vec<Object<T>>) {
    objects.retain(|object| object.identity.namespace.is_some());
}
