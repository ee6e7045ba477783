//! The trust policy document in a verifier, as it is written; what its rules are is the module's to say.

use std::collections::BTreeMap;

use wasm_policy::input::{SignatureVerification, TrustPolicyDocument, TrustPolicyStatement};

use super::{
    field::Field,
    finding::{did_you_mean, quoted},
    verifier::TrustStore,
};

/// Reads `trustPolicyDoc`, whose trust stores are those of one verifier.
pub(super) fn read(field: &Field<'_>, stores: &[TrustStore]) -> Option<TrustPolicyDocument> {
    let mut document = field.mapping()?;
    let version = document.required("version");
    let statements = document.required("trustPolicies");
    document.finish();
    let version = version.and_then(|field| field.text());
    let statements = statements?.items()?;
    let read: Vec<_> = statements.iter().filter_map(|field| read_statement(field, stores)).collect();
    if read.len() < statements.len() {
        return None;
    }
    Some(TrustPolicyDocument { version: version?, trust_policies: read })
}

fn read_statement(field: &Field<'_>, defined: &[TrustStore]) -> Option<TrustPolicyStatement> {
    let mut statement = field.mapping()?;
    let name = statement.required("name");
    let scopes = statement.required("registryScopes");
    let verification = statement.required("signatureVerification");
    let stores = statement.optional("trustStores");
    let identities = statement.optional("trustedIdentities");
    statement.finish();
    let name = name.and_then(|field| field.text());
    let scopes = scopes.and_then(|field| field.texts());
    let verification = verification.and_then(|field| read_verification(&field));
    let stores = stores.map(|field| read_store_names(&field, defined));
    let identities = identities.map(|field| field.texts());
    Some(TrustPolicyStatement {
        name: name?,
        registry_scopes: scopes?,
        signature_verification: verification?,
        trust_stores: stores.map_or(Some(None), |texts| texts.map(Some))?,
        trusted_identities: identities.map_or(Some(None), |texts| texts.map(Some))?,
    })
}

/// A store that is not defined denies every image of the statement: better told now.
fn read_store_names(field: &Field<'_>, defined: &[TrustStore]) -> Option<Vec<String>> {
    let items = field.items()?;
    let names = items.iter().filter_map(|item| {
        let name = item.text()?;
        if !defined.iter().any(|store| store.name == name) {
            let hint = did_you_mean(&name, defined.iter().map(|store| store.name.as_str()));
            item.mistake(format!("the trust store {} is not defined in verificationCertStores{hint}", quoted(&name)));
        }
        Some(name)
    });
    Some(names.collect())
}

fn read_verification(field: &Field<'_>) -> Option<SignatureVerification> {
    let mut verification = field.mapping()?;
    let level = verification.required("level");
    let actions = verification.optional("override");
    let verify_timestamp = verification.optional("verifyTimestamp");
    verification.finish();
    let actions = actions.map(|field| -> Option<BTreeMap<String, String>> {
        field.members()?.into_iter().map(|(check, action)| Some((check, action.text()?))).collect()
    });
    let verify_timestamp = verify_timestamp.map(|field| field.text());
    Some(SignatureVerification {
        level: level?.text()?,
        r#override: actions.map_or(Some(None), |actions| actions.map(Some))?,
        verify_timestamp: verify_timestamp.map_or(Some(None), |text| text.map(Some))?,
    })
}
