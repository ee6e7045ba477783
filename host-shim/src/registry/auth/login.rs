//! Sends requests to one place, and logs in there when it asks for it.

use std::{mem, sync::Arc};

use http::{HeaderValue, StatusCode};
use tokio::sync::OwnedMutexGuard;
use wasm_policy::text::shown;

use super::{
    challenge::Challenge,
    realm::{self, Bearing, Standing, TrustedRealm},
    session::{Authorization, Login as Granted, Refusal, Refused, Session, Sessions, State},
    token::{self, Outcome, Question},
};
use crate::{
    allowance::Allowance,
    registry::{
        credentials::{Credential, Keychain, Login},
        endpoint::Endpoint,
        error::{Asked, FetchError, Reason},
        transport::{Answer, Request, Transport, Way, host_of},
    },
};

/// One repository at one place, with what may be shown there.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Authorized<'a> {
    pub(in crate::registry) transport: &'a Transport,
    pub(in crate::registry) keychain: &'a Keychain,
    pub(in crate::registry) sessions: &'a Sessions,
    pub(in crate::registry) trusted_realms: &'a [TrustedRealm],
    pub(in crate::registry) endpoint: &'a Endpoint,
    pub(in crate::registry) repository: &'a str,
}

/// What a token service or registry makes of one credential.
enum Attempt {
    Accepted(Authorization),
    Refused(Refusal),
}

