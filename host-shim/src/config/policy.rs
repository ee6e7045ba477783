//! Policy: how the reports about an image's artifacts are combined into one verdict.

use std::collections::BTreeMap;

use super::{
    field::Mapping,
    finding::{did_you_mean, quoted},
};

/// The name that the one Policy object must have.
pub(super) const NAME: &str = "ratify-policy";
/// The key for types that are not named.
pub(super) const DEFAULT: &str = "default";
pub(super) const ANY: &str = "any";
pub(super) const ALL: &str = "all";

/// `any` or `all` by artifact type, and for the types that are not named.
#[derive(Clone, Debug)]
pub(super) struct PolicyObject {
    /// Always with [`DEFAULT`].
    pub(super) artifact_verification_policies: BTreeMap<String, String>,
}

/// Reads the spec of a Policy or NamespacedPolicy.
pub(super) fn read(mut spec: Mapping<'_>) -> Option<PolicyObject> {
    let of_type = spec.required("type");
    let parameters = spec.optional("parameters");
    spec.finish();
    let of_type = of_type?;
    match of_type.text()?.as_str() {
        "config-policy" => {}
        "rego-policy" => {
            of_type.mistake("not supported yet: rego-policy; use config-policy, or write Rego over the verdict in OPA");
            return None;
        }
        other => {
            let hint = did_you_mean(other, ["config-policy", "rego-policy"]);
            of_type.mistake(format!("unknown type of policy {}{hint}", quoted(other)));
            return None;
        }
    }
    let mut policies = BTreeMap::new();
    if let Some(parameters) = parameters {
        let mut parameters = parameters.mapping()?;
        let by_type = parameters.optional("artifactVerificationPolicies");
        parameters.finish();
        for (artifact_type, rule) in by_type.map_or(Some(Vec::new()), |field| field.members())? {
            policies.insert(artifact_type, rule.one_of(&[ANY, ALL])?.to_owned());
        }
    }
    // A Policy object that says nothing demands the most.
    policies.entry(DEFAULT.to_owned()).or_insert_with(|| ALL.to_owned());
    Some(PolicyObject { artifact_verification_policies: policies })
}
