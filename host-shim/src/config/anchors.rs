//! Trust anchors: CertificateStore and KeyManagementProvider.

use std::sync::Arc;

use super::{
    field::{Field, Mapping},
    finding::{did_you_mean, quoted},
    pem,
};

const KEY_VAULT: &str = "azurekeyvault";
const KEY_VAULT_REFUSED: &str = "not supported yet: certificates from Azure Key Vault; use the provider \"inline\" with the certificates as PEM text";

/// Certificates that verifiers refer to by the object's name.
#[derive(Clone, Debug)]
pub(super) struct TrustAnchors {
    /// One or more CERTIFICATE blocks, and nothing else.
    pub(super) pem: Arc<str>,
}

/// Reads the spec of a CertificateStore.
pub(super) fn read_certificate_store(mut spec: Mapping<'_>) -> Option<TrustAnchors> {
    let provider = spec.required("provider");
    let parameters = spec.required("parameters");
    spec.finish();
    check_provider(&provider?)?;
    let mut parameters = parameters?.mapping()?;
    let value = parameters.required("value");
    parameters.finish();
    Some(TrustAnchors { pem: pem::certificates(&value?)?.into() })
}

/// Reads the spec of a KeyManagementProvider or NamespacedKeyManagementProvider.
pub(super) fn read_key_management_provider(mut spec: Mapping<'_>) -> Option<TrustAnchors> {
    let (of_type, of_provider) = (spec.optional("type"), spec.optional("provider"));
    let provider = match (of_type, of_provider) {
        (Some(field), None) | (None, Some(field)) => Some(field),
        (None, None) => spec.required("type"),
        (Some(_), Some(second)) => {
            second.mistake("`provider` is another name of `type`; give one of the two");
            None
        }
    };
    if let Some(interval) = spec.optional("refreshInterval") {
        // Ratify's own definition of the kind lets the API server write an empty one.
        interval.string();
        interval.note("has no effect: certificates that are written here are not fetched again");
    }
    let parameters = spec.required("parameters");
    spec.finish();
    check_provider(&provider?)?;
    let mut parameters = parameters?.mapping()?;
    let content_type = parameters.optional("contentType");
    let value = parameters.required("value");
    parameters.finish();
    // Where it is absent, the labels of the PEM blocks say what they hold.
    if let Some(field) = content_type
        && field.one_of(&["certificate", "key"])? == "key"
    {
        field.mistake("not supported yet: keys, which cosign verifiers use; give a certificate");
        return None;
    }
    Some(TrustAnchors { pem: pem::certificates(&value?)?.into() })
}

/// `None` where the provider is not one that is supported, which has been told.
fn check_provider(field: &Field<'_>) -> Option<()> {
    let provider = field.text()?;
    if provider == "inline" {
        return Some(());
    }
    field.mistake(if provider == KEY_VAULT {
        KEY_VAULT_REFUSED.to_owned()
    } else {
        format!("unknown provider {}{}", quoted(&provider), did_you_mean(&provider, ["inline", KEY_VAULT]))
    });
    None
}