impl Authorized<'_> {
    /// Sends a request with what is known of the login, and logs in where the answer asks for it.
    ///
    /// # Errors
    /// Where there is no answer, or the login fails.
    pub(in crate::registry) async fn send(
        &self,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let session = self.sessions.of(&self.endpoint.origin(), self.repository);
        let (login, first) = self.begin(&session, request.asked, allowance).await?;
        let answer = self.send_with(login.as_ref(), request, allowance).await?;
        if !self.asks_for_a_login(&answer) {
            // ECR says so, and not 401, where a login has lapsed.
            if answer.status == StatusCode::FORBIDDEN
                && let Some(login) = login.filter(Granted::may_have_lapsed)
            {
                self.enter(&session, request.asked, allowance).await?.forget(&login);
                return Box::pin(self.send(request, allowance)).await;
            }
            return Ok(answer);
        }
        let mut state = match first {
            Some(state) => state,
            None => self.enter(&session, request.asked, allowance).await?,
        };
        // Another request may have logged in meanwhile.
        if let Some(known) = state.login.clone()
            && known.authorization.is_fresh()
            && login.as_ref().is_none_or(|used| used.authorization.header != known.authorization.header)
        {
            let answer = self.send_with(Some(&known), request, allowance).await?;
            if !self.asks_for_a_login(&answer) {
                return Ok(answer);
            }
        }
        state.login = None;
        self.log_in(state, &answer, request, allowance).await
    }

    async fn send_with(
        &self,
        login: Option<&Granted>,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        match login {
            Some(login) => self.transport.send(&request.authorized(&login.authorization.header), allowance).await,
            None => self.transport.send(request, allowance).await,
        }
    }

    /// Whether it is the registry that asks: what it redirects to has seen no login, and gets none.
    fn asks_for_a_login(&self, answer: &Answer) -> bool {
        answer.status == StatusCode::UNAUTHORIZED && answer.host == self.endpoint.host()
    }

    /// The login that is known. Where none is, and one may be wanted, the first request goes alone: what comes of it tells whether a login is wanted, and
    /// the others need not be told, too. Registries without TLS seldom want one of somebody who has none.
    async fn begin(
        &self,
        session: &Session,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<(Option<Granted>, Option<OwnedMutexGuard<State>>), FetchError> {
        let mut state = self.enter(session, asked, allowance).await?;
        if let Some(login) = state.login.clone() {
            if !login.authorization.is_fresh() {
                state.login = self.renewed(login, allowance).await?;
                state.was_asked = state.login.is_some();
            }
            if let Some(login) = &state.login {
                return Ok((Some(login.clone()), None));
            }
        }
        let may_be_wanted = self.endpoint.base().scheme() == "https"
            || self.keychain.may_have(self.endpoint.registry(), self.repository);
        if may_be_wanted && !mem::replace(&mut state.was_asked, true) {
            return Ok((None, Some(state)));
        }
        Ok((None, None))
    }

    async fn enter(
        &self,
        session: &Session,
        asked: &Asked,
        allowance: &Allowance,
    ) -> Result<OwnedMutexGuard<State>, FetchError> {
        let entered = session.enter(allowance.deadline()).await;
        entered.map_err(|_| asked.failed(&self.endpoint.host(), Reason::DeadlinePassed))
    }

    /// The login with another token; `None` where the service gives none any more, so that the registry is asked what it wants now.
    async fn renewed(&self, login: Granted, allowance: &Allowance) -> Result<Option<Granted>, FetchError> {
        let Granted { challenge, credential, way, .. } = login;
        let attempt = self.attempt(&challenge, credential.as_deref(), way, allowance).await?;
        Ok(match attempt {
            Attempt::Accepted(authorization) => Some(Granted { authorization, challenge, credential, way }),
            Attempt::Refused(_) => None,
        })
    }

    /// Tries what there is, the best first, and sends the request again with what was accepted.
    async fn log_in(
        &self,
        state: OwnedMutexGuard<State>,
        answer: &Answer,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let failed = |reason| request.asked.failed(&self.endpoint.host(), reason);
        let candidates =
            self.keychain.candidates(self.endpoint.registry(), self.repository, allowance.deadline()).await;
        let candidates = candidates.map_err(|error| failed(Reason::Credential(error.to_string())))?;
        let challenge = Challenge::of(&answer.headers).map_err(|reason| match candidates.as_slice() {
            [] => failed(Reason::NoCredential(format!(" ({reason})"))),
            _ => failed(Reason::NotARegistry(format!("it asks for a login, and {reason}"))),
        })?;
        let way = if answer.is_near() { Way::Near } else { Way::Far };
        if candidates.is_empty() {
            return self.log_in_without(state, challenge, way, request, allowance).await;
        }
        let (mut state, mut refusals, mut second_best) = (Some(state), Vec::new(), None);
        let mut candidates = candidates.into_iter();
        while let Some(credential) = candidates.next() {
            let trial = self.sessions.try_out(self.endpoint, &credential, allowance.deadline()).await;
            let mut trial = trial.map_err(|_| failed(Reason::DeadlinePassed))?;
            if let Some(why) = self.sessions.refusal(self.endpoint, self.repository, &credential) {
                refusals.push(format!("{credential}: {why}"));
                continue;
            }
            let authorization = match self.attempt(&challenge, Some(&credential), way, allowance).await? {
                Attempt::Accepted(authorization) => authorization,
                Attempt::Refused(refusal) => {
                    refusals.push(self.refuse(&credential, refusal));
                    continue;
                }
            };
            let is_granted = authorization.is_granted();
            if is_granted {
                trial.succeed();
            }
            let (challenge, named) = (challenge.clone(), Arc::clone(&credential));
            let login = Granted { authorization, challenge, credential: Some(credential), way };
            // Nothing else can come of it than this login or an error, so that nobody need wait until the token has been used.
            if candidates.len() == 0 && second_best.is_none() && is_granted {
                settle(&mut state, &login);
            }
            let answer = self.send_with(Some(&login), request, allowance).await?;
            if self.asks_for_a_login(&answer) {
                let why = answer.refused_silently(request.asked).reason.to_string();
                // Who has a token has shown a right password for it.
                let of = if login.challenge == Challenge::Basic { Refused::Login } else { Refused::Repository };
                refusals.push(self.refuse(&named, Refusal { of, why }));
                continue;
            }
            trial.succeed();
            let may_be_hidden = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            // The registry knows who we are; another credential may have the right.
            if may_be_hidden && candidates.len() > 0 {
                second_best.get_or_insert((login, answer));
                continue;
            }
            let (login, answer) =
                if may_be_hidden { second_best.take().unwrap_or((login, answer)) } else { (login, answer) };
            settle(&mut state, &login);
            return Ok(answer);
        }
        match second_best {
            Some((login, answer)) => {
                settle(&mut state, &login);
                Ok(answer)
            }
            None => Err(failed(Reason::LoginRefused(refusals))),
        }
    }

    /// Remembers that a credential is not to be shown again for now, and says so.
    fn refuse(&self, credential: &Arc<Credential>, refusal: Refusal) -> String {
        let told = format!("{credential}: {}", refusal.why);
        if refusal.of == Refused::Login {
            self.keychain.forget(credential);
        }
        self.sessions.refuse(self.endpoint, self.repository, credential, refusal);
        told
    }

    /// Many registries give everybody a token.
    async fn log_in_without(
        &self,
        state: OwnedMutexGuard<State>,
        challenge: Challenge,
        way: Way,
        request: &Request<'_>,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let no_credential = |said: String| request.asked.failed(&self.endpoint.host(), Reason::NoCredential(said));
        if challenge == Challenge::Basic {
            return Err(no_credential(String::new()));
        }
        match self.attempt(&challenge, None, way, allowance).await? {
            Attempt::Refused(Refusal { why, .. }) => Err(no_credential(format!(" ({why})"))),
            Attempt::Accepted(authorization) => {
                let login = Granted { authorization, challenge, credential: None, way };
                settle(&mut Some(state), &login);
                let answer = self.send_with(Some(&login), request, allowance).await?;
                if self.asks_for_a_login(&answer) {
                    return Err(no_credential(" (a token without one is not enough)".to_owned()));
                }
                Ok(answer)
            }
        }
    }

    /// What one credential, or none, is good for.
    async fn attempt(
        &self,
        challenge: &Challenge,
        credential: Option<&Credential>,
        way: Way,
        allowance: &Allowance,
    ) -> Result<Attempt, FetchError> {
        let login = credential.map(Credential::login);
        let accepted = |header: HeaderValue| Attempt::Accepted(Authorization { header, until: None });
        let refused = |why: &str| Attempt::Refused(Refusal { of: Refused::Repository, why: why.to_owned() });
        if let Some(Login::RegistryToken(token)) = login {
            return Ok(token::bearer(token).map_or_else(|| refused("no header can hold it"), accepted));
        }
        match (challenge, login) {
            (Challenge::Basic, Some(Login::Basic { user, password })) => Ok(accepted(token::basic(user, password))),
            (Challenge::Basic, _) => Ok(refused("the registry asks for a user and password")),
            (Challenge::Bearer { realm, service }, login) => {
                let registry = self.endpoint.base();
                let asked = Asked::Token { repository: self.repository.to_owned(), registry: self.endpoint.host() };
                let bearing = if login.is_some() { Bearing::Credential } else { Bearing::Nothing };
                let standing = realm::check(registry, realm, bearing, self.trusted_realms)
                    .map_err(|why| asked.failed(&host_of(realm), Reason::RealmRefused(why)))?;
                let question = Question {
                    realm,
                    service: service.as_deref(),
                    repository: self.repository,
                    asked: &asked,
                    connection: self.endpoint.connection(),
                    way: match standing {
                        _ if registry.origin() == realm.origin() => Way::Own,
                        Standing::Configured => Way::Near,
                        Standing::Usual => way,
                    },
                };
                Ok(match question.ask(login, self.transport, allowance).await? {
                    Outcome::Granted(authorization) => Attempt::Accepted(authorization),
                    // Not its words: some services repeat the password that they refuse.
                    Outcome::Refused(answer) => Attempt::Refused(Refusal {
                        // Other statuses may be about what was asked for.
                        of: if answer.status == StatusCode::UNAUTHORIZED {
                            Refused::Login
                        } else {
                            Refused::Repository
                        },
                        why: format!("the token service at {} answered {}", shown(&answer.host), answer.status),
                    }),
                })
            }
        }
    }
}

/// Keeps the login, and lets those go on with it who wait for one.
fn settle(state: &mut Option<OwnedMutexGuard<State>>, login: &Granted) {
    if let Some(mut state) = state.take() {
        state.login = Some(login.clone());
    }
}
