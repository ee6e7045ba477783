//! Store: how registries are asked for images and signatures.

use std::path::PathBuf;

use super::{
    field::{Field, Mapping},
    finding::{did_you_mean, quoted},
};

/// The authentication provider that reads a docker config.json.
const DOCKER_CONFIG: &str = "dockerConfig";

/// The other authentication providers of Ratify, and why each is refused.
const REFUSED_AUTH_PROVIDERS: [(&str, &str); 5] = [
    ("k8Secrets", "not supported yet: registry logins from Kubernetes secrets"),
    ("azureWorkloadIdentity", "not supported yet: registry logins by Azure workload identity"),
    ("azureManagedIdentity", "not supported yet: registry logins by Azure managed identity"),
    ("awsEcrBasic", "not supported yet: registry logins for Amazon ECR"),
    ("alibabacloudAcrBasic", "not supported: registry logins for Alibaba Cloud, also not later"),
];

/// How registries are asked.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreObject {
    /// Over HTTP without TLS.
    pub(super) use_http: bool,
    /// A docker config.json to log in with.
    pub(super) docker_config: Option<PathBuf>,
}

/// Reads the spec of a Store or NamespacedStore.
pub(super) fn read(mut spec: Mapping<'_>) -> Option<StoreObject> {
    let name = spec.required("name");
    super::verifier::read_plugin_fields(&mut spec);
    let parameters = spec.optional("parameters");
    spec.finish();
    let name = name?;
    let text = name.text()?;
    if text != "oras" {
        name.mistake(format!(
            "unknown store {}; the only one is \"oras\"{}",
            quoted(&text),
            did_you_mean(&text, ["oras"])
        ));
        return None;
    }
    match parameters {
        None => Some(StoreObject::default()),
        Some(parameters) => read_parameters(parameters.mapping()?),
    }
}

fn read_parameters(mut parameters: Mapping<'_>) -> Option<StoreObject> {
    let use_http = parameters.optional("useHttp").map(|field| field.boolean());
    let mut docker_config = None;
    if let Some(field) = parameters.optional("cosignEnabled")
        && field.boolean() == Some(true)
    {
        field.mistake("not supported yet: cosign signatures; set it to false");
    }
    if let Some(field) = parameters.optional("ttl") {
        field.integer(0..=u32::MAX);
        field.note("nothing is kept between runs, so nothing is older than this many seconds");
    }
    if let Some(field) = parameters.optional("authProvider") {
        docker_config = read_auth_provider(&field);
    }
    for name in ["cacheEnabled", "capacity", "keyNumber", "localCachePath"] {
        parameters.refuse(name, "not supported: settings of Ratify's own cache; take the field out");
    }
    parameters.finish();
    Some(StoreObject { use_http: use_http.unwrap_or(Some(false))?, docker_config })
}

/// `dockerConfig` and its file. Without `configPath` it is the file of `docker login`, which is read in any case.
fn read_auth_provider(field: &Field<'_>) -> Option<PathBuf> {
    let mut provider = field.mapping()?;
    let name = provider.required("name")?;
    let text = name.text()?;
    if text == DOCKER_CONFIG {
        let path = provider.optional("configPath").and_then(|path| path.text());
        provider.finish();
        return path.map(PathBuf::from);
    }
    // What else another provider is given does not matter: its fields are not looked at.
    let known = REFUSED_AUTH_PROVIDERS.iter().find(|(known, _)| *known == text);
    name.mistake(known.map_or_else(
        || {
            let known = REFUSED_AUTH_PROVIDERS.iter().map(|(known, _)| *known);
            let hint = did_you_mean(&text, known.chain([DOCKER_CONFIG]));
            format!("unknown authentication provider {}{hint}", quoted(&text))
        },
        |(_, refusal)| (*refusal).to_owned(),
    ));
    None
}
