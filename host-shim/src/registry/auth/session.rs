//! What is kept of a login: one for each host and repository, since a token gives the right to pull from one repository.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;
use moka::sync::Cache;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

use super::challenge::Challenge;
use crate::{
    deadline::{Deadline, Passed},
    registry::{credentials::Credential, endpoint::Endpoint, transport::Way},
};

/// Logins that are kept; beyond, the ones that are used least are made again when they are needed.
const MAX_SESSIONS: u64 = 10_000;
/// How long a login is kept that nobody uses.
const IDLE: Duration = Duration::from_mins(30);

/// How long a refused credential is not shown to the same repository again: a few wrong tries lock an account.
const REFUSAL_LASTS: Duration = Duration::from_secs(30);

/// The logins of one keychain.
#[derive(Debug)]
pub(in crate::registry) struct Sessions {
    /// By host and repository.
    open: Cache<(String, String), Session>,
    /// What was refused where, and why. The credential is kept, so that no other one takes its address.
    refused: Cache<(String, String, usize), (Arc<Credential>, String)>,
}

/// What is known about logging in to one repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Session(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) login: Option<Login>,
    /// Whether a request went out without a login. Whatever came of it, the next ones do not wait for one another.
    pub(super) was_asked: bool,
}

/// What was granted, and by what.
#[derive(Clone, Debug)]
pub(super) struct Login {
    pub(super) authorization: Authorization,
    pub(super) challenge: Challenge,
    pub(super) credential: Option<Arc<Credential>>,
    /// Where a token service may be.
    pub(super) way: Way,
}

/// What is sent with each request.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    /// Marked as a secret.
    pub(super) header: HeaderValue,
    /// When it stops to count; `None` for what does not lapse.
    pub(super) until: Option<Instant>,
}

impl Sessions {
    pub(in crate::registry) fn new() -> Self {
        Self {
            open: Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE).build(),
            refused: Cache::builder().max_capacity(MAX_SESSIONS).time_to_live(REFUSAL_LASTS).build(),
        }
    }

    /// Why a credential was refused a moment ago, by the registry or for it.
    pub(super) fn refusal(&self, at: &Endpoint, repository: &str, credential: &Arc<Credential>) -> Option<String> {
        self.refused.get(&refused_at(at, repository, credential)).map(|(_, why)| why)
    }

    /// Remembers that a credential was refused.
    pub(super) fn refuse(&self, at: &Endpoint, repository: &str, credential: Arc<Credential>, why: String) {
        self.refused.insert(refused_at(at, repository, &credential), (credential, why));
    }

    /// The session of a repository at a host.
    pub(super) fn of(&self, origin: &str, repository: &str) -> Session {
        self.open.get_with((origin.to_owned(), repository.to_owned()), Session::default)
    }
}

impl Session {
    /// Waits until nobody else is logging in.
    pub(super) async fn enter(&self, deadline: Deadline) -> Result<OwnedMutexGuard<State>, Passed> {
        deadline.bound(Arc::clone(&self.0).lock_owned()).await
    }
}

impl Authorization {
    /// Whether a token service made it, which has taken the credential then. What is made of a password alone is not known to be right until it is used.
    pub(super) fn is_granted(&self) -> bool {
        self.until.is_some()
    }

    pub(super) fn is_fresh(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }
}

fn refused_at(at: &Endpoint, repository: &str, credential: &Arc<Credential>) -> (String, String, usize) {
    (at.origin(), repository.to_owned(), Arc::as_ptr(credential).addr())
}
