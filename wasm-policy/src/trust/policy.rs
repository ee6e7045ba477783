//! Trust policy documents: which statement applies to a repository, and how strict it is (Notary Project trust policy, "trustPolicies").

use std::collections::BTreeSet;

use crate::{
    code::{Code, Failure},
    input::{SignatureVerification, TrustPolicyDocument, TrustPolicyStatement},
    reference::is_repository,
    text::shown,
    trust::{StoreName, TrustedIdentities},
    verdict::Action,
};

/// A trust policy document that keeps every rule of the specification.
#[derive(Clone, Debug)]
pub struct TrustPolicy {
    statements: Vec<Statement>,
}

/// One statement of a trust policy.
#[derive(Clone, Debug)]
pub struct Statement {
    name: String,
    scopes: Vec<String>,
    level: Level,
    stores: Vec<StoreName>,
    identities: TrustedIdentities,
}

/// How strict a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing is checked: every image passes, also without signatures.
    Skip,
    /// The signature is checked, and the actions say what a failed check means.
    Verify(Actions),
}

/// What a failed check means, by check. Integrity and payload are always enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// Trust store and trusted identity.
    pub authenticity: Action,
    /// Validity of the certificates at the time that counts.
    pub authentic_timestamp: Action,
    /// The signature's own expiry.
    pub expiry: Action,
    /// Revocation of certificates.
    pub revocation: Action,
    /// When a `tsa` store makes a timestamp necessary.
    pub timestamp: TimestampRule,
}

/// When a policy with a `tsa` store needs a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampRule {
    /// For every signature.
    Always,
    /// Only where a certificate of the chain has expired.
    AfterCertificateExpiry,
}

impl TrustPolicy {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Code::TrustPolicyInvalid`], naming the statement and the rule that it breaks.
    pub fn parse(document: &TrustPolicyDocument) -> Result<Self, Failure> {
        if document.version != "1.0" {
            return Err(invalid(format!("version `{}` is not 1.0", shown(&document.version))));
        }
        if document.trust_policies.is_empty() {
            return Err(invalid("trustPolicies is empty"));
        }
        let statements = document.trust_policies.iter().map(Statement::parse).collect::<Result<Vec<_>, _>>()?;
        let (mut names, mut scopes) = (BTreeSet::new(), BTreeSet::new());
        for statement in &statements {
            if !names.insert(&statement.name) {
                return Err(invalid(format!("two statements are named `{}`", shown(&statement.name))));
            }
            for scope in &statement.scopes {
                if !scopes.insert(scope) {
                    return Err(invalid(format!("the scope `{}` occurs twice", shown(scope))));
                }
            }
        }
        Ok(Self { statements })
    }

    /// The statement for a repository: the one that names it, else the one with the scope `*`.
    pub fn applicable(&self, repository: &str) -> Option<&Statement> {
        let with = |scope: &str| self.statements.iter().find(|statement| statement.scopes.iter().any(|s| s == scope));
        with(repository).or_else(|| with("*"))
    }

    /// The statements in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    fn parse(document: &TrustPolicyStatement) -> Result<Self, Failure> {
        let name = &document.name;
        if name.is_empty() {
            return Err(invalid("a statement has an empty name"));
        }
        let wrong = |what: String| invalid(format!("statement `{}`: {what}", shown(name)));
        let scopes = &document.registry_scopes;
        if scopes.is_empty() {
            return Err(wrong("registryScopes is empty".to_owned()));
        }
        let wildcard = scopes.iter().any(|scope| scope == "*");
        if wildcard && scopes.len() > 1 {
            return Err(wrong("registryScopes holds `*` together with others".to_owned()));
        }
        if let Some(scope) = scopes.iter().find(|scope| *scope != "*" && !is_repository(scope)) {
            return Err(wrong(format!("the scope `{}` is not registry/repository and not `*`", shown(scope))));
        }
        let level = Level::parse(&document.signature_verification).map_err(wrong)?;
        let stores = document.trust_stores.as_deref().unwrap_or_default();
        let identities = document.trusted_identities.as_deref().unwrap_or_default();
        if level == Level::Skip {
            if !stores.is_empty() || !identities.is_empty() {
                return Err(wrong("level skip has no trustStores and no trustedIdentities".to_owned()));
            }
            if wildcard {
                return Err(wrong("level skip cannot have the scope `*`; it would let every image pass".to_owned()));
            }
        } else if stores.is_empty() || identities.is_empty() {
            return Err(wrong("every level but skip needs trustStores and trustedIdentities".to_owned()));
        }
        Ok(Self {
            name: name.clone(),
            scopes: scopes.clone(),
            level,
            stores: stores.iter().map(|store| StoreName::parse(store)).collect::<Result<_, _>>().map_err(wrong)?,
            identities: TrustedIdentities::parse(identities).map_err(wrong)?,
        })
    }

    /// The statement's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The repositories that the statement covers, or `*`.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// How strict the statement is.
    pub fn level(&self) -> &Level {
        &self.level
    }

    /// The trust stores that the statement names.
    pub fn stores(&self) -> &[StoreName] {
        &self.stores
    }

    /// Which signers the statement accepts.
    pub fn identities(&self) -> &TrustedIdentities {
        &self.identities
    }
}

impl Level {
    fn parse(document: &SignatureVerification) -> Result<Self, String> {
        use Action::{Enforce, Log};
        let overrides = document.r#override.as_ref().filter(|overrides| !overrides.is_empty());
        // authenticity, authenticTimestamp, expiry, revocation (specification, "Signature Verification Levels")
        let [authenticity, authentic_timestamp, expiry, revocation] = match document.level.as_str() {
            "strict" => [Enforce, Enforce, Enforce, Enforce],
            "permissive" => [Enforce, Log, Log, Log],
            "audit" => [Log, Log, Log, Log],
            "skip" if overrides.is_some() => return Err("level skip has no override".to_owned()),
            "skip" if document.verify_timestamp.is_some() => return Err("level skip has no verifyTimestamp".to_owned()),
            "skip" => return Ok(Self::Skip),
            other => return Err(format!("level `{}` is not strict, permissive, audit or skip", shown(other))),
        };
        let timestamp = match document.verify_timestamp.as_deref() {
            None | Some("always") => TimestampRule::Always,
            Some("afterCertExpiry") => TimestampRule::AfterCertificateExpiry,
            Some(other) => return Err(format!("verifyTimestamp `{}` is not always or afterCertExpiry", shown(other))),
        };
        let mut actions = Actions { authenticity, authentic_timestamp, expiry, revocation, timestamp };
        for (check, action) in overrides.into_iter().flatten() {
            actions.replace(check, action)?;
        }
        Ok(Self::Verify(actions))
    }
}

impl Actions {
    fn replace(&mut self, check: &str, action: &str) -> Result<(), String> {
        let action = match action {
            "enforce" => Action::Enforce,
            "log" => Action::Log,
            "skip" if check == "revocation" => Action::Skip,
            "skip" => return Err(format!("override: only revocation can be skipped, not `{}`", shown(check))),
            other => return Err(format!("override: `{}` is not enforce, log or skip", shown(other))),
        };
        match check {
            "authenticity" => self.authenticity = action,
            "authenticTimestamp" => self.authentic_timestamp = action,
            "expiry" => self.expiry = action,
            "revocation" => self.revocation = action,
            "integrity" => return Err("override: integrity is always enforced".to_owned()),
            other => return Err(format!("override: there is no check `{}`", shown(other))),
        }
        Ok(())
    }
}

fn invalid(what: impl Into<String>) -> Failure {
    Failure::new(Code::TrustPolicyInvalid, what)
}
