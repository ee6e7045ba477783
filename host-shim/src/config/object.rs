//! Which objects a file holds: apiVersion, kind and metadata of each, and where its spec is read.

use std::{collections::HashMap, fmt};

use super::{
    anchors::{self, TrustAnchors},
    field::{Field, Mapping},
    finding::{Findings, Place, did_you_mean, quoted},
    policy::{self, PolicyObject},
    store::{self, StoreObject},
    verifier::{self, VerifierObject},
};
use crate::{sources::SourceText, yaml};

/// The API group of the objects that are read.
pub(super) const GROUP: &str = "config.ratify.deislabs.io";
pub(super) const VERSIONS: [&str; 2] = ["v1beta1", "v1alpha1"];
/// The namespace of an object that names none, as for `kubectl apply`.
pub(super) const DEFAULT_NAMESPACE: &str = "default";
/// The namespace of Ratify's release, where Gatekeeper is.
const RATIFY_NAMESPACE: &str = "gatekeeper-system";
/// What the API server accepts and writes in `metadata` beside name and namespace.
const METADATA: [&str; 11] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "labels",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "uid",
];

/// The kinds of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    CertificateStore,
    KeyManagementProvider,
    NamespacedKeyManagementProvider,
    Store,
    NamespacedStore,
    Verifier,
    NamespacedVerifier,
    Policy,
    NamespacedPolicy,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::CertificateStore,
        Self::KeyManagementProvider,
        Self::NamespacedKeyManagementProvider,
        Self::Store,
        Self::NamespacedStore,
        Self::Verifier,
        Self::NamespacedVerifier,
        Self::Policy,
        Self::NamespacedPolicy,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CertificateStore => "CertificateStore",
            Self::KeyManagementProvider => "KeyManagementProvider",
            Self::NamespacedKeyManagementProvider => "NamespacedKeyManagementProvider",
            Self::Store => "Store",
            Self::NamespacedStore => "NamespacedStore",
            Self::Verifier => "Verifier",
            Self::NamespacedVerifier => "NamespacedVerifier",
            Self::Policy => "Policy",
            Self::NamespacedPolicy => "NamespacedPolicy",
        }
    }

    pub(super) const fn is_namespaced(self) -> bool {
        match self {
            Self::CertificateStore
            | Self::NamespacedKeyManagementProvider
            | Self::NamespacedStore
            | Self::NamespacedVerifier
            | Self::NamespacedPolicy => true,
            Self::KeyManagementProvider | Self::Store | Self::Verifier | Self::Policy => false,
        }
    }
}

/// Which object: two of the same are one object written twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    pub(super) kind: Kind,
    /// Of namespaced kinds.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

impl Identity {
    /// The name that no other object of the cluster shares: with the namespace, where there is one.
    pub(super) fn qualified_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.qualified_name())
    }
}

/// An object's identity and content, and where its name is written.
#[derive(Clone, Debug)]
pub(super) struct Object<T> {
    pub(super) identity: Identity,
    pub(super) place: Place,
    /// Absent where there are mistakes in it, which have been told.
    pub(super) content: Option<T>,
}

/// Where objects are read from, and so what they can name.
#[derive(Clone, Debug, Default)]
pub(super) enum Origin {
    #[default]
    Files,
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "only the server reads objects of a cluster"))]
    Cluster {
        /// Where the server lives.
        release_namespace: String,
    },
}

impl Origin {
    /// The namespace in which a name without one is looked for; in files, that of Ratify's release.
    pub(super) fn release_namespace(&self) -> &str {
        match self {
            Self::Files => RATIFY_NAMESPACE,
            Self::Cluster { release_namespace } => release_namespace,
        }
    }
}

/// Where an object lives.
pub(super) struct Home<'a> {
    pub(super) origin: &'a Origin,
    pub(super) namespace: Option<&'a str>,
}

