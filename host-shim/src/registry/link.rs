//! The next page of a list: `Link: <url>; rel="next"` (RFC 8288).

use http::{HeaderMap, header::LINK};
use url::Url;
use wasm_policy::text::shown;

/// The address of the page after the one at `current`; `None` where it was the last.
///
/// # Errors
/// A sentence for people, where the page is on another origin: the request, and some day its credential, would go there (GHSA-vh4v-2xq2-g5cg).
pub(super) fn next_page(current: &Url, headers: &HeaderMap) -> Result<Option<Url>, String> {
    for value in headers.get_all(LINK) {
        let value = value.to_str().map_err(|_| "the Link of the next page is not ASCII")?;
        let Some(target) = target_of_next(value) else { continue };
        let next = current
            .join(target)
            .map_err(|error| format!("the Link of the next page, {}, is no URL ({error})", shown(target)))?;
        if next.origin() != current.origin() || !next.username().is_empty() || next.password().is_some() {
            return Err(format!("the Link of the next page leads to another host, {}", shown(next.as_str())));
        }
        return Ok(Some(next));
    }
    Ok(None)
}

/// The target of the first link whose relation is `next`.
fn target_of_next(value: &str) -> Option<&str> {
    let mut rest = value;
    loop {
        let (_, from_target) = rest.split_once('<')?;
        let (target, parameters) = from_target.split_once('>')?;
        let (parameters, following) = split_outside_quotes(parameters, ',');
        if is_next(parameters) {
            return Some(target);
        }
        rest = following;
    }
}

/// Whether the parameters of a link hold the relation `next`; relations are compared without case, and there may be several.
fn is_next(parameters: &str) -> bool {
    let mut rest = parameters;
    while !rest.is_empty() {
        let (parameter, following) = split_outside_quotes(rest, ';');
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            return relations.any(|relation| relation.eq_ignore_ascii_case("next"));
        }
        rest = following;
    }
    false
}

/// The text before and after the separator, which does not count inside of quotes.
fn split_outside_quotes(text: &str, separator: char) -> (&str, &str) {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => return (&text[..at], &text[at + separator.len_utf8()..]),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(links: &[&str]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for link in links {
            headers.append(LINK, link.parse().unwrap());
        }
        let current = "https://r.example/v2/app/referrers/sha256:x?n=1".parse().unwrap();
        Ok(next_page(&current, &headers)?.map(String::from))
    }

    #[test]
    fn the_next_page_is_found_in_every_way_that_registries_write_it() {
        let found = Ok(Some("https://r.example/v2/app/referrers/sha256:x?n=2".to_owned()));
        for link in [
            "</v2/app/referrers/sha256:x?n=2>; rel=\"next\"",
            "<https://r.example/v2/app/referrers/sha256:x?n=2>;rel=next",
            "<?n=2>; title=\"a, b; rel=prev\"; REL=\"last Next\"",
            "</first>; rel=\"first\", <?n=2>; rel=\"next\"",
        ] {
            assert_eq!(next(&[link]), found, "{link}");
        }
        assert_eq!(next(&["</first>; rel=first", "<?n=2>; rel=next"]), found);
    }

    #[test]
    fn what_names_no_next_page_is_none() {
        for link in [
            "",
            "</x>",
            "</x>; rel=prev",
            "</x>; rel=nextish",
            "no link",
            "<unclosed; rel=next",
            "</x>; title=\"rel=next\"",
        ] {
            assert_eq!(next(&[link]), Ok(None), "{link}");
        }
        assert_eq!(next(&[]), Ok(None));
    }

    #[test]
    fn a_page_on_another_origin_is_refused() {
        for link in [
            "<https://evil.example/>; rel=next",
            "<http://r.example/>; rel=next",
            "<https://r.example:8443/>; rel=next",
            "<//evil.example/>; rel=next",
            "<https://u:p@r.example/>; rel=next",
        ] {
            assert!(next(&[link]).is_err(), "{link}");
        }
    }
}
