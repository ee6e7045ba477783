//! What is kept of a login: one for each host and repository, since a token gives the right to pull from one repository; and what was refused.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

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

/// How long a refused credential is not shown again: a few wrong tries lock an account.
const REFUSAL_LASTS: Duration = Duration::from_secs(30);

/// The logins of one keychain.
#[derive(Debug)]
pub(in crate::registry) struct Sessions {
    /// By host and repository.
    open: Cache<(String, String), Session>,
    /// What was refused where, and why.
    refused: Cache<Shown, String>,
    /// Credentials that were shown to a host, and whether they were accepted.
    tried: Cache<Shown, Arc<Mutex<bool>>>,
    /// Tells logins apart in the keys above, which hold no secret so.
    hasher: RandomState,
}

/// A login that was shown to a host; for one of its repositories, where it may be good for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shown {
    login: u64,
    origin: String,
    repository: Option<String>,
}

/// That a credential is not accepted.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) of: Refused,
    pub(super) why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The login itself, whatever it is shown for.
    Login,
    /// The right to pull from this repository, as far as one can tell.
    Repository,
}

/// The only one to show a credential to a host that has not accepted it yet.
pub(super) struct Trial(Option<OwnedMutexGuard<bool>>);

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
            tried: Cache::builder().max_capacity(MAX_SESSIONS).time_to_idle(IDLE).build(),
            hasher: RandomState::new(),
        }
    }

    /// Why a credential was refused a moment ago, by the registry or for it.
    pub(super) fn refusal(&self, at: &Endpoint, repository: &str, credential: &Credential) -> Option<String> {
        let here = self.shown(at, None, credential);
        self.refused.get(&here).or_else(|| self.refused.get(&Shown { repository: Some(repository.to_owned()), ..here }))
    }

    /// Remembers that a credential was refused.
    pub(super) fn refuse(&self, at: &Endpoint, repository: &str, credential: &Credential, refusal: Refusal) {
        let repository = (refusal.of == Refused::Repository).then_some(repository);
        let shown = self.shown(at, repository, credential);
        self.refused.insert(shown.clone(), refusal.why);
        // What was accepted once is tried alone again.
        self.tried.invalidate(&shown);
    }

    /// Waits until nobody else tries the credential at the host. Once it is accepted nobody waits any more.
    pub(super) async fn try_out(
        &self,
        at: &Endpoint,
        credential: &Credential,
        deadline: Deadline,
    ) -> Result<Trial, Passed> {
        let tried = self.tried.get_with(self.shown(at, None, credential), Arc::default);
        let is_accepted = deadline.bound(tried.lock_owned()).await?;
        Ok(Trial((!*is_accepted).then_some(is_accepted)))
    }

    fn shown(&self, at: &Endpoint, repository: Option<&str>, credential: &Credential) -> Shown {
        let login = self.hasher.hash_one(credential.login());
        Shown { login, origin: at.origin(), repository: repository.map(str::to_owned) }
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

impl State {
    /// Forgets the login, unless there is another one by now.
    pub(super) fn forget(&mut self, login: &Login) {
        self.login.take_if(|now| now.authorization.header == login.authorization.header);
    }
}

impl Login {
    /// Whether a credential helper gave it so long ago that it may have another one by now.
    pub(super) fn may_have_lapsed(&self) -> bool {
        self.credential.as_ref().is_some_and(|credential| credential.is_old())
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

impl Trial {
    /// Lets all others show it, too.
    pub(super) fn succeed(&mut self) {
        if let Some(mut is_accepted) = self.0.take() {
            *is_accepted = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registry::{
            PlainHttp, Proxies,
            credentials::{Keychain, PullSecret},
            endpoint::Endpoints,
            hosts::RegistryHosts,
        },
        testing::{ample, short},
    };

    #[tokio::test]
    async fn a_credential_is_tried_alone_until_it_is_accepted_and_again_once_it_is_refused() {
        let endpoints = Endpoints::new(&[], PlainHttp::Never, RegistryHosts::default(), &Proxies::default()).unwrap();
        let at = &endpoints.of("r.example").unwrap()[0];
        let secret = br#"{"r.example":{"username":"a","password":"b"}}"#;
        let keychain = Keychain::of_secret(secret, PullSecret::DockerCfg, "secret a/b").unwrap();
        let credential = &keychain.candidates("r.example", "app", ample()).await.unwrap()[0];
        let sessions = Sessions::new();

        let mut first = sessions.try_out(at, credential, ample()).await.unwrap();
        assert!(sessions.try_out(at, credential, short()).await.is_err());
        first.succeed();
        let _second = sessions.try_out(at, credential, ample()).await.unwrap();
        let _third = sessions.try_out(at, credential, ample()).await.unwrap();

        let refusal = Refusal { of: Refused::Login, why: "no".to_owned() };
        sessions.refuse(at, "app", credential, refusal);
        let _fourth = sessions.try_out(at, credential, ample()).await.unwrap();
        assert!(sessions.try_out(at, credential, short()).await.is_err());
    }
}
