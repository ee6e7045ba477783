//! Asks a token service for the right to pull from one repository (Docker, "Token Authentication Specification", and its OAuth2 form).

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, StatusCode, header::ACCEPT};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::session::Authorization;
use crate::{
    allowance::Allowance,
    registry::{
        credentials::Login,
        error::{Asked, FetchError, Reason},
        transport::{Answer, Connection, Limit, Redirects, Request, Transport, Tries, Way},
    },
};

/// Bytes of an answer; the tokens of clouds have some 5,000.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Bytes of a token: what servers accept in a header.
const MAX_TOKEN_BYTES: usize = 64 << 10;
/// How long a service may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a token counts of which nothing is said, and how long one counts at least (the specification's own number).
const LEAST_LIFE: Duration = Duration::from_mins(1);
/// No token lives longer than a day, whatever is said of it.
const MOST_LIFE: Duration = Duration::from_hours(24);
/// Who asks, in the OAuth2 form.
const CLIENT_ID: &str = "image-integrity";

/// A question to a token service.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) realm: &'a Url,
    pub(super) service: Option<&'a str>,
    pub(super) repository: &'a str,
    pub(super) asked: &'a Asked,
    pub(super) connection: &'a Connection,
    pub(super) way: Way,
}

/// What a service said.
pub(super) enum Outcome {
    Granted(Authorization),
    /// It does not take the credential, or gives nothing without one.
    Refused(Answer),
}

#[derive(Deserialize)]
struct Grant {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
    expires_in: Option<serde_json::Number>,
}

impl Question<'_> {
    /// Asks as an OAuth2 client where there is an identity token, else with a user and password, or without any.
    ///
    /// # Errors
    /// Where the service gave no answer, or none that is a token or a refusal.
    pub(super) async fn ask(
        &self,
        login: Option<&Login>,
        transport: &Transport,
        allowance: &Allowance,
    ) -> Result<Outcome, FetchError> {
        let allowance = &allowance.within(PATIENCE);
        let answer = match login {
            Some(Login::IdentityToken(token)) => {
                let answer = self.post(token, transport, allowance).await?;
                // A service that knows the older form only; it takes the token as a password without a user.
                match answer.status {
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                        self.get(Some(&basic("", token)), transport, allowance).await?
                    }
                    _ => answer,
                }
            }
            Some(Login::Basic { user, password }) => {
                self.get(Some(&basic(user, password)), transport, allowance).await?
            }
            // A registry token is shown to the registry alone.
            Some(Login::RegistryToken(_)) | None => self.get(None, transport, allowance).await?,
        };
        match answer.status {
            StatusCode::OK => self.read(&answer).map(Outcome::Granted),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(Outcome::Refused(answer)),
            _ => Err(answer.refused_silently(self.asked)),
        }
    }

    async fn get(
        &self,
        authorization: Option<&HeaderValue>,
        transport: &Transport,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let mut url = self.place();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = self.service {
                query.append_pair("service", service);
            }
            query.append_pair("scope", &self.scope());
        }
        let request = self.request(url, None);
        let request = authorization.map_or(request.clone(), |header| request.authorized(header));
        transport.send(&request, allowance).await
    }

    async fn post(
        &self,
        token: &SecretString,
        transport: &Transport,
        allowance: &Allowance,
    ) -> Result<Answer, FetchError> {
        let scope = self.scope();
        let mut form = vec![
            ("grant_type", "refresh_token"),
            ("client_id", CLIENT_ID),
            ("scope", &scope),
            ("refresh_token", token.expose_secret()),
        ];
        if let Some(service) = self.service {
            form.push(("service", service));
        }
        transport.send(&self.request(self.place(), Some(&form)), allowance).await
    }

    fn request<'r>(&'r self, url: Url, form: Option<&'r [(&'r str, &'r str)]>) -> Request<'r> {
        Request {
            url,
            form,
            headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
            connection: self.connection,
            way: self.way,
            asked: self.asked,
            limit: Limit::Accepted(MAX_ANSWER_BYTES),
            redirects: Redirects::WithinOrigin,
            tries: Tries::Several,
        }
    }

    /// The realm without a scope: a registry may write into its query, too, what it would like to have.
    fn place(&self) -> Url {
        let mut url = self.realm.clone();
        if self.realm.query_pairs().any(|(name, _)| name == "scope") {
            url.query_pairs_mut().clear().extend_pairs(self.realm.query_pairs().filter(|(name, _)| name != "scope"));
        }
        url
    }

    /// The right to pull from this repository, whatever the registry would have asked for.
    fn scope(&self) -> String {
        format!("repository:{}:pull", self.repository)
    }

    fn read(&self, answer: &Answer) -> Result<Authorization, FetchError> {
        let wrong = |what: String| self.asked.failed(&answer.host, Reason::NotARegistry(what));
        // Not the reader's words: they may show a part of the token.
        let grant: Grant =
            serde_json::from_slice(&answer.body).map_err(|_| wrong("it is no token in JSON".to_owned()))?;
        let token =
            [grant.token, grant.access_token].into_iter().flatten().find(|token| !token.expose_secret().is_empty());
        let token = token.ok_or_else(|| wrong("it holds no token".to_owned()))?;
        let header = bearer(&token).ok_or_else(|| wrong("its token is none that a header can hold".to_owned()))?;
        Ok(Authorization { header, until: Some(Instant::now() + life(grant.expires_in.as_ref())) })
    }
}

/// How long to use a token: a little less than it counts, so that it does not lapse on its way.
fn life(expires_in: Option<&serde_json::Number>) -> Duration {
    let seconds = expires_in.and_then(serde_json::Number::as_f64).unwrap_or_default();
    let said = Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 { MOST_LIFE } else { LEAST_LIFE });
    said.clamp(LEAST_LIFE, MOST_LIFE).mul_f64(0.9)
}

/// User and password as a header (RFC 7617).
pub(super) fn basic(user: &str, password: &SecretString) -> HeaderValue {
    let encoded = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
    // Base64 is always the text of a header.
    let mut header = HeaderValue::from_str(&format!("Basic {encoded}")).unwrap_or(HeaderValue::from_static(""));
    header.set_sensitive(true);
    header
}

/// A token as a header (RFC 6750); `None` for one that no header can hold.
pub(super) fn bearer(token: &SecretString) -> Option<HeaderValue> {
    let token = token.expose_secret();
    if token.len() > MAX_TOKEN_BYTES || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let mut header = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_used_for_a_minute_at_least_and_a_day_at_most() {
        let life = |text: &str| life(Some(&text.parse::<serde_json::Number>().unwrap())).as_secs();
        assert_eq!(super::life(None).as_secs(), 54);
        assert_eq!(["300", "299.9", "10", "0", "-5", "1e30"].map(life), [270, 269, 54, 54, 54, 77_760]);
    }

    #[test]
    fn what_no_header_can_hold_is_no_token_and_what_is_one_is_not_shown() {
        for text in ["a b", "a\nb", "ä", &"a".repeat(MAX_TOKEN_BYTES + 1)] {
            assert!(bearer(&SecretString::from(text)).is_none());
        }
        let header = bearer(&SecretString::from("secret")).unwrap();
        assert_eq!((header.to_str().unwrap(), format!("{header:?}").as_str()), ("Bearer secret", "Sensitive"));
        assert_eq!(basic("me", &SecretString::from("a:b")), "Basic bWU6YTpi");
    }
}
