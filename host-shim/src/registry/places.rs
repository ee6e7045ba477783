//! One place after another is asked, until one has what is asked for.

use std::time::Duration;

use super::{
    Registries,
    endpoint::{Endpoint, Serves},
    error::{Asked, FetchError, Reason},
    transport::Tries,
};
use crate::allowance::Allowance;

/// The places that are left to ask for something.
pub(super) struct Places<'r> {
    registries: &'r Registries,
    registry: String,
    left: std::vec::IntoIter<&'r Endpoint>,
    current: &'r Endpoint,
    /// What the places before said.
    failures: Vec<String>,
}

impl<'r> Places<'r> {
    /// Those of the endpoints that serve what is asked for. Mirrors that could not be reached lately are passed over while there is another place.
    ///
    /// # Errors
    /// Where none does.
    pub(super) fn of(
        registries: &'r Registries,
        endpoints: &'r [Endpoint],
        serve: impl Fn(Serves) -> bool,
        asked: &Asked,
        registry: &str,
    ) -> Result<Self, FetchError> {
        let mut serving: Vec<_> = endpoints.iter().filter(|endpoint| serve(endpoint.serves())).collect();
        let last = serving.pop();
        let is_up = |endpoint: &&Endpoint| !registries.down.contains_key(&mirror_of(registry, endpoint));
        let up: Vec<_> = serving.into_iter().filter(is_up).chain(last).collect();
        let mut left = up.into_iter();
        let current = left.next().ok_or_else(|| {
            let reason = "no host in its hosts.toml has the capability that this takes".to_owned();
            asked.failed(registry, Reason::Unreachable(reason))
        })?;
        Ok(Self { registries, registry: registry.to_owned(), left, current, failures: Vec::new() })
    }

    pub(super) fn current(&self) -> &'r Endpoint {
        self.current
    }

    /// Whether there is another place to ask.
    pub(super) fn has_others(&self) -> bool {
        !self.left.as_slice().is_empty()
    }

    /// Where there is another place, nothing is tried again here.
    pub(super) fn tries(&self) -> Tries {
        if self.has_others() { Tries::One } else { Tries::Several }
    }

    /// What this place may take: where there are others, half of what is left, so that one that hangs leaves time for them.
    pub(super) fn share(&self, of: &Allowance) -> Allowance {
        if self.has_others() { of.within(of.deadline().left() / 2) } else { of.within(Duration::MAX) }
    }

    /// Goes on to the next place.
    ///
    /// # Errors
    /// That error, where there is no other place or no time.
    pub(super) fn pass_over(&mut self, mut error: FetchError, allowance: &Allowance) -> Result<(), FetchError> {
        // Not where a place sent us to another one.
        let is_down = error.host == self.current.host()
            && matches!(
                *error.reason,
                Reason::Unreachable(_) | Reason::NameUnresolved(_) | Reason::DeadlinePassed | Reason::Tls(_)
            );
        if is_down && self.has_others() {
            self.registries.down.insert(mirror_of(&self.registry, self.current), ());
        }
        // A credential that is configured and refused must be told, and not be passed over.
        let is_final = allowance.deadline().has_passed()
            || matches!(*error.reason, Reason::BudgetSpent | Reason::LoginRefused(_) | Reason::Credential(_));
        match self.left.next() {
            Some(next) if !is_final => {
                tracing::debug!(%error, next = %next.host(), "asks another host");
                self.failures.push(error.to_string());
                self.current = next;
                Ok(())
            }
            _ => {
                error.mirrors = std::mem::take(&mut self.failures);
                Err(error)
            }
        }
    }
}

/// A mirror as it is remembered: for one registry, since it may only wait for that one.
fn mirror_of(registry: &str, endpoint: &Endpoint) -> String {
    format!("{} of {registry}", endpoint.origin())
}
