//! Store: how registries are asked for images and signatures.

use std::path::PathBuf;

use super::{
    field::{Field, Mapping},
    finding::{did_you_mean, quoted},
    logins::{Logins, SecretName, ServiceAccountName},
    object::{Home, Origin, check_name},
};

/// The authentication provider that reads a docker config.json.
const DOCKER_CONFIG: &str = "dockerConfig";
/// The authentication provider that reads Kubernetes' secrets.
const K8_SECRETS: &str = "k8Secrets";
/// The account that Ratify asks for imagePullSecrets where none is named.
const DEFAULT_SERVICE_ACCOUNT: &str = "default";
/// Secrets that a Store names; each is fetched before the first registry is asked.
const MAX_SECRETS: usize = 20;

/// The other authentication providers of Ratify, and why each is refused.
const REFUSED_AUTH_PROVIDERS: [(&str, &str); 4] = [
    ("azureWorkloadIdentity", "not supported yet: registry logins by Azure workload identity"),
    ("azureManagedIdentity", "not supported yet: registry logins by Azure managed identity"),
    ("awsEcrBasic", "not supported yet: registry logins for Amazon ECR"),
    ("alibabacloudAcrBasic", "not supported: registry logins for Alibaba Cloud, also not later"),
];
const NO_CLUSTER: &str = "secrets of a cluster cannot be read here, where the configuration comes from files; \
     log in with a docker config: `dockerConfig`";
const NO_FILES_FOR_TENANTS: &str = "a namespace's Store cannot name files of the server, which hold the cluster's logins; \
     put the login into a Secret of the namespace, and name it with `k8Secrets`";

/// How registries are asked.
#[derive(Clone, Debug, Default)]
pub(super) struct StoreObject {
    /// Over HTTP without TLS.
    pub(super) use_http: bool,
    /// What to log in with.
    pub(super) logins: Logins,
}

/// Reads the spec of a Store or NamespacedStore.
pub(super) fn read(mut spec: Mapping<'_>, home: &Home<'_>) -> Option<StoreObject> {
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
        Some(parameters) => read_parameters(parameters.mapping()?, home),
    }
}

fn read_parameters(mut parameters: Mapping<'_>, home: &Home<'_>) -> Option<StoreObject> {
    let use_http = parameters.optional("useHttp").map(|field| field.boolean());
    let mut logins = Logins::None;
    if let Some(field) = parameters.optional("cosignEnabled")
        && field.boolean() == Some(true)
    {
        field.mistake("not supported yet: cosign signatures; set it to false");
    }
    if let Some(field) = parameters.optional("ttl") {
        field.integer(0..=u32::MAX);
        field.note("has no effect: it is a setting of Ratify's own cache");
    }
    if let Some(field) = parameters.optional("authProvider") {
        logins = read_auth_provider(&field, home).unwrap_or_default();
    }
    for name in ["cacheEnabled", "capacity", "keyNumber", "localCachePath"] {
        parameters.refuse(name, "not supported: settings of Ratify's own cache; take the field out");
    }
    parameters.finish();
    Some(StoreObject { use_http: use_http.unwrap_or(Some(false))?, logins })
}

fn read_auth_provider(field: &Field<'_>, home: &Home<'_>) -> Option<Logins> {
    let mut provider = field.mapping()?;
    let name = provider.required("name")?;
    let text = name.text()?;
    match (text.as_str(), home.origin) {
        (DOCKER_CONFIG, Origin::Cluster { .. }) if home.namespace.is_some() => name.mistake(NO_FILES_FOR_TENANTS),
        (DOCKER_CONFIG, _) => return Some(read_docker_config(provider)),
        (K8_SECRETS, Origin::Files) => name.mistake(NO_CLUSTER),
        (K8_SECRETS, Origin::Cluster { release_namespace }) => {
            return Some(read_secrets(provider, home.namespace, home.namespace.unwrap_or(release_namespace)));
        }
        // What else another provider is given does not matter: its fields are not looked at.
        (other, _) => refuse_auth_provider(&name, other),
    }
    None
}

/// Without `configPath` it is the file of `docker login`.
fn read_docker_config(mut provider: Mapping<'_>) -> Logins {
    let path = provider.optional("configPath").and_then(|path| path.text());
    provider.finish();
    Logins::DockerConfig(path.map(PathBuf::from))
}

/// As Ratify reads it: what names no namespace is in that of the release; for a namespace's Store, in its own.
fn read_secrets(mut provider: Mapping<'_>, tenant: Option<&str>, default_namespace: &str) -> Logins {
    let account = provider.optional("serviceAccountName").and_then(|field| read_name(&field));
    let listed = provider.optional("secrets");
    provider.finish();
    let mut items = listed.as_ref().and_then(Field::items).unwrap_or_default();
    if let Some(field) = listed.filter(|_| items.len() > MAX_SECRETS) {
        field.mistake(format!("more than {MAX_SECRETS} secrets; one can hold the logins of many registries"));
        items.clear();
    }
    let secrets = items.iter().filter_map(|item| {
        let mut secret = item.mapping()?;
        let name = secret.required("secretName");
        let namespace_field = secret.optional("namespace");
        secret.finish();
        let namespace = match &namespace_field {
            Some(field) => read_name(field)?,
            None => default_namespace.to_owned(),
        };
        if let (Some(tenant), Some(field)) = (tenant, namespace_field)
            && tenant != namespace
        {
            field.mistake(format!("a Store of the namespace {tenant} can name secrets of that namespace only"));
        }
        Some(SecretName { namespace, name: read_name(&name?)? })
    });
    Logins::Secrets {
        secrets: secrets.collect(),
        service_account: ServiceAccountName {
            namespace: default_namespace.to_owned(),
            name: account.unwrap_or_else(|| DEFAULT_SERVICE_ACCOUNT.to_owned()),
        },
    }
}

fn read_name(field: &Field<'_>) -> Option<String> {
    let name = field.text()?;
    check_name(&name, field);
    Some(name)
}

fn refuse_auth_provider(name: &Field<'_>, text: &str) {
    let known = REFUSED_AUTH_PROVIDERS.iter().find(|(known, _)| *known == text);
    name.mistake(known.map_or_else(
        || {
            let known = REFUSED_AUTH_PROVIDERS.iter().map(|(known, _)| *known);
            let hint = did_you_mean(text, known.chain([DOCKER_CONFIG, K8_SECRETS]));
            format!("unknown authentication provider {}{hint}", quoted(text))
        },
        |(_, refusal)| (*refusal).to_owned(),
    ));
}
