//! The trace that a request belongs to (W3C Trace Context).

use std::fmt;

use http::HeaderMap;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The header that carries it.
const TRACEPARENT: &str = "traceparent";

/// A trace's identity: 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

impl TraceId {
    /// That of a request; a new one where it carries none.
    pub fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(TRACEPARENT).and_then(|header| header.to_str().ok());
        header.and_then(Self::read).unwrap_or_else(Self::new)
    }

    fn new() -> Self {
        let mut id = [0; 16];
        // Without random numbers the answers are as right, and only harder to find in a log.
        let _ = SystemRandom::new().fill(&mut id);
        Self(id)
    }

    /// `version-trace-parent-flags`; later versions may have more parts.
    fn read(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if version.len() != 2 || !is_hex(version) || version == "ff" || trace.len() != 32 || !is_hex(trace) {
            return None;
        }
        let id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        Some(Self(id.to_be_bytes()))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str) -> String {
        let headers = HeaderMap::from_iter([(TRACEPARENT.parse().unwrap(), header.parse().unwrap())]);
        TraceId::of(&headers).to_string()
    }

    #[test]
    fn a_request_keeps_the_trace_that_it_carries() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(of(&format!("00-{trace}-b7ad6b7169203331-01")), trace);
        assert_eq!(of(&format!("cc-{trace}-b7ad6b7169203331-01-more")), trace);
    }

    #[test]
    fn one_that_carries_none_or_a_broken_one_gets_its_own() {
        let zero = "0".repeat(32);
        for header in [
            "",
            "00",
            "00-x-y-01",
            &format!("00-{zero}-b7ad6b7169203331-01"),
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let trace = of(header);
            assert_eq!(trace.len(), 32);
            assert_ne!(trace, zero);
            assert_ne!(trace, of(header), "{header}");
        }
    }
}
