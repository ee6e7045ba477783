//! From objects to one configuration: which objects apply, which certificates a trust store is made of, and how reports are combined.

use std::collections::{BTreeMap, BTreeSet};

use wasm_policy::input::{CombinationPolicy, Config, Verifier};

use super::{
    Finding, Findings, Identity,
    finding::quoted,
    lookup::Library,
    object::{Object, Objects},
    policy::{ALL, ANY, DEFAULT, PolicyObject},
    store::StoreObject,
    verifier::VerifierObject,
};

/// The type of the only verifiers there are.
const NOTATION: &str = "notation";

/// What the objects of all files come to.
pub(super) struct Assembled {
    pub(super) config: Config,
    /// How registries are asked.
    pub(super) store: StoreObject,
    /// By verifier and trust store, the objects whose certificates it is made of, as people call them.
    pub(super) origins: BTreeMap<(String, String), Vec<String>>,
    /// Verifiers of the namespace that would take from what the cluster demands: with them the whole is unusable.
    pub(super) weakening: Vec<Finding>,
    /// What applies and could not be read, but for trust anchors, whose absence denies by itself: with it the whole is unusable.
    #[cfg_attr(not(feature = "serve"), expect(dead_code, reason = "in files, a mistake is an error before this"))]
    pub(super) broken: Vec<Identity>,
}

/// Puts the objects together that apply in a namespace, or in none; mistakes between them are told, but for those in [`Assembled::weakening`].
pub(super) fn assemble(objects: Objects, namespace: Option<&str>, findings: &Findings) -> Assembled {
    let Objects { origin, anchors, stores, verifiers, policies, .. } = objects;
    let scope = Scope { namespace, findings };
    let stores = scope.applying(stores);
    let verifiers = scope.applying(verifiers);
    let policies = scope.applying(policies);

    let policy = combine(&policies);
    tell_untaken_types(&verifiers, &policies, findings);
    let library = Library::new(&anchors, &origin, findings);
    let store = choose_store(&stores, findings);
    let mut assembled = Assembled {
        weakening: weakening(&verifiers, &policy),
        config: Config { verifiers: Vec::new(), policy: Some(policy) },
        broken: broken(&verifiers).chain(broken(&policies)).chain(broken(store.as_slice())).collect(),
        store: store.and_then(|store| store.content).unwrap_or_default(),
        origins: BTreeMap::new(),
    };
    for Object { identity, content, .. } in verifiers {
        if let Some(content) = content {
            assembled.add_verifier(&identity, content, &library);
        }
    }
    let used: BTreeSet<&String> = assembled.origins.values().flatten().collect();
    for object in anchors.iter().filter(|object| !used.contains(&object.identity.to_string())) {
        findings.note(object.place.clone(), format!("{} is not used by any verifier that applies", object.identity));
    }
    assembled
}

impl Assembled {
    fn add_verifier(&mut self, identity: &Identity, object: VerifierObject, library: &Library<'_>) {
        let name = identity.qualified_name();
        let mut trust_stores = BTreeMap::new();
        for store in object.trust_stores {
            let found = library.certificates(&store, identity);
            let pem =
                found.iter().filter_map(|anchors| anchors.content.as_ref()).map(|anchors| anchors.pem.to_string());
            trust_stores.insert(store.name.clone(), pem.collect());
            let origins = found.iter().map(|anchors| anchors.identity.to_string()).collect();
            self.origins.insert((name.clone(), store.name), origins);
        }
        self.config.verifiers.push(Verifier {
            name,
            r#type: NOTATION.to_owned(),
            artifact_types: object.artifact_types,
            trust_policy_doc: object.trust_policy_doc,
            trust_stores,
            max_signatures: object.max_signatures,
            user_metadata: object.user_metadata,
        });
    }
}

/// Whose objects apply: the cluster's, and those of one namespace at most.
struct Scope<'a> {
    namespace: Option<&'a str>,
    findings: &'a Findings,
}

impl Scope<'_> {
    /// The objects that apply, by kind and name, so that nothing depends on how objects are spread over files.
    fn applying<T>(&self, objects: Vec<Object<T>>) -> Vec<Object<T>> {
        let (mut applying, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(|object| {
            object.identity.namespace.is_none() || object.identity.namespace.as_deref() == self.namespace
        });
        for Object { identity, place, .. } in others {
            let namespace = identity.namespace.as_deref().unwrap_or_default();
            self.findings.note(place, format!("{identity} is not used here; it applies with --namespace {namespace}"));
        }
        applying.sort_by(|a, b| a.identity.cmp(&b.identity));
        applying
    }
}

