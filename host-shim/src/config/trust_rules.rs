//! Which field of a trust policy breaks a rule of the specification.
//!
//! The rules are the module's alone ([`TrustPolicy::parse`]), which stops at the first that is broken and knows no lines. So each field is put into a
//! statement that is sound otherwise, and the module asked about that.

use std::collections::BTreeMap;

use wasm_policy::{
    input::{SignatureVerification, TrustPolicyDocument, TrustPolicyStatement},
    trust::TrustPolicy,
};

use super::{field::Field, finding::did_you_mean, trust_policy::WrittenStatement};

const VERSION: &str = "1.0";
/// The words there are, only to say which of them may have been meant.
const LEVELS: [&str; 4] = ["strict", "permissive", "audit", SKIP];
const CHECKS: [&str; 4] = ["authenticity", "authenticTimestamp", "expiry", "revocation"];
const ACTIONS: [&str; 3] = ["enforce", "log", SKIP];
const TIMESTAMP_RULES: [&str; 2] = ["always", "afterCertExpiry"];
const SKIP: &str = "skip";

/// Tells where the version is not one.
pub(super) fn tell_version(version: &str, field: &Field<'_>) {
    let trust_policies = vec![sound("x", LEVELS[0])];
    if let Some(complaint) = complaint(&TrustPolicyDocument { version: version.to_owned(), trust_policies }) {
        field.mistake(complaint);
    }
}

/// Tells the first of several sound statements that clashes with an earlier one, or that there is none.
pub(super) fn tell_clash(statements: &[TrustPolicyStatement], field: &Field<'_>, items: &[Field<'_>]) {
    // What clashes among the first statements clashes among more.
    let counts: Vec<usize> = (1..=statements.len()).collect();
    let good = counts.partition_point(|count| complaint_about(statements.get(..*count).unwrap_or_default()).is_none());
    if let Some(complaint) = complaint_about(statements.get(..=good).unwrap_or(statements)) {
        items.get(good).unwrap_or(field).mistake(complaint);
    }
}

/// Tells what is wrong with a statement and with none of its fields alone, such as one that is missing at this level.
pub(super) fn tell_statement(statement: &TrustPolicyStatement, field: &Field<'_>) {
    if let Some(complaint) = complaint_about(std::slice::from_ref(statement)) {
        field.mistake(complaint);
    }
}

/// Tells which fields of a statement are wrong, each by itself.
pub(super) fn tell_fields(written: &WrittenStatement<'_>) {
    let WrittenStatement { name, scopes, level, actions, verify_timestamp, stores, identities } = written;
    // Without a level nothing else can be judged.
    let Some((level_field, level)) = level else { return };
    let base = sound(name.as_deref().unwrap_or("?"), level);
    if let Some(complaint) = complaint_about(std::slice::from_ref(&base)) {
        return level_field.mistake(format!("{complaint}{}", did_you_mean(level, LEVELS)));
    }
    let verification = |part: SignatureVerification| TrustPolicyStatement {
        signature_verification: SignatureVerification { level: level.clone(), ..part },
        ..base.clone()
    };
    if let Some((field, scopes)) = scopes {
        blame_list(field, scopes, |registry_scopes| TrustPolicyStatement { registry_scopes, ..base.clone() });
    }
    if let Some((field, actions)) = actions {
        let with = |actions| verification(SignatureVerification { r#override: Some(actions), ..Default::default() });
        let parts = field.members().unwrap_or_default().into_iter().filter_map(|(check, field)| {
            let action = actions.get(&check)?.clone();
            let hint = did_you_mean(&check, CHECKS) + &did_you_mean(&action, ACTIONS);
            Some(Part { field, statement: with(BTreeMap::from([(check, action)])), hint })
        });
        blame(field, &with(actions.clone()), parts.collect());
    }
    if let Some((field, rule)) = verify_timestamp {
        let part = SignatureVerification { verify_timestamp: Some(rule.clone()), ..Default::default() };
        let (statement, hint) = (verification(part), did_you_mean(rule, TIMESTAMP_RULES));
        blame(field, &statement.clone(), vec![Part { field: field.clone(), statement, hint }]);
    }
    if let Some((field, stores)) = stores {
        blame_list(field, stores, |stores| TrustPolicyStatement { trust_stores: Some(stores), ..base.clone() });
    }
    if let Some((field, identities)) = identities {
        let with = |identities| TrustPolicyStatement { trusted_identities: Some(identities), ..base.clone() };
        blame_list(field, identities, with);
    }
}

/// A statement with which nothing is wrong, if the level exists.
fn sound(name: &str, level: &str) -> TrustPolicyStatement {
    let unless_skip = |text: &str| (level != SKIP).then(|| vec![text.to_owned()]);
    TrustPolicyStatement {
        name: name.to_owned(),
        registry_scopes: vec!["registry.example/repository".to_owned()],
        signature_verification: SignatureVerification { level: level.to_owned(), ..Default::default() },
        trust_stores: unless_skip("ca:x"),
        trusted_identities: unless_skip("*"),
    }
}

/// One entry of a field, and a statement that is sound but for it.
struct Part<'a> {
    field: Field<'a>,
    statement: TrustPolicyStatement,
    /// Said after the complaint.
    hint: String,
}

/// Tells the items of a list that are wrong, or the list.
fn blame_list(field: &Field<'_>, texts: &[String], with: impl Fn(Vec<String>) -> TrustPolicyStatement) {
    let part = |(field, text): (_, &String)| Part { field, statement: with(vec![text.clone()]), hint: String::new() };
    let items = field.items().unwrap_or_default();
    // A list of which an item could not be read has been told.
    if items.len() == texts.len() {
        blame(field, &with(texts.to_vec()), items.into_iter().zip(texts).map(part).collect());
    }
}

/// Tells the parts that are wrong by themselves; where none is, or several are for one reason, the whole.
fn blame(whole: &Field<'_>, statement: &TrustPolicyStatement, parts: Vec<Part<'_>>) {
    let Some(of_whole) = complaint_about(std::slice::from_ref(statement)) else { return };
    let wrong: Vec<_> = parts
        .into_iter()
        .filter_map(|part| Some((complaint_about(std::slice::from_ref(&part.statement))?, part)))
        .collect();
    let one_reason = wrong.len() > 1 && wrong.iter().all(|(complaint, _)| *complaint == of_whole);
    if wrong.is_empty() || one_reason {
        return whole.mistake(of_whole);
    }
    for (complaint, Part { field, hint, .. }) in wrong {
        field.mistake(format!("{complaint}{hint}"));
    }
}

fn complaint_about(statements: &[TrustPolicyStatement]) -> Option<String> {
    complaint(&TrustPolicyDocument { version: VERSION.to_owned(), trust_policies: statements.to_vec() })
}

/// What the module says against a document.
fn complaint(document: &TrustPolicyDocument) -> Option<String> {
    Some(TrustPolicy::parse(document).err()?.message)
}