/// Every object that was read, in the order in which they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    pub(super) origin: Origin,
    /// Where each is defined.
    places: HashMap<Identity, Place>,
    pub(super) anchors: Vec<Object<TrustAnchors>>,
    pub(super) stores: Vec<Object<StoreObject>>,
    pub(super) verifiers: Vec<Object<VerifierObject>>,
    pub(super) policies: Vec<Object<PolicyObject>>,
}

impl Objects {
    /// Every object of some texts.
    pub(super) fn of_texts(texts: &[SourceText], origin: Origin, findings: &Findings) -> Self {
        let mut objects = Self { origin, ..Self::default() };
        for source in texts {
            match yaml::documents(&source.text, yaml::Limits::default()) {
                Ok(documents) => {
                    if documents.is_empty() {
                        findings.mistake(Place::file(&source.name), "the file is empty");
                    }
                    for document in &documents {
                        objects.read(&Field::document(document, &source.name, findings));
                    }
                }
                Err(faults) => {
                    for fault in faults {
                        findings.mistake(Place::fault(&source.name, &fault), fault.message);
                    }
                }
            }
        }
        objects
    }

    /// Takes copies of others in.
    #[cfg(feature = "serve")]
    pub(super) fn extend(&mut self, others: &Self) {
        let Self { origin: _, places: _, anchors, stores, verifiers, policies } = others;
        self.anchors.extend_from_slice(anchors);
        self.stores.extend_from_slice(stores);
        self.verifiers.extend_from_slice(verifiers);
        self.policies.extend_from_slice(policies);
    }

    /// Takes an object in that is there and could not be read.
    #[cfg(feature = "serve")]
    pub(super) fn push_broken(&mut self, identity: &Identity) {
        let head = Some((identity.clone(), Place::file(&identity.to_string().into())));
        match identity.kind {
            Kind::CertificateStore | Kind::KeyManagementProvider | Kind::NamespacedKeyManagementProvider => {
                keep(&mut self.anchors, head, None);
            }
            Kind::Store | Kind::NamespacedStore => keep(&mut self.stores, head, None),
            Kind::Verifier | Kind::NamespacedVerifier => keep(&mut self.verifiers, head, None),
            Kind::Policy | Kind::NamespacedPolicy => keep(&mut self.policies, head, None),
        }
    }

    /// Reads one document, or the items of a list.
    pub(super) fn read(&mut self, document: &Field<'_>) {
        let Some(mut object) = document.mapping() else { return };
        let api_version = object.required("apiVersion").and_then(|field| Some((field.text()?, field)));
        let kind = object.required("kind").and_then(|field| Some((field.text()?, field)));
        let (Some((api_version, api_version_field)), Some((kind, kind_field))) = (api_version, kind) else { return };
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
        let ours = group == GROUP;
        let is_list = (ours || group.is_empty()) && kind.ends_with("List");
        // To `kubectl` whatever has items is a list. In an object of ours they are an unknown field.
        if is_list || (!ours && object.optional("items").is_some()) {
            return self.read_list(object);
        }
        let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
        if !ours {
            // A misspelt group must not make an object vanish; what resembles none of ours is another program's.
            if known.is_some() || resembles_group(group) {
                api_version_field
                    .mistake(format!("unknown group in {}; expected \"{GROUP}/v1beta1\"", quoted(&api_version)));
            } else {
                kind_field.note(format!(
                    "{} of {} is not a kind that is read here; it is left out",
                    quoted(&kind),
                    quoted(&api_version)
                ));
            }
            return;
        }
        if !VERSIONS.contains(&version) {
            let hint = did_you_mean(version, VERSIONS);
            return api_version_field.mistake(format!("unknown version {} of {GROUP}{hint}", quoted(version)));
        }
        let Some(known) = known else {
            let hint = did_you_mean(&kind, Kind::ALL.iter().map(|kind| kind.name()));
            return kind_field.mistake(format!("unknown kind {} of {GROUP}{hint}", quoted(&kind)));
        };
        self.read_object(known, object);
    }

    fn read_list(&mut self, mut list: Mapping<'_>) {
        list.tolerate(&["metadata"]);
        let items = list.required("items").and_then(|items| items.items());
        for item in items.unwrap_or_default() {
            self.read(&item);
        }
        list.finish();
    }

