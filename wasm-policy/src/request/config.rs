//! The configuration in the input. Unknown fields are an error everywhere in it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Verifier,
    fields::{Fields, texts},
};
use crate::{
    code::{Code, Failure},
    input::{self, SignatureVerification, TrustPolicyDocument, TrustPolicyStatement},
    text::{Value, shown},
    trust::{StoreName, TrustPolicy},
};

/// Signatures that are tried where the verifier does not say.
const DEFAULT_MAX_SIGNATURES: u64 = 50;
/// The most that a verifier may say: as many as a listing may have.
const MOST_MAX_SIGNATURES: u64 = 1_000;

/// How the reports of a type are combined.
pub(crate) struct Combination {
    by_type: BTreeMap<String, Rule>,
    default: Rule,
}

/// How many of the reports must be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Any,
    All,
}

impl Combination {
    /// The rule for a type.
    pub(crate) fn rule(&self, artifact_type: &str) -> Rule {
        self.by_type.get(artifact_type).copied().unwrap_or(self.default)
    }

    /// The types that an image must have.
    pub(crate) fn named_types(&self) -> impl Iterator<Item = &str> {
        self.by_type.keys().map(String::as_str)
    }
}

pub(super) fn read(value: &Value<'_>) -> Result<(Vec<Verifier>, Combination), Failure> {
    let config = Fields::new(value, "config", Code::ConfigInvalid)?.only(&["verifiers", "policy"])?;
    let mut verifiers: Vec<Verifier> = Vec::new();
    for fields in config.each("verifiers")? {
        let verifier = read_verifier(fields)?;
        if verifiers.iter().any(|other| other.config.name == verifier.config.name) {
            let message = format!("two verifiers are named `{}`", shown(&verifier.config.name));
            return Err(Failure::new(Code::ConfigInvalid, message));
        }
        verifiers.push(verifier);
    }
    let combination = match config.optional("policy") {
        Some(_) => read_combination(&config.fields("policy")?.only(&["artifactVerificationPolicies"])?)?,
        None => Combination { by_type: BTreeMap::new(), default: Rule::All },
    };
    Ok((verifiers, combination))
}

fn read_verifier(fields: Fields<'_, '_>) -> Result<Verifier, Failure> {
    let known = ["name", "type", "artifactTypes", "trustPolicyDoc", "trustStores", "maxSignatures", "userMetadata"];
    let fields = fields.only(&known)?;
    let name = fields.text("name")?;
    if name.is_empty() {
        return Err(fields.wrong("name", "is empty"));
    }
    let kind = fields.text("type")?;
    if kind != "notation" {
        return Err(fields.wrong("type", format!("is `{}`; this module knows notation", shown(kind))));
    }
    let artifact_types = fields.texts("artifactTypes")?;
    let unique: BTreeSet<_> = artifact_types.iter().collect();
    if artifact_types.is_empty() || unique.len() < artifact_types.len() || artifact_types.iter().any(String::is_empty) {
        return Err(fields.wrong("artifactTypes", "is empty, or holds an empty type or one twice"));
    }
    let max_signatures = match fields.optional("maxSignatures") {
        None => DEFAULT_MAX_SIGNATURES,
        Some(value) => value
            .as_size()
            .filter(|count| (1..=MOST_MAX_SIGNATURES).contains(count))
            .ok_or_else(|| fields.wrong("maxSignatures", "is not a whole number from 1 to 1000"))?,
    };
    let document =
        read_trust_policy(fields.required("trustPolicyDoc")?).map_err(|failure| in_verifier(name, &failure))?;
    let policy = TrustPolicy::parse(&document).map_err(|failure| in_verifier(name, &failure))?;
    let max_signatures = u32::try_from(max_signatures).unwrap_or_default();
    Ok(Verifier {
        config: input::Verifier {
            name: name.to_owned(),
            r#type: kind.to_owned(),
            artifact_types,
            trust_policy_doc: document,
            trust_stores: read_stores(&fields)?,
            max_signatures: Some(max_signatures),
            user_metadata: read_map(&fields, "userMetadata")?.unwrap_or_default(),
        },
        policy,
        max_signatures: max_signatures as usize,
    })
}

fn in_verifier(name: &str, failure: &Failure) -> Failure {
    Failure::new(failure.code, format!("verifier `{}`: {}", shown(name), failure.message))
}

fn read_stores(fields: &Fields<'_, '_>) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut stores = BTreeMap::new();
    for (name, value) in fields.object("trustStores")?.iter() {
        StoreName::parse(name).map_err(|what| Failure::new(Code::ConfigInvalid, what))?;
        let place = format!("trustStores `{}`", shown(name));
        let Some(elements) = value.as_array() else {
            return Err(Failure::new(Code::ConfigInvalid, format!("{place} is {}, not an array", value.kind())));
        };
        stores.insert(name.to_owned(), texts(elements, &place, Code::ConfigInvalid)?);
    }
    Ok(stores)
}

fn read_combination(fields: &Fields<'_, '_>) -> Result<Combination, Failure> {
    let mut by_type = BTreeMap::new();
    for (artifact_type, rule) in read_map(fields, "artifactVerificationPolicies")?.unwrap_or_default() {
        let rule = match rule.as_str() {
            "any" => Rule::Any,
            "all" => Rule::All,
            other => {
                let what = format!("has `{}` for `{}`, which is not any or all", shown(other), shown(&artifact_type));
                return Err(fields.wrong("artifactVerificationPolicies", what));
            }
        };
        by_type.insert(artifact_type, rule);
    }
    let default = by_type.remove("default").unwrap_or(Rule::All);
    Ok(Combination { by_type, default })
}

fn read_trust_policy(value: &Value<'_>) -> Result<TrustPolicyDocument, Failure> {
    let document =
        Fields::new(value, "trustPolicyDoc", Code::TrustPolicyInvalid)?.only(&["version", "trustPolicies"])?;
    let mut trust_policies = Vec::new();
    for statement in document.each("trustPolicies")? {
        trust_policies.push(read_statement(statement)?);
    }
    Ok(TrustPolicyDocument { version: document.text("version")?.to_owned(), trust_policies })
}

fn read_statement(fields: Fields<'_, '_>) -> Result<TrustPolicyStatement, Failure> {
    let known = ["name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"];
    let fields = fields.only(&known)?;
    let strictness = fields.fields("signatureVerification")?.only(&["level", "override", "verifyTimestamp"])?;
    let optional_texts = |name| fields.optional(name).map(|_| fields.texts(name)).transpose();
    Ok(TrustPolicyStatement {
        name: fields.text("name")?.to_owned(),
        registry_scopes: fields.texts("registryScopes")?,
        signature_verification: SignatureVerification {
            level: strictness.text("level")?.to_owned(),
            r#override: read_map(&strictness, "override")?,
            verify_timestamp: strictness.optional_text("verifyTimestamp")?.map(str::to_owned),
        },
        trust_stores: optional_texts("trustStores")?,
        trusted_identities: optional_texts("trustedIdentities")?,
    })
}

/// A map of strings; none where the member is absent.
fn read_map(fields: &Fields<'_, '_>, name: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
    if fields.optional(name).is_none() {
        return Ok(None);
    }
    let mut map = BTreeMap::new();
    for (key, value) in fields.object(name)?.iter() {
        let value = value
            .as_str()
            .ok_or_else(|| fields.wrong(name, format!("has {} for `{}`, not a string", value.kind(), shown(key))))?;
        map.insert(key.to_owned(), value.to_owned());
    }
    Ok(Some(map))
}
