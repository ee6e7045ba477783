//! The trust policy document in a verifier, as it is written; [`trust_rules`] tells which fields break the specification's rules.

use std::collections::BTreeMap;

use wasm_policy::input::{SignatureVerification, TrustPolicyDocument, TrustPolicyStatement};

use super::{
    field::Field,
    finding::{did_you_mean, quoted},
    trust_rules,
    verifier::TrustStore,
};

/// A field and what it holds.
pub(super) type Written<'a, T> = (Field<'a>, T);

/// What could be read of a statement; what could not has been told.
pub(super) struct WrittenStatement<'a> {
    pub(super) name: Option<String>,
    pub(super) scopes: Option<Written<'a, Vec<String>>>,
    pub(super) level: Option<Written<'a, String>>,
    pub(super) actions: Option<Written<'a, BTreeMap<String, String>>>,
    pub(super) verify_timestamp: Option<Written<'a, String>>,
    pub(super) stores: Option<Written<'a, Vec<String>>>,
    pub(super) identities: Option<Written<'a, Vec<String>>>,
}

impl WrittenStatement<'_> {
    fn into_statement(self) -> TrustPolicyStatement {
        let Self { name, scopes, level, actions, verify_timestamp, stores, identities } = self;
        TrustPolicyStatement {
            name: name.unwrap_or_default(),
            registry_scopes: scopes.map(|(_, scopes)| scopes).unwrap_or_default(),
            signature_verification: SignatureVerification {
                level: level.map(|(_, level)| level).unwrap_or_default(),
                r#override: actions.map(|(_, actions)| actions),
                verify_timestamp: verify_timestamp.map(|(_, rule)| rule),
            },
            trust_stores: stores.map(|(_, stores)| stores),
            trusted_identities: identities.map(|(_, identities)| identities),
        }
    }
}

/// Reads `trustPolicyDoc`; what cannot be read is told, and empty. The trust stores are the verifier's, where they could be read.
pub(super) fn read(field: &Field<'_>, stores: Option<&[TrustStore]>) -> TrustPolicyDocument {
    let Some(mut document) = field.mapping() else { return TrustPolicyDocument::default() };
    let mistakes = field.mistakes();
    let version = document.required("version").and_then(|field| written(field, Field::text));
    let statements = document.required("trustPolicies").and_then(|field| written(field, Field::items));
    document.finish();
    if let Some((field, version)) = &version {
        trust_rules::tell_version(version, field);
    }
    let items = statements.iter().flat_map(|(_, items)| items);
    let trust_policies: Vec<_> = items.filter_map(|item| read_statement(item, stores)).collect();
    if let Some((field, items)) = &statements
        && field.mistakes() == mistakes
    {
        trust_rules::tell_clash(&trust_policies, field, items);
    }
    TrustPolicyDocument { version: version.map(|(_, version)| version).unwrap_or_default(), trust_policies }
}

fn read_statement(field: &Field<'_>, defined: Option<&[TrustStore]>) -> Option<TrustPolicyStatement> {
    let mut statement = field.mapping()?;
    let mistakes = field.mistakes();
    let name = statement.required("name").and_then(|field| field.text());
    let scopes = statement.required("registryScopes").and_then(|field| written(field, Field::texts));
    let verification = statement.required("signatureVerification").and_then(|field| field.mapping());
    let stores = statement.optional("trustStores").and_then(|field| written(field, Field::texts));
    let identities = statement.optional("trustedIdentities").and_then(|field| written(field, Field::texts));
    for misplaced in ["level", "override", "verifyTimestamp"] {
        let meant = format!("belongs under signatureVerification; did you mean \"signatureVerification.{misplaced}\"?");
        statement.refuse(misplaced, &meant);
    }
    statement.finish();
    if let (Some((field, names)), Some(defined)) = (&stores, defined) {
        tell_undefined_stores(field, names, defined);
    }
    let (mut level, mut actions, mut verify_timestamp) = (None, None, None);
    if let Some(mut verification) = verification {
        level = verification.required("level").and_then(|field| written(field, Field::text));
        actions = verification.optional("override").and_then(|field| written(field, read_actions));
        verify_timestamp = verification.optional("verifyTimestamp").and_then(|field| written(field, Field::text));
        verification.finish();
    }
    let written = WrittenStatement { name, scopes, level, actions, verify_timestamp, stores, identities };
    trust_rules::tell_fields(&written);
    let statement = written.into_statement();
    if field.mistakes() == mistakes {
        trust_rules::tell_statement(&statement, field);
    }
    Some(statement)
}

fn written<'a, T>(field: Field<'a>, read: impl Fn(&Field<'a>) -> Option<T>) -> Option<Written<'a, T>> {
    read(&field).map(|value| (field, value))
}

fn read_actions(field: &Field<'_>) -> Option<BTreeMap<String, String>> {
    field.members()?.into_iter().map(|(check, action)| Some((check, action.text()?))).collect()
}

/// A store that is not defined denies every image of the statement: better told now.
fn tell_undefined_stores(field: &Field<'_>, names: &[String], defined: &[TrustStore]) {
    let items = field.items().unwrap_or_default();
    // A list of which an item could not be read has been told.
    for (item, name) in items.iter().zip(names).filter(|_| items.len() == names.len()) {
        if !defined.iter().any(|store| store.name == *name) {
            let hint = did_you_mean(name, defined.iter().map(|store| store.name.as_str()));
            item.mistake(format!("the trust store {} is not defined in verificationCertStores{hint}", quoted(name)));
        }
    }
}
