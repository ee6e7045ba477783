//! The trace that a request belongs to (W3C Trace Context).

use std::fmt;

use http::HeaderMap;

/// The header that carries it.
const TRACEPARENT: &str = "traceparent";

/// A trace's identity: 32 lower-case hex digits, not all of them zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceId([u8; DIGITS]);

const DIGITS: usize = 32;

impl TraceId {
    /// That of a request; a new one where it carries none.
    pub fn of(headers: &HeaderMap) -> Self {
        let header = headers.get(TRACEPARENT).and_then(|header| header.to_str().ok());
        header.and_then(Self::read).unwrap_or_else(Self::new)
    }

    /// Nobody has to be kept from guessing it: it only has to be another one each time.
    fn new() -> Self {
        let bytes = fastrand::u128(1..).to_be_bytes();
        Self(std::array::from_fn(|at| {
            let byte = bytes[at / 2];
            b"0123456789abcdef"[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 0xf })]
        }))
    }

    /// `version-trace-parent-flags`; later versions may have more parts.
    fn read(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace) = (parts.next()?, parts.next()?);
        let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_trace = is_hex(trace) && trace.bytes().any(|digit| digit != b'0');
        if version.len() != 2 || !is_hex(version) || version == "ff" || !is_trace {
            return None;
        }
        Some(Self(trace.as_bytes().try_into().ok()?))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        // They are ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
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
