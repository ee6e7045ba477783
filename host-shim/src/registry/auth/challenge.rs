//! What a registry asks for when it answers 401: the `WWW-Authenticate` headers (RFC 9110, section 11.6.1).

use http::{HeaderMap, header::WWW_AUTHENTICATE};
use http_auth::{ChallengeRef, parse_challenges};
use url::Url;
use wasm_policy::text::shown;

/// Bytes of all challenges of an answer; the longest in use have some hundred.
const MAX_BYTES: usize = 8 << 10;

/// The one challenge that is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password, sent to the registry itself (RFC 7617).
    Basic,
    /// A token, which the service at `realm` gives for `service`.
    Bearer { realm: Url, service: Option<String> },
}

impl Challenge {
    /// The challenge of an answer that is answered: Bearer before Basic, since it shows the credential to fewer.
    ///
    /// The scope that a challenge names is not read: what is asked for is the right to pull from the repository, and never more.
    ///
    /// # Errors
    /// A sentence for people, where nothing is asked for that could be answered.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, String> {
        let values: Vec<_> = headers.get_all(WWW_AUTHENTICATE).iter().collect();
        if values.iter().map(|value| value.len()).sum::<usize>() > MAX_BYTES {
            return Err(format!("its WWW-Authenticate is longer than {MAX_BYTES} bytes"));
        }
        let mut found = Vec::new();
        for value in values {
            let value = value.to_str().map_err(|_| "its WWW-Authenticate is not ASCII")?;
            let challenges = parse_challenges(value)
                .map_err(|_| format!("its WWW-Authenticate {} is not well-formed", shown(value)))?;
            for challenge in &challenges {
                found.extend(Self::read(challenge)?);
            }
        }
        let bearer = found.iter().position(|challenge| matches!(challenge, Self::Bearer { .. }));
        match bearer {
            Some(at) => Ok(found.swap_remove(at)),
            None => found.pop().ok_or_else(|| "it does not say how: it asks for neither Bearer nor Basic".to_owned()),
        }
    }

    fn read(challenge: &ChallengeRef<'_>) -> Result<Option<Self>, String> {
        if challenge.scheme.eq_ignore_ascii_case("Basic") {
            return Ok(Some(Self::Basic));
        }
        if !challenge.scheme.eq_ignore_ascii_case("Bearer") {
            return Ok(None);
        }
        let realm =
            parameter(challenge, "realm").ok_or("its Bearer challenge names no realm, where tokens are given")?;
        let realm = Url::parse(&realm).map_err(|error| format!("its realm {} is no URL ({error})", shown(&realm)))?;
        Ok(Some(Self::Bearer { realm, service: parameter(challenge, "service") }))
    }
}

/// The first of that name.
fn parameter(challenge: &ChallengeRef<'_>, name: &str) -> Option<String> {
    let (_, value) = challenge.params.iter().find(|(given, _)| given.eq_ignore_ascii_case(name))?;
    Some(value.to_unescaped())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &[&str]) -> Result<Challenge, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.parse().unwrap(), service: service.map(str::to_owned) }
    }

    #[test]
    fn a_bearer_challenge_is_read_in_every_form_that_it_may_have() {
        let expected = bearer("https://auth.example/token?a=1,2", Some("registry \"one\""));
        for value in [
            r#"Bearer realm="https://auth.example/token?a=1,2",service="registry \"one\"",scope="repository:app:pull,push""#,
            r#"bearer Service="registry \"one\"" , REALM="https://auth.example/token?a=1,2""#,
            r#"Negotiate, Basic realm="a, b", Bearer realm="https://auth.example/token?a=1,2",service="registry \"one\"",error="insufficient_scope""#,
        ] {
            assert_eq!(challenge(&[value]), Ok(expected.clone()), "{value}");
        }
    }

    #[test]
    fn bearer_counts_before_basic_in_whichever_order_and_header() {
        let (basic, token) = (r#"Basic realm="registry""#, r#"Bearer realm="https://auth.example/token""#);
        for values in
            [&[basic, token][..], &[token, basic], &[&format!("{basic}, {token}")], &[&format!("{token}, {basic}")]]
        {
            assert_eq!(challenge(values), Ok(bearer("https://auth.example/token", None)), "{values:?}");
        }
        assert_eq!(challenge(&["Basic"]), Ok(Challenge::Basic));
    }

    #[test]
    fn what_cannot_be_answered_is_told() {
        for (values, reason) in [
            (&[][..], "neither Bearer nor Basic"),
            (&["Negotiate"], "neither Bearer nor Basic"),
            (&["Bearer"], "names no realm"),
            (&[r#"Bearer service="x""#], "names no realm"),
            (&[r#"Bearer realm="/token""#], "no URL"),
            (&[r#"Bearer realm="https://auth.example"#], "not well-formed"),
            (&["=,="], "not well-formed"),
            (&[&format!(r#"Basic realm="{}""#, "a".repeat(MAX_BYTES))], "longer than 8192 bytes"),
        ] {
            let told = challenge(values).unwrap_err();
            assert!(told.contains(reason), "{values:?}: {told}");
        }
    }
}