    fn read_object(&mut self, kind: Kind, mut object: Mapping<'_>) {
        object.tolerate(&["status"]);
        let head = object.required("metadata").and_then(|metadata| self.read_metadata(kind, &metadata));
        let spec = object.required("spec").and_then(|spec| spec.mapping());
        object.finish();
        // The spec is read in any case, to tell its mistakes as well.
        let Some(spec) = spec else { return };
        match kind {
            Kind::CertificateStore => keep(&mut self.anchors, head, anchors::read_certificate_store(spec)),
            Kind::KeyManagementProvider | Kind::NamespacedKeyManagementProvider => {
                keep(&mut self.anchors, head, anchors::read_key_management_provider(spec));
            }
            Kind::Store | Kind::NamespacedStore => {
                let namespace = head.as_ref().and_then(|(identity, _)| identity.namespace.as_deref());
                let store = store::read(spec, &Home { origin: &self.origin, namespace });
                keep(&mut self.stores, head, store);
            }
            Kind::Verifier | Kind::NamespacedVerifier => keep(&mut self.verifiers, head, verifier::read(spec)),
            Kind::Policy | Kind::NamespacedPolicy => keep(&mut self.policies, head, policy::read(spec)),
        }
    }

    /// The object's identity; none for an object that is defined already. The API server would keep the last one, and a person who reads the first would
    /// not know.
    fn read_metadata(&mut self, kind: Kind, field: &Field<'_>) -> Option<(Identity, Place)> {
        let (identity, name) = read_identity(kind, field)?;
        if let Some(first) = self.places.get(&identity) {
            name.mistake(format!("{identity} is defined twice, first at {}", first.line_of_file()));
            return None;
        }
        self.places.insert(identity.clone(), name.place());
        Some((identity, name.place()))
    }
}

fn keep<T>(objects: &mut Vec<Object<T>>, head: Option<(Identity, Place)>, content: Option<T>) {
    if let Some((identity, place)) = head {
        objects.push(Object { identity, place, content });
    }
}

/// Which object it is, and the field of its name.
fn read_identity<'a>(kind: Kind, field: &Field<'a>) -> Option<(Identity, Field<'a>)> {
    let mut metadata = field.mapping()?;
    metadata.tolerate(&METADATA);
    metadata.refuse("generateName", "objects are referred to by name; give it a name instead");
    let name_field = metadata.required("name");
    let namespace_field = metadata.optional("namespace");
    metadata.finish();
    let name_field = name_field?;
    let name = name_field.text()?;
    check_name(&name, &name_field);
    if matches!(kind, Kind::Policy | Kind::NamespacedPolicy) && name != policy::NAME {
        name_field.mistake(format!("must be \"{}\": there is one {} at most", policy::NAME, kind.name()));
    }
    let namespace = match namespace_field {
        Some(field) => {
            let namespace = field.text()?;
            check_name(&namespace, &field);
            if !kind.is_namespaced() {
                field.note(format!(
                    "{} is an object of the cluster: it has no namespace, and applies everywhere",
                    kind.name()
                ));
            }
            namespace
        }
        None => DEFAULT_NAMESPACE.to_owned(),
    };
    let namespace = kind.is_namespaced().then_some(namespace);
    Some((Identity { kind, namespace, name }, name_field))
}

/// Kubernetes accepts DNS names only; and a `/` would be read as the end of a namespace.
pub(super) fn check_name(name: &str, field: &Field<'_>) {
    if !is_name(name) {
        field.mistake(format!(
            "{} is not a name that Kubernetes accepts: lower-case letters, digits, `-` and `.`, at most 253",
            quoted(name)
        ));
    }
}

/// A DNS name, which can be a segment of a path as it is.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    bytes.len() <= 253 && bytes.iter().copied().all(allowed) && edge(bytes.first()) && edge(bytes.last())
}

fn resembles_group(group: &str) -> bool {
    group.contains("ratify") || group.contains("deislabs") || !did_you_mean(group, [GROUP]).is_empty()
}
