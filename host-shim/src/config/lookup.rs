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
    object::{DEFAULT_NAMESPACE, Kind, Object, Origin},
    verifier::{Reference, TrustStore},
};

/// Every object that holds trust anchors, of whatever namespace, by its name.
pub(super) struct Library<'a> {
    by_name: BTreeMap<&'a str, Vec<&'a Object<TrustAnchors>>>,
    origin: &'a Origin,
    findings: &'a Findings,
}

impl<'a> Library<'a> {
    pub(super) fn new(anchors: &'a [Object<TrustAnchors>], origin: &'a Origin, findings: &'a Findings) -> Self {
        let mut by_name: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in anchors {
            by_name.entry(object.identity.name.as_str()).or_default().push(object);
        }
        Self { by_name, origin, findings }
    }

    /// The objects that a trust store is made of, without those that cannot be in it; what is wrong with them has been told.
    pub(super) fn certificates(&self, store: &TrustStore, verifier: &Identity) -> Vec<&'a Object<TrustAnchors>> {
        let found = store.references.iter().filter_map(|reference| Some((reference, self.find(reference, verifier)?)));
        let found: Vec<_> = found.collect();
        let texts = |object: &Object<TrustAnchors>| -> Vec<String> {
            object.content.iter().map(|anchors| anchors.pem.to_string()).collect()
        };
        // A store whose name is wrong has been told.
        let Ok(name) = StoreName::parse(&store.name) else { return Vec::new() };
        let all = found.len();
        let mut sound = found;
        sound.retain(|(reference, object)| self.check(&name, &texts(object), reference));
        if let (true, [(reference, _), _, ..]) = (sound.len() == all, sound.as_slice())
            && !self.check(&name, &sound.iter().flat_map(|(_, object)| texts(object)).collect::<Vec<_>>(), reference)
        {
            return Vec::new();
        }
        sound.into_iter().map(|(_, object)| object).collect()
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
            self.named(&name).iter().copied().filter(|object| self.reaches(&name, &object.identity, own)).collect();
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

    /// Whether an object is where a verifier of the namespace `own`, or of the cluster, looks for this name.
    fn reaches(&self, name: &Name<'_>, object: &Identity, own: Option<&str>) -> bool {
        let lives_in = object.namespace.as_deref();
        match (name.namespace, own) {
            (Some(namespace), _) => lives_in == Some(namespace),
            (None, Some(own)) => lives_in.is_none_or(|namespace| namespace == own),
            (None, None) => lives_in.is_none_or(|namespace| {
                object.kind == Kind::CertificateStore
                    && [self.origin.release_namespace(), DEFAULT_NAMESPACE].contains(&namespace)
            }),
        }
    }

    fn named(&self, name: &Name<'_>) -> &[&'a Object<TrustAnchors>] {
        self.by_name.get(name.name).map_or(&[], Vec::as_slice)
    }

    fn tell_missing(&self, reference: &Reference, name: &Name<'_>, own: Option<&str>) {
        let hint = match self.named(name).first() {
            Some(object) if own.is_none() => {
                format!("; to use {}, write \"{}\"", object.identity, object.identity.qualified_name())
            }
            Some(object) if matches!(self.origin, Origin::Files) => {
                format!("; {} is not in reach of this namespace", object.identity)
            }
            // Whoever may write in one namespace is not told what is in others.
            Some(_) => String::new(),
            None => {
                let identities = self.by_name.values().flatten().map(|object| &object.identity);
                let reachable = identities.filter(|identity| self.reaches(name, identity, own));
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
}
