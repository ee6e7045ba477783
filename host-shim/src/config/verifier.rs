//! Verifier: which artifacts are judged, by which trust policy and trust stores.

use std::collections::BTreeMap;

use wasm_policy::input::TrustPolicyDocument;

use super::{
    field::{Field, Mapping},
    finding::{Place, did_you_mean, quoted},
    trust_policy,
};

/// The only version of plugins that Ratify has.
const PLUGIN_VERSION: &str = "1.0.0";
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

/// Reads the spec of a Verifier or NamespacedVerifier.
pub(super) fn read(mut spec: Mapping<'_>) -> Option<VerifierObject> {
    let name = spec.required("name");
    let of_type = spec.optional("type");
    read_plugin_fields(&mut spec);
    let artifact_types = spec.required("artifactTypes");
    let parameters = spec.required("parameters");
    spec.finish();
    // `name` says the type of verifier where `type` does not.
    check_type(&of_type.or(name)?)?;
    let artifact_types = artifact_types.and_then(|field| read_artifact_types(&field));
    let mut parameters = parameters?.mapping()?;
    let stores = parameters.optional("verificationCertStores");
    let document = parameters.required("trustPolicyDoc");
    let max_signatures = parameters.optional("maxSignatures").map(|field| field.integer(1..=1_000));
    let user_metadata = parameters.optional("userMetadata");
    parameters.refuse("verificationCerts", "not supported: paths of certificates; put them into an inline CertificateStore or KeyManagementProvider, and name it in verificationCertStores");
    parameters.finish();
    let trust_stores = stores.map_or(Some(Vec::new()), |field| read_stores(&field));
    let user_metadata = user_metadata.map_or(Some(BTreeMap::new()), |field| read_user_metadata(&field));
    Some(VerifierObject {
        trust_policy_doc: trust_policy::read(&document?, trust_stores.as_deref().unwrap_or_default())?,
        artifact_types: artifact_types?,
        trust_stores: trust_stores?,
        max_signatures: max_signatures.map_or(Some(None), |value| value.map(Some))?,
        user_metadata: user_metadata?,
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
    if types.iter().any(String::is_empty) {
        field.mistake("an artifact type between two commas is empty");
        return None;
    }
    Some(types)
}

/// Both forms: stores by type and name, and the older one by name alone, which is of type `ca`.
fn read_stores(field: &Field<'_>) -> Option<Vec<TrustStore>> {
    let members = field.members()?;
    let by_type = members.iter().filter(|(_, value)| value.is_mapping()).count();
    if by_type == 0 {
        return Some(members.iter().filter_map(|(name, value)| read_store("ca", name, value)).collect());
    }
    if by_type < members.len() {
        field.mistake("mixes two forms: either lists by store name (of type ca), or mappings by store type (ca, signingAuthority, tsa); use one");
        return None;
    }
    let mut stores = Vec::new();
    for (store_type, value) in members {
        if STORE_TYPES.contains(&store_type.as_str()) {
            stores.extend(value.members()?.iter().filter_map(|(name, value)| read_store(&store_type, name, value)));
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

fn read_store(store_type: &str, name: &str, field: &Field<'_>) -> Option<TrustStore> {
    let items = field.items()?;
    if items.is_empty() {
        field.mistake("the trust store is empty; name at least one CertificateStore or KeyManagementProvider");
    }
    let references = items.iter().filter_map(|item| Some(Reference { text: item.text()?, place: item.place() }));
    Some(TrustStore { name: format!("{store_type}:{name}"), references: references.collect() })
}

fn read_user_metadata(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    Some(field.members()?.into_iter().filter_map(|(key, value)| Some((key, value.text()?))).collect())
}
