//! Where a redirect may lead. A client that follows blindly carries its requests to places of a registry's choice (GHSA-vh4v-2xq2-g5cg).

use http::{HeaderMap, StatusCode, header::LOCATION};
use url::Url;
use wasm_policy::text::shown;

/// Whether a status sends elsewhere.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where the answer to a request for `from` sends.
///
/// # Errors
/// A sentence for people, where it leads from https to anything else, or cannot be read.
pub(super) fn target(from: &Url, headers: &HeaderMap) -> Result<Url, String> {
    let location = headers.get(LOCATION).ok_or("the answer names no Location")?;
    let location = location.to_str().map_err(|_| "the Location is not ASCII")?;
    let to = from.join(location).map_err(|error| format!("the Location {} is no URL ({error})", shown(location)))?;
    let scheme_is_kept = to.scheme() == from.scheme() || (from.scheme(), to.scheme()) == ("http", "https");
    if !scheme_is_kept {
        return Err(format!("it leads from {} to {}", from.scheme(), shown(to.scheme())));
    }
    if !to.username().is_empty() || to.password().is_some() {
        return Err("the Location holds a user's name or password".to_owned());
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target_of(from: &str, location: &str) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.parse().unwrap());
        target(&from.parse().unwrap(), &headers).map(String::from)
    }

    #[test]
    fn a_redirect_keeps_to_https_and_carries_no_user() {
        let from = "https://r.example/v2/app/blobs/x";
        assert_eq!(target_of(from, "/y"), Ok("https://r.example/y".to_owned()));
        assert_eq!(target_of(from, "//s.example/y?sig=1"), Ok("https://s.example/y?sig=1".to_owned()));
        for location in [
            "http://r.example/y",
            "ftp://r.example/y",
            "file:///etc/passwd",
            "https://u@s.example/",
            "https://:p@s.example/",
        ] {
            assert!(target_of(from, location).is_err(), "{location}");
        }
        assert!(target_of("http://r.example/", "http://s.example/").is_ok());
        assert!(target_of("http://r.example/", "https://s.example/").is_ok());
        assert!(target(&from.parse().unwrap(), &HeaderMap::new()).is_err());
    }
}
