//! What a configuration means: which policy applies to which repositories, and which certificates are trusted until when.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wasm_policy::{
    input,
    limits::Limits,
    text::shown,
    time::Instant,
    trust::{Level, TimestampRule, TrustPolicy},
    verdict::Action,
    x509::{Certificate, pem},
};

use super::{Configuration, Finding, finding};

/// Signatures of an image that are tried where the verifier does not say (contract, `maxSignatures`).
const DEFAULT_MAX_SIGNATURES: u32 = 50;
/// A certificate that ends sooner is warned of: replacing a trust anchor takes people some weeks.
const WARN_DAYS: i64 = 30;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// A configuration as people think of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The time for which days are counted.
    pub now: String,
    /// By name.
    pub verifiers: Vec<Verifier>,
    /// `any` or `all` by artifact type, and `default` for the others.
    pub artifact_verification_policies: BTreeMap<String, String>,
    /// How registries are asked.
    pub registries: Registries,
    /// What should be looked at before it denies images.
    pub warnings: Vec<String>,
    /// What was left out or has no effect.
    pub notes: Vec<Finding>,
    /// How many more there are than are listed.
    #[serde(skip_serializing_if = "finding::is_zero")]
    pub more_notes: usize,
}

/// A verifier, its policies and its trust stores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verifier {
    /// The object's name; for one of a namespace, `namespace/name`.
    pub name: String,
    /// `notation`
    pub r#type: String,
    /// What it judges; `*` is every type.
    pub artifact_types: Vec<String>,
    /// How many signatures of an image are tried.
    pub max_signatures: u32,
    /// What a signature's payload must hold.
    pub user_metadata: BTreeMap<String, String>,
    /// In the order of the document.
    pub policies: Vec<Policy>,
    /// Whether images of repositories that no policy names are denied.
    pub denies_other_repositories: bool,
    /// By name.
    pub trust_stores: Vec<TrustStore>,
}

/// A statement of a trust policy, with its level resolved into what each check does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// The statement's name.
    pub name: String,
    /// Repositories; `*` is every repository that no other policy names.
    pub scopes: Vec<String>,
    /// As it is written.
    pub level: String,
    /// What a failed check does, with overrides; absent where everything is skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
    /// As `ca:certs`.
    pub trust_stores: Vec<String>,
    /// As they are written.
    pub trusted_identities: Vec<String>,
}

/// What a failed check does: enforce, log or skip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checks {
    /// Always enforced.
    pub integrity: Action,
    /// Trust store and trusted identity.
    pub authenticity: Action,
    /// Validity of the certificates, by a timestamp or now.
    pub authentic_timestamp: Action,
    /// The signature's own expiry.
    pub expiry: Action,
    /// Revocation of certificates.
    pub revocation: Action,
    /// `always` or `afterCertExpiry`; matters where a `tsa` store is named.
    pub verify_timestamp: String,
}

/// A trust store and the certificates in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustStore {
    /// As `ca:certs`.
    pub name: String,
    /// The objects that it is made of.
    pub objects: Vec<String>,
    /// Whether a policy names it.
    pub used: bool,
    /// In the order of the objects.
    pub certificates: Vec<TrustAnchor>,
}

/// A certificate in a trust store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustAnchor {
    /// RFC 4514.
    pub subject: String,
    /// Hex octets with colons.
    pub serial: String,
    /// The first moment at which it is valid.
    pub not_before: String,
    /// The last second in which it is valid.
    pub not_after: String,
    /// Whole days until `not_after`; negative where it has expired.
    pub days_left: i64,
    /// At the time of the explanation.
    pub validity: Validity,
}

/// Whether a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Validity {
    /// For 30 days or more.
    Valid,
    /// For less than 30 days.
    ExpiresSoon,
    /// No longer.
    Expired,
    /// Not yet.
    NotYetValid,
}

/// How registries are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Registries {
    /// Over HTTP without TLS.
    pub plain_http: bool,
}

impl Explanation {
    pub(super) fn new(configuration: &Configuration, now: Instant) -> Self {
        let verifiers: Vec<_> =
            configuration.config.verifiers.iter().map(|verifier| Verifier::new(verifier, configuration, now)).collect();
        let policy = configuration.config.policy.clone().unwrap_or_default();
        Self {
            now: now.to_string(),
            warnings: verifiers.iter().flat_map(Verifier::warnings).collect(),
            verifiers,
            artifact_verification_policies: policy.artifact_verification_policies,
            registries: Registries { plain_http: configuration.plain_http },
            notes: configuration.notes.listed.clone(),
            more_notes: configuration.notes.more,
        }
    }
}

