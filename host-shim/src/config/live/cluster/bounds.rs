//! How much of a cluster's objects is read: whoever may write objects in one namespace must not fill the memory, or take the room of others.

use std::{collections::HashMap, hash::Hash};

use super::super::super::object::{DEFAULT_NAMESPACE, Identity, Kind};

/// Bytes of one object as JSON; the certificates of all public CAs together have 220 KB.
pub(super) const MAX_OBJECT: usize = 256 << 10;
/// Objects of a kind in one namespace.
const MAX_IN_NAMESPACE: usize = 100;
/// Objects of a kind: the cluster's own, or those of all namespaces.
const MAX_OF_KIND: usize = 1_000;
/// Bytes of the objects of one namespace.
const MAX_BYTES_IN_NAMESPACE: usize = 4 << 20;
/// Bytes of all objects that the cluster's rules are made of, and as many of all others.
const MAX_BYTES: usize = 32 << 20;

/// What is taken of the room there is.
#[derive(Debug)]
pub(super) struct Usage {
    release_namespace: String,
    cluster: Pot,
    others: Pot,
    bytes_in_namespace: HashMap<String, usize>,
    in_namespace: HashMap<(Kind, String), usize>,
}

/// Room that the objects in it share.
#[derive(Debug, Default)]
struct Pot {
    bytes: usize,
    of_kind: HashMap<Kind, usize>,
}

impl Usage {
    pub(super) fn new(release_namespace: &str) -> Self {
        Self {
            release_namespace: release_namespace.to_owned(),
            cluster: Pot::default(),
            others: Pot::default(),
            bytes_in_namespace: HashMap::new(),
            in_namespace: HashMap::new(),
        }
    }

    /// That of the cluster and of the namespaces whose trust anchors it names without them; or that of the tenants.
    fn pot(&mut self, namespace: Option<&str>) -> &mut Pot {
        let is_of_cluster = namespace.is_none_or(|name| name == self.release_namespace || name == DEFAULT_NAMESPACE);
        if is_of_cluster { &mut self.cluster } else { &mut self.others }
    }

    /// Takes room for an object.
    ///
    /// # Errors
    /// Why there is none, for the object's status.
    pub(super) fn take(&mut self, identity: &Identity, bytes: usize) -> Result<(), String> {
        let Identity { kind, namespace, .. } = identity;
        if bytes > MAX_OBJECT {
            return Err(format!("the object is larger than {} KiB, and is not read", MAX_OBJECT >> 10));
        }
        if let Some(namespace) = namespace {
            let key = (*kind, namespace.clone());
            if self.in_namespace.get(&key).is_some_and(|count| *count >= MAX_IN_NAMESPACE) {
                return Err(format!(
                    "there are {MAX_IN_NAMESPACE} older objects of this kind in the namespace, and no more are read"
                ));
            }
            let taken = self.bytes_in_namespace.get(namespace).copied().unwrap_or_default();
            if taken + bytes > MAX_BYTES_IN_NAMESPACE {
                let most = MAX_BYTES_IN_NAMESPACE >> 20;
                return Err(format!(
                    "the objects of the namespace are together larger than {most} MiB, and no more are read"
                ));
            }
        }
        let pot = self.pot(namespace.as_deref());
        if pot.of_kind.get(kind).is_some_and(|count| *count >= MAX_OF_KIND) {
            return Err(format!("there are {MAX_OF_KIND} older objects of this kind, and no more are read"));
        }
        if pot.bytes + bytes > MAX_BYTES {
            let most = MAX_BYTES >> 20;
            return Err(format!("all objects together are larger than {most} MiB, and no more are read"));
        }
        pot.bytes += bytes;
        *pot.of_kind.entry(*kind).or_default() += 1;
        if let Some(namespace) = namespace {
            *self.bytes_in_namespace.entry(namespace.clone()).or_default() += bytes;
            *self.in_namespace.entry((*kind, namespace.clone())).or_default() += 1;
        }
        Ok(())
    }

    /// Gives back what was taken.
    pub(super) fn give_back(&mut self, identity: &Identity, bytes: usize) {
        let Identity { kind, namespace, .. } = identity;
        let pot = self.pot(namespace.as_deref());
        pot.bytes = pot.bytes.saturating_sub(bytes);
        give_back(&mut pot.of_kind, kind, 1);
        if let Some(namespace) = namespace {
            give_back(&mut self.bytes_in_namespace, namespace, bytes);
            give_back(&mut self.in_namespace, &(*kind, namespace.clone()), 1);
        }
    }
}

fn give_back<K: Hash + Eq>(taken: &mut HashMap<K, usize>, key: &K, amount: usize) {
    if let Some(count) = taken.get_mut(key) {
        *count = count.saturating_sub(amount);
        if *count == 0 {
            taken.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(kind: Kind, namespace: Option<&str>) -> Identity {
        Identity { kind, namespace: namespace.map(str::to_owned), name: "o".to_owned() }
    }

    #[test]
    fn objects_of_one_namespace_take_no_room_from_the_clusters_nor_more_than_their_own() {
        let mut usage = Usage::new("security");
        let of_team = |team: usize| identity(Kind::CertificateStore, Some(&format!("team-{team}")));
        for team in 0..8 {
            for _ in 0..16 {
                usage.take(&of_team(team), MAX_OBJECT).unwrap();
            }
            assert_eq!(
                usage.take(&of_team(team), 1).unwrap_err(),
                "the objects of the namespace are together larger than 4 MiB, and no more are read"
            );
        }
        let of_all = "all objects together are larger than 32 MiB, and no more are read";
        assert_eq!(usage.take(&of_team(8), 1).unwrap_err(), of_all);
        let own = [
            identity(Kind::Verifier, None),
            identity(Kind::CertificateStore, Some("security")),
            identity(Kind::CertificateStore, Some("default")),
        ];
        for identity in &own {
            usage.take(identity, MAX_OBJECT).unwrap();
        }
        // What is given back can be taken again, by anybody.
        usage.give_back(&of_team(0), MAX_OBJECT);
        usage.take(&of_team(8), MAX_OBJECT).unwrap();
        assert_eq!(usage.take(&of_team(0), 1).unwrap_err(), of_all);
    }

    #[test]
    fn a_thousand_objects_of_a_kind_that_tenants_have_are_no_thousand_of_the_release() {
        let mut usage = Usage::new("security");
        for team in 0..10 {
            for _ in 0..MAX_IN_NAMESPACE {
                usage.take(&identity(Kind::CertificateStore, Some(&format!("team-{team}"))), 1).unwrap();
            }
        }
        let refused = usage.take(&identity(Kind::CertificateStore, Some("team-10")), 1).unwrap_err();
        assert_eq!(refused, "there are 1000 older objects of this kind, and no more are read");
        usage.take(&identity(Kind::CertificateStore, Some("security")), 1).unwrap();
    }
}
