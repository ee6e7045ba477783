//! Verifier: which artifacts are judged, by which trust policy and trust stores.

use std::collections::{BTreeMap, BTreeSet};

use wasm_policy::{input::TrustPolicyDocument, trust::StoreName};

use super::{
    field::{Field, Mapping},
    finding::{Place, did_you_mean, quoted},
    trust_policy,
};

/// The only version of plugins that Ratify has.
const PLUGIN_VERSION: &str = "1.0.0";
/// More than any verifier needs; each is compared with those of the policy and of other verifiers.
const MAX_ARTIFACT_TYPES: usize = 100;
const CERTIFICATE_PATHS_REFUSED: &str = "not supported: paths of certificates; put the certificates into a CertificateStore \
     or KeyManagementProvider, and name it in verificationCertStores";
const STORE_TYPES: [&str; 3] = ["ca", "signingAuthority", "tsa"];

/// A verifier of Notation signatures, before its trust stores are looked up.
#[derive(Clone, Debug)]
pub(super) struct VerifierObject {
    pub(super) artifact_types: Vec<String>,
    pub(super) trust_policy_doc: TrustPolicyDocument,
    pub(super) trust_stores: Vec<TrustStore>,
    pub(super) max_signatures: Option<u32>,
    pub(super) user_metadata: BTreeMap<String, String>,
}

/// A trust store and the objects whose certificates it is made of.
#[derive(Clone, Debug)]
pub(super) struct TrustStore {
    /// As `ca:certs`.
    pub(super) name: String,
    pub(super) references: Vec<Reference>,
}

/// The name of an object that holds trust anchors: `name` or `namespace/name`.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) text: String,
    pub(super) place: Place,
}

/// Reads the spec of a Verifier or NamespacedVerifier. What cannot be read is told, and empty.
pub(super) fn read(mut spec: Mapping<'_>) -> Option<VerifierObject> {
    let name = spec.required("name");
    let of_type = spec.optional("type");
    read_plugin_fields(&mut spec);
    let artifact_types = spec.required("artifactTypes");
    let parameters = spec.required("parameters");
    spec.finish();
    // `name` says the type of verifier where `type` does not.
    check_type(&of_type.or(name)?)?;
    let artifact_types = artifact_types.and_then(|field| read_artifact_types(&field)).unwrap_or_default();
    let mut parameters = parameters?.mapping()?;
    let stores = parameters.optional("verificationCertStores");
    let document = parameters.required("trustPolicyDoc");
    let max_signatures = parameters.optional("maxSignatures");
    let user_metadata = parameters.optional("userMetadata");
    parameters.refuse("verificationCerts", CERTIFICATE_PATHS_REFUSED);
    parameters.finish();
    let stores = stores.map_or(Some(Vec::new()), |field| read_stores(&field));
    Some(VerifierObject {
        artifact_types,
        trust_policy_doc: document.map(|field| trust_policy::read(&field, stores.as_deref())).unwrap_or_default(),
        trust_stores: stores.unwrap_or_default(),
        max_signatures: max_signatures.and_then(|field| field.integer(1..=1_000)),
        user_metadata: user_metadata.and_then(|field| read_user_metadata(&field)).unwrap_or_default(),
    })
}

/// The fields that place a plugin: all of ours are built in.
pub(super) fn read_plugin_fields(spec: &mut Mapping<'_>) {
    if let Some(field) = spec.optional("version")
        && let Some(version) = field.text()
        && version != PLUGIN_VERSION
    {
        field.mistake(format!("unknown version {}; the only one is \"{PLUGIN_VERSION}\"", quoted(&version)));
    }
    for name in ["address", "source"] {
        spec.refuse(name, "not supported: plugins are not run; take the field out");
    }
}

fn check_type(field: &Field<'_>) -> Option<()> {
    let text = field.text()?;
    field.mistake(match text.as_str() {
        "notation" => return Some(()),
        "cosign" => "not supported yet: cosign signatures; sign with Notation, or take this verifier out".to_owned(),
        other => format!(
            "unknown type of verifier {}; the only one is \"notation\"{}",
            quoted(other),
            did_you_mean(other, ["notation"])
        ),
    });
    None
}

/// A comma list; `*` is every type.
fn read_artifact_types(field: &Field<'_>) -> Option<Vec<String>> {
    let text = field.text()?;
    let types: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
    let unique: BTreeSet<_> = types.iter().collect();
    if types.len() > MAX_ARTIFACT_TYPES {
        field.mistake(format!("more than {MAX_ARTIFACT_TYPES} artifact types; write \"*\" for every type"));
        return None;
    }
    if types.iter().any(String::is_empty) {
        field.mistake("an artifact type is empty; write them with one comma between two");
    } else if unique.len() < types.len() {
        field.mistake("an artifact type occurs twice; take one out");
    }
    Some(types)
}

/// Both forms: stores by type and name, and the older one by name alone, which is of type `ca`.
fn read_stores(field: &Field<'_>) -> Option<Vec<TrustStore>> {
    let members = field.members()?;
    let by_type = members.iter().filter(|(_, value)| value.is_mapping()).count();
    if by_type == 0 {
        return Some(members.iter().map(|(name, value)| read_store("ca", name, value)).collect());
    }
    if by_type < members.len() {
        field.mistake("mixes two forms: either lists by store name (of type ca), or mappings by store type (ca, signingAuthority, tsa); use one");
        return None;
    }
    let mut stores = Vec::new();
    for (store_type, value) in members {
        if STORE_TYPES.contains(&store_type.as_str()) {
            stores.extend(value.members()?.iter().map(|(name, value)| read_store(&store_type, name, value)));
        } else {
            value.mistake(format!(
                "unknown type of trust store {}; expected ca, signingAuthority or tsa{}",
                quoted(&store_type),
                did_you_mean(&store_type, STORE_TYPES)
            ));
        }
    }
    Some(stores)
}

/// A store with mistakes in it is one nevertheless, so that the policies that name it are not said to be wrong as well.
fn read_store(store_type: &str, name: &str, field: &Field<'_>) -> TrustStore {
    let name = format!("{store_type}:{name}");
    if let Err(message) = StoreName::parse(&name) {
        field.mistake(message);
    }
    let items = field.items();
    if items.as_ref().is_some_and(Vec::is_empty) {
        field.mistake("the trust store is empty; name at least one CertificateStore or KeyManagementProvider");
    }
    let references = items.unwrap_or_default();
    let references = references.iter().filter_map(|item| Some(Reference { text: item.text()?, place: item.place() }));
    TrustStore { name, references: references.collect() }
}

fn read_user_metadata(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    Some(field.members()?.into_iter().filter_map(|(key, value)| Some((key, value.string()?))).collect())
}
