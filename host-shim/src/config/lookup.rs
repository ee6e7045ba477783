//! Finds the trust anchors that a verifier names. A tenant must not be able to put its own in their place, so a name means one object or none.

use std::collections::BTreeMap;

use wasm_policy::{
    crypto::RustCrypto,
    limits::Limits,
    trust::{self, StoreName},
    x509,
};

use super::{
    Findings, Identity,
    anchors::TrustAnchors,
    finding::{did_you_mean, quoted},
    object::{Kind, Object},
    verifier::{Reference, TrustStore},
};

/// Where the CertificateStores of a cluster's Verifiers live: the namespace of Ratify's release, and the one of an object that names none.
const CLUSTER_TRUST_NAMESPACES: [&str; 2] = ["gatekeeper-system", "default"];

/// Every object that holds trust anchors, of whatever namespace, by its name.
pub(super) struct Library<'a> {
    by_name: BTreeMap<&'a str, Vec<&'a Object<TrustAnchors>>>,
    findings: &'a Findings,
}

impl<'a> Library<'a> {
    pub(super) fn new(anchors: &'a [Object<TrustAnchors>], findings: &'a Findings) -> Self {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in anchors {
            by_name.entry(object.identity.name.as_str()).or_default().push(object);
        }
        Self { by_name, findings }
    }

    /// The objects that a trust store is made of; what is wrong with them has been told.
    pub(super) fn certificates(&self, store: &TrustStore, verifier: &Identity) -> Vec<&'a Object<TrustAnchors>> {
        let found = store.references.iter().filter_map(|reference| Some((reference, self.find(reference, verifier)?)));
        let found: Vec<_> = found.collect();
        let texts = |object: &Object<TrustAnchors>| -> Vec<String> {
            object.content.iter().map(|anchors| anchors.pem.clone()).collect()
        };
        // A store whose name is wrong has been told.
        if let Ok(name) = StoreName::parse(&store.name) {
            let mut sound = true;
            for (reference, object) in &found {
                sound &= self.check(&name, &texts(object), reference);
            }
            if let (true, [(reference, _), _, ..]) = (sound, found.as_slice()) {
                self.check(&name, &found.iter().flat_map(|(_, object)| texts(object)).collect::<Vec<_>>(), reference);
            }
        }
        found.into_iter().map(|(_, object)| object).collect()
    }

    /// Whether certificates may be in a store of that type, which is the module's to say.
    fn check(&self, name: &StoreName, texts: &[String], reference: &Reference) -> bool {
        // A text that could not be read has been told.
        if texts.is_empty() {
            return true;
        }
        let limits = Limits::default();
        let read = trust::TrustStore::parse(name, texts, &mut x509::Verifier::new(&RustCrypto, &limits), &limits);
        if let Err(failure) = &read {
            self.findings.mistake(reference.place.clone(), failure.message.clone());
        }
        read.is_ok()
    }

    /// The object that a verifier means; `None` where it is not one object, which has been told.
    fn find(&self, reference: &Reference, verifier: &Identity) -> Option<&'a Object<TrustAnchors>> {
        let name = Name::parse(&reference.text);
        let own = verifier.namespace.as_deref();
        if let (Some(own), Some(other)) = (own, name.namespace)
            && own != other
        {
            let message = format!(
                "{} is in another namespace; {verifier} may use {own} and the cluster's objects",
                quoted(&reference.text)
            );
            self.findings.mistake(reference.place.clone(), message);
            return None;
        }
        let found: Vec<_> =
            self.named(&name).iter().copied().filter(|object| name.reaches(&object.identity, own)).collect();
        match found.as_slice() {
            &[object] => return Some(object),
            [] => self.tell_missing(reference, &name, own),
            several => {
                let several = several.iter().map(|object| object.identity.to_string()).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "{} could mean {several}; rename all but one, or write namespace/name",
                    quoted(&reference.text)
                );
                self.findings.mistake(reference.place.clone(), message);
            }
        }
        None
    }

    fn named(&self, name: &Name<'_>) -> &[&'a Object<TrustAnchors>] {
        self.by_name.get(name.name).map_or(&[], Vec::as_slice)
    }

    fn tell_missing(&self, reference: &Reference, name: &Name<'_>, own: Option<&str>) {
        let hint = match self.named(name).first() {
            Some(object) if own.is_none() => {
                format!("; to use {}, write \"{}\"", object.identity, object.identity.qualified_name())
            }
            Some(object) => format!("; {} is not in reach of this namespace", object.identity),
            None => {
                let identities = self.by_name.values().flatten().map(|object| &object.identity);
                let reachable = identities.filter(|identity| name.reaches(identity, own));
                did_you_mean(name.name, reachable.map(|identity| identity.name.as_str()))
            }
        };
        let message = format!("no CertificateStore or KeyManagementProvider {}{hint}", quoted(&reference.text));
        self.findings.mistake(reference.place.clone(), message);
    }
}

/// `name` or `namespace/name`.
struct Name<'t> {
    namespace: Option<&'t str>,
    name: &'t str,
}

impl<'t> Name<'t> {
    fn parse(text: &'t str) -> Self {
        match text.split_once('/') {
            Some((namespace, name)) => Self { namespace: Some(namespace), name },
            None => Self { namespace: None, name: text },
        }
    }

    /// Whether an object is where a verifier of the namespace `own`, or of the cluster, looks for this name.
    fn reaches(&self, object: &Identity, own: Option<&str>) -> bool {
        let lives_in = object.namespace.as_deref();
        match (self.namespace, own) {
            (Some(namespace), _) => lives_in == Some(namespace),
            (None, Some(own)) => lives_in.is_none_or(|namespace| namespace == own),
            (None, None) => lives_in.is_none_or(|namespace| {
                object.kind == Kind::CertificateStore && CLUSTER_TRUST_NAMESPACES.contains(&namespace)
            }),
        }
    }
}