fn broken<T>(objects: &[Object<T>]) -> impl Iterator<Item = Identity> {
    objects.iter().filter(|object| object.content.is_none()).map(|object| object.identity.clone())
}

/// Registries are asked in one way; the namespace's own Store comes before the cluster's.
fn choose_store(stores: &[Object<StoreObject>], findings: &Findings) -> Option<Object<StoreObject>> {
    let namespaced = stores.iter().any(|store| store.identity.namespace.is_some());
    let mut candidates = stores.iter().filter(|store| store.identity.namespace.is_some() == namespaced);
    let chosen = candidates.next()?;
    for other in candidates {
        let message =
            format!("not supported: more than one Store; {} says already how registries are asked", chosen.identity);
        findings.mistake(other.place.clone(), message);
    }
    for other in stores.iter().filter(|store| store.identity.namespace.is_some() != namespaced) {
        findings.note(
            other.place.clone(),
            format!("{} is not used here; {} comes before it", other.identity, chosen.identity),
        );
    }
    Some(chosen.clone())
}

/// A namespace's verifier may add to what the cluster demands. Under `any` it would take from it: one good report is enough, from either.
fn weakening(verifiers: &[Object<VerifierObject>], policy: &CombinationPolicy) -> Vec<Finding> {
    let (cluster, namespaced): (Vec<_>, Vec<_>) =
        verifiers.iter().partition(|object| object.identity.namespace.is_none());
    let weakening = namespaced.into_iter().filter_map(|object| {
        let other = cluster.iter().find(|other| share_a_type_under_any(object, other, policy))?;
        let message = format!(
            "{} takes types of {}, and under \"any\" what it accepts would be enough without the other; \
             give a Policy that says \"all\" for these types",
            object.identity, other.identity
        );
        Some(Finding { place: object.place.clone(), message })
    });
    weakening.collect()
}

fn share_a_type_under_any(a: &Object<VerifierObject>, b: &Object<VerifierObject>, policy: &CombinationPolicy) -> bool {
    let (Some(a), Some(b)) = (&a.content, &b.content) else { return false };
    let rules = &policy.artifact_verification_policies;
    let is_any = |of: &str| rules.get(of).or_else(|| rules.get(DEFAULT)).is_some_and(|rule| rule == ANY);
    let pairs = a
        .artifact_types
        .iter()
        .flat_map(|of_a| b.artifact_types.iter().map(move |of_b| (of_a.as_str(), of_b.as_str())));
    pairs.into_iter().any(|pair| match pair {
        // Every type is shared, those too that the policy names.
        ("*", "*") => rules.values().any(|rule| rule == ANY),
        ("*", of) | (of, "*") => is_any(of),
        (of_a, of_b) => of_a == of_b && is_any(of_a),
    })
}

/// A type in the policy that no verifier takes denies every image: each type that is named needs a good report.
fn tell_untaken_types(verifiers: &[Object<VerifierObject>], policies: &[Object<PolicyObject>], findings: &Findings) {
    let taken: Vec<_> = verifiers
        .iter()
        .filter_map(|object| object.content.as_ref())
        .flat_map(|content| &content.artifact_types)
        .collect();
    for object in policies {
        let named = object.content.iter().flat_map(|policy| policy.artifact_verification_policies.keys());
        for name in named.filter(|name| *name != DEFAULT && !taken.iter().any(|taken| taken == name || *taken == "*")) {
            let message = format!("{} is a type that no verifier takes, so that every image is denied", quoted(name));
            findings.note(object.place.clone(), message);
        }
    }
}

/// The strictest of what applies: a namespace can add to what the cluster demands, and never take from it.
fn combine(policies: &[Object<PolicyObject>]) -> CombinationPolicy {
    let mut policies = policies
        .iter()
        .filter_map(|object| object.content.as_ref())
        .map(|policy| &policy.artifact_verification_policies);
    // Without any Policy object one good signature is enough, as AKS Image Integrity is set up.
    let any = BTreeMap::from([(DEFAULT.to_owned(), ANY.to_owned())]);
    let first = policies.next().unwrap_or(&any).clone();
    CombinationPolicy { artifact_verification_policies: policies.fold(first, |a, b| stricter(&a, b)) }
}

fn stricter(a: &BTreeMap<String, String>, b: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let rule = |map: &BTreeMap<String, String>, artifact_type: &String| {
        map.get(artifact_type).or_else(|| map.get(DEFAULT)).is_none_or(|rule| rule == ALL)
    };
    let types = a.keys().chain(b.keys());
    types.map(|of| (of.clone(), if rule(a, of) || rule(b, of) { ALL } else { ANY }.to_owned())).collect()
}
