//! How much of a cluster's objects is read: whoever may write objects in one namespace must not fill the memory, or take the room of others.

use std::collections::HashMap;

use super::super::super::object::{Identity, Kind};

/// Bytes of one object as JSON; the certificates of all public CAs together have 220 KB.
const MAX_OBJECT: usize = 256 << 10;
/// Objects of a kind in one namespace.
const MAX_IN_NAMESPACE: usize = 100;
/// Objects of a kind: the cluster's own, or those of all namespaces.
const MAX_OF_KIND: usize = 1_000;
/// Bytes of all objects.
const MAX_BYTES: usize = 32 << 20;

/// What is taken of the room there is.
#[derive(Debug, Default)]
pub(super) struct Usage {
    bytes: usize,
    of_kind: HashMap<Kind, usize>,
    in_namespace: HashMap<(Kind, String), usize>,
}

impl Usage {
    /// Takes room for an object.
    ///
    /// # Errors
    /// Why there is none, for the object's status.
    pub(super) fn take(&mut self, identity: &Identity, bytes: usize) -> Result<(), String> {
        let Identity { kind, namespace, .. } = identity;
        let namespace = namespace.as_ref().map(|namespace| (*kind, namespace.clone()));
        if bytes > MAX_OBJECT {
            return Err(format!("the object is larger than {} KiB, and is not read", MAX_OBJECT >> 10));
        }
        let of_kind = self.of_kind.get(kind).copied().unwrap_or_default();
        let in_namespace = namespace.as_ref().and_then(|key| self.in_namespace.get(key)).copied().unwrap_or_default();
        if in_namespace >= MAX_IN_NAMESPACE {
            return Err(format!(
                "there are {MAX_IN_NAMESPACE} older objects of this kind in the namespace, and no more are read"
            ));
        }
        if of_kind >= MAX_OF_KIND {
            return Err(format!("there are {MAX_OF_KIND} older objects of this kind, and no more are read"));
        }
        if self.bytes + bytes > MAX_BYTES {
            let most = MAX_BYTES >> 20;
            return Err(format!("all objects together are larger than {most} MiB, and no more are read"));
        }
        self.bytes += bytes;
        *self.of_kind.entry(*kind).or_default() += 1;
        if let Some(key) = namespace {
            *self.in_namespace.entry(key).or_default() += 1;
        }
        Ok(())
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&mut self, identity: &Identity, bytes: usize) {
        let Identity { kind, namespace, .. } = identity;
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(count) = self.of_kind.get_mut(kind) {
            *count = count.saturating_sub(1);
        }
        let Some(key) = namespace.as_ref().map(|namespace| (*kind, namespace.clone())) else { return };
        if let Some(count) = self.in_namespace.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.in_namespace.remove(&key);
            }
        }
    }
}