impl Verifier {
    fn new(verifier: &input::Verifier, configuration: &Configuration, now: Instant) -> Self {
        // A document that breaks a rule was refused when it was read.
        let policies: Vec<_> = TrustPolicy::parse(&verifier.trust_policy_doc).map_or_else(
            |_| Vec::new(),
            |parsed| {
                verifier.trust_policy_doc.trust_policies.iter().zip(parsed.statements()).map(Policy::new).collect()
            },
        );
        let used: BTreeSet<&String> = policies.iter().flat_map(|policy| &policy.trust_stores).collect();
        let trust_stores = verifier.trust_stores.iter().map(|(name, texts)| TrustStore {
            name: name.clone(),
            objects: configuration.origins.get(&(verifier.name.clone(), name.clone())).cloned().unwrap_or_default(),
            used: used.contains(name),
            certificates: texts.iter().flat_map(|text| anchors(text, now)).collect(),
        });
        Self {
            name: verifier.name.clone(),
            r#type: verifier.r#type.clone(),
            artifact_types: verifier.artifact_types.clone(),
            max_signatures: verifier.max_signatures.unwrap_or(DEFAULT_MAX_SIGNATURES),
            user_metadata: verifier.user_metadata.clone(),
            trust_stores: trust_stores.collect(),
            denies_other_repositories: !policies.iter().flat_map(|policy| &policy.scopes).any(|scope| scope == "*"),
            policies,
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for store in &self.trust_stores {
            let place = format!("verifier {}, trust store {}", shown(&self.name), shown(&store.name));
            if !store.used {
                warnings.push(format!("{place}: no policy names it, so that its certificates are not trusted"));
                continue;
            }
            for TrustAnchor { subject, serial, not_before, not_after, validity, .. } in &store.certificates {
                let certificate = format!("{place}: {} (serial {serial})", shown(subject));
                match validity {
                    Validity::Valid => {}
                    Validity::ExpiresSoon => warnings.push(format!("{certificate} ends soon, at {not_after}")),
                    Validity::Expired => warnings.push(format!("{certificate} expired at {not_after}")),
                    Validity::NotYetValid => warnings.push(format!("{certificate} is not valid before {not_before}")),
                }
            }
        }
        warnings
    }
}

impl Policy {
    fn new((written, parsed): (&input::TrustPolicyStatement, &wasm_policy::trust::Statement)) -> Self {
        let checks = match parsed.level() {
            Level::Skip => None,
            Level::Verify(actions) => Some(Checks {
                integrity: Action::Enforce,
                authenticity: actions.authenticity,
                authentic_timestamp: actions.authentic_timestamp,
                expiry: actions.expiry,
                revocation: actions.revocation,
                verify_timestamp: match actions.timestamp {
                    TimestampRule::Always => "always".to_owned(),
                    TimestampRule::AfterCertificateExpiry => "afterCertExpiry".to_owned(),
                },
            }),
        };
        Self {
            name: written.name.clone(),
            scopes: written.registry_scopes.clone(),
            level: written.signature_verification.level.clone(),
            checks,
            trust_stores: written.trust_stores.clone().unwrap_or_default(),
            trusted_identities: written.trusted_identities.clone().unwrap_or_default(),
        }
    }
}

/// The certificates of a PEM text, each of which could be read when the configuration was.
fn anchors(text: &str, now: Instant) -> Vec<TrustAnchor> {
    let limits = Limits::default();
    let ders = pem::certificates(text, &limits).unwrap_or_default();
    ders.iter()
        .filter_map(|der| Certificate::parse(der, &limits).ok())
        .map(|read| TrustAnchor::new(&read, now))
        .collect()
}

impl TrustAnchor {
    fn new(certificate: &Certificate<'_>, now: Instant) -> Self {
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        let days_left = (not_after.unix_seconds() - now.unix_seconds()).div_euclid(SECONDS_OF_A_DAY);
        let validity = if now < not_before {
            Validity::NotYetValid
        } else if now >= not_after.plus_seconds(1) {
            Validity::Expired
        } else if days_left < WARN_DAYS {
            Validity::ExpiresSoon
        } else {
            Validity::Valid
        };
        Self {
            subject: certificate.subject().to_string(),
            serial: certificate.serial().to_string(),
            not_before: not_before.to_string(),
            not_after: not_after.to_string(),
            days_left,
            validity,
        }
    }
}
