//! Finds the trust anchors that a verifier names. A tenant must not be able to put its own in their place, so a name means one object or none.

use super::{
    Findings, Identity,
    anchors::TrustAnchors,
    finding::{did_you_mean, quoted},
    object::{Kind, Object},
    verifier::Reference,
};

/// Where the CertificateStores of a cluster's Verifiers live: the namespace of Ratify's release, and the one of an object that names none.
const CLUSTER_TRUST_NAMESPACES: [&str; 2] = ["gatekeeper-system", "default"];

/// Every object that holds trust anchors, of whatever namespace.
pub(super) struct Library<'a> {
    anchors: &'a [Object<TrustAnchors>],
    findings: &'a Findings,
}

impl<'a> Library<'a> {
    pub(super) fn new(anchors: &'a [Object<TrustAnchors>], findings: &'a Findings) -> Self {
        Self { anchors, findings }
    }

    /// The object that a verifier means; `None` where it is not one object, which has been told.
    pub(super) fn find(&self, reference: &Reference, verifier: &Identity) -> Option<&'a Object<TrustAnchors>> {
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
        let found: Vec<_> = self
            .anchors
            .iter()
            .filter(|object| object.identity.name == name.name && name.reaches(&object.identity, own))
            .collect();
        match found.as_slice() {
            [object] => return Some(object),
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

    fn tell_missing(&self, reference: &Reference, name: &Name<'_>, own: Option<&str>) {
        let elsewhere = self.anchors.iter().find(|object| object.identity.name == name.name);
        let hint = match elsewhere {
            Some(object) if own.is_none() => {
                format!("; to use {}, write \"{}\"", object.identity, object.identity.qualified_name())
            }
            Some(object) => format!("; {} is not in reach of this namespace", object.identity),
            None => {
                let reachable =
                    self.anchors.iter().map(|object| &object.identity).filter(|identity| name.reaches(identity, own));
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
