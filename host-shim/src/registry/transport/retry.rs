//! When a request is made again: where the registry or the network says that it may help, and there is time.

use std::time::Duration;

use http::{StatusCode, header::RETRY_AFTER};
use jiff::Timestamp;

use super::Answer;
use crate::{
    deadline::Deadline,
    registry::error::{FetchError, Reason},
};

/// Requests for one thing, the first among them.
const MAX_TRIES: u32 = 3;
/// Before the second try where nothing else is asked for; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long to wait before the next try; `None` where the outcome stands.
///
/// A registry that asks to wait longer than there is time is not waited for: its answer is the outcome, and the caller has time for something else.
pub(super) fn pause(outcome: &Result<Answer, FetchError>, tried: u32, deadline: Deadline) -> Option<Duration> {
    let usual = FIRST_PAUSE * 2_u32.saturating_pow(tried.saturating_sub(1));
    let pause = match outcome {
        Ok(answer) if comes_back(answer.status) => asked_to_wait(answer).map_or(usual, |wait| wait.max(usual)),
        Err(error) if matches!(*error.reason, Reason::Unreachable(_)) => usual,
        _ => return None,
    };
    (tried < MAX_TRIES && pause < deadline.left()).then_some(pause)
}

/// How long an answer asks to wait (RFC 9110, section 10.2.3): a number of seconds, or a date.
pub(super) fn asked_to_wait(answer: &Answer) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    // A date that has passed says to come back now.
    Some(Duration::try_from(date.duration_since(Timestamp::now())).unwrap_or_default())
}

fn comes_back(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Answer {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, value.parse().unwrap());
        }
        let (status, host) = (StatusCode::from_u16(status).unwrap(), String::new());
        Answer { status, headers, body: Vec::new(), host, peer: None }
    }

    fn pauses(status: u16, retry_after: Option<&str>, tried: u32) -> Option<u128> {
        let deadline = Deadline::within(Duration::from_secs(10));
        pause(&Ok(answer(status, retry_after)), tried, deadline).map(|pause| pause.as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_asked_three_times() {
        for status in [429, 502, 503, 504] {
            assert_eq!([1, 2, 3].map(|tried| pauses(status, None, tried)), [Some(100), Some(200), None], "{status}");
        }
        for status in [200, 307, 400, 401, 403, 404, 405, 500, 501] {
            assert_eq!(pauses(status, Some("1"), 1), None, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_is_given_the_time_that_it_asks_for_and_no_more_than_there_is() {
        assert_eq!(pauses(429, Some("9"), 1), Some(9_000));
        assert_eq!(pauses(429, Some("0"), 1), Some(100));
        assert_eq!(pauses(429, Some("10"), 1), None);
        assert_eq!(pauses(429, Some("99999999999999999999"), 1), Some(100));
        assert_eq!(pauses(503, Some("Wed, 21 Oct 2015 07:28:00 GMT"), 1), Some(100));
        assert_eq!(pauses(503, Some("Sat, 21 Oct 2265 07:28:00 GMT"), 1), None);
        assert_eq!(pauses(503, Some("soon"), 1), Some(100));
    }
}
