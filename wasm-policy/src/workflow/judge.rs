//! What each verifier's trust policy asks of an image: to be judged, to pass without being looked at, or nothing at all.

use std::{collections::BTreeMap, rc::Rc};

use super::Context;
use crate::{
    code::{Code, Failure},
    request::{Request, Verifier},
    text::shown,
    trust::{Actions, Level, Statement, StoreKind, StoreName, TrustStore},
    x509::{self, CodeSigningChain},
};

/// The verifiers of a request, and what they have read already.
pub(super) struct Bench<'r, 'c> {
    pub(super) request: &'r Request<'r, 'r>,
    pub(super) context: &'c Context<'c>,
    stores: BTreeMap<(&'r str, &'r StoreName), Result<Rc<TrustStore>, Failure>>,
    /// Pays for reading the trust stores, which no image is to blame for.
    verifier: x509::Verifier<'c>,
}

/// A verifier's standing towards an image.
pub(super) enum Standing<'r> {
    /// Its statement has level skip.
    Skips { verifier: &'r Verifier, statement: &'r Statement },
    /// No statement covers the image.
    Uncovered { verifier: &'r Verifier },
    /// It judges the image's signatures.
    Judges(Judge<'r>),
}

/// A verifier, the statement that covers the image, and the stores that the statement names.
pub(super) struct Judge<'r> {
    pub(super) verifier: &'r Verifier,
    pub(super) statement: &'r Statement,
    pub(super) actions: &'r Actions,
    stores: Vec<(&'r StoreName, Rc<TrustStore>)>,
}

impl<'r, 'c> Bench<'r, 'c> {
    pub(super) fn new(request: &'r Request<'r, 'r>, context: &'c Context<'c>) -> Self {
        Self { request, context, stores: BTreeMap::new(), verifier: fresh_verifier(context) }
    }

    /// Every verifier's standing towards the images of a repository.
    ///
    /// # Errors
    /// [`Code::TrustStoreInvalid`] where a statement that covers the repository names a store that is missing, empty or unreadable.
    pub(super) fn standings(&mut self, repository: &str) -> Result<Vec<Standing<'r>>, Failure> {
        let request = self.request;
        request.verifiers.iter().map(|verifier| self.standing(verifier, repository)).collect()
    }

    fn standing(&mut self, verifier: &'r Verifier, repository: &str) -> Result<Standing<'r>, Failure> {
        let Some(statement) = verifier.policy.applicable(repository) else {
            return Ok(Standing::Uncovered { verifier });
        };
        let Level::Verify(actions) = statement.level() else {
            return Ok(Standing::Skips { verifier, statement });
        };
        let stores = statement.stores().iter().map(|name| Ok((name, self.store(verifier, name)?)));
        Ok(Standing::Judges(Judge { verifier, statement, actions, stores: stores.collect::<Result<_, Failure>>()? }))
    }

    fn store(&mut self, verifier: &'r Verifier, name: &'r StoreName) -> Result<Rc<TrustStore>, Failure> {
        let Self { stores, verifier: reader, context, .. } = self;
        let read = || {
            let Some(texts) = verifier.config.trust_stores.get(&name.to_string()) else {
                let message =
                    format!("the trust store {name} of verifier `{}` is missing", shown(&verifier.config.name));
                return Err(Failure::new(Code::TrustStoreInvalid, message));
            };
            TrustStore::parse(name, texts, reader, context.limits).map(Rc::new)
        };
        stores.entry((&verifier.config.name, name)).or_insert_with(read).clone()
    }
}

impl<'r> Standing<'r> {
    /// The judge, where it is one.
    pub(super) fn judge(&self) -> Option<&Judge<'r>> {
        match self {
            Self::Judges(judge) => Some(judge),
            Self::Skips { .. } | Self::Uncovered { .. } => None,
        }
    }

    /// The verifier, where it looks at no signature.
    pub(super) fn bystander(&self) -> Option<&'r Verifier> {
        match self {
            Self::Skips { verifier, .. } | Self::Uncovered { verifier } => Some(verifier),
            Self::Judges(_) => None,
        }
    }
}

impl Judge<'_> {
    /// The first certificate that is in a store of the kind, and the store's name.
    ///
    /// # Errors
    /// [`Code::CertificateUntrusted`], naming the stores that were looked into and the chain's root.
    pub(super) fn trusted_by<'s>(
        &'s self,
        kind: StoreKind,
        chain: &CodeSigningChain<'_>,
    ) -> Result<&'s StoreName, Failure> {
        let of_kind = || self.stores.iter().filter(|(name, _)| name.kind() == kind);
        if let Some((name, _)) =
            of_kind().find(|(_, store)| chain.certificates().any(|certificate| store.holds(certificate)))
        {
            return Ok(name);
        }
        let names: Vec<_> = of_kind().map(|(name, _)| name.to_string()).collect();
        let looked = match names.as_slice() {
            [] => format!(
                "the statement `{}` names no {} store, which this signing scheme needs",
                shown(self.statement.name()),
                kind.name()
            ),
            names => format!("no certificate of the chain is in {}", names.join(", ")),
        };
        let root = chain.certificates().last().map(|root| format!("; the chain ends in {root}")).unwrap_or_default();
        Err(Failure::new(Code::CertificateUntrusted, format!("{looked}{root}")))
    }

    /// Whether the statement names a store of timestamping authorities.
    pub(super) fn names_tsa_store(&self) -> bool {
        self.stores.iter().any(|(name, _)| name.kind() == StoreKind::Tsa)
    }

    /// Whether the verifier judges artifacts of the type.
    pub(super) fn takes(&self, artifact_type: &str) -> bool {
        takes(self.verifier, artifact_type)
    }
}

/// Whether a verifier judges artifacts of the type.
pub(super) fn takes(verifier: &Verifier, artifact_type: &str) -> bool {
    verifier.config.artifact_types.iter().any(|taken| taken == artifact_type || taken == "*")
}

/// A verifier of certificates with the whole budget of one image.
pub(super) fn fresh_verifier<'c>(context: &Context<'c>) -> x509::Verifier<'c> {
    x509::Verifier::new(context.provider, context.limits)
}
