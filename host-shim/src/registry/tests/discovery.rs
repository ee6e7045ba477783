//! Lists of referrers: endless ones, errors that are not "there are none", the fallback tag, and lists that break off.

use super::*;
use crate::listing::MAX_ENTRIES;

fn entry(number: usize) -> String {
    let digest = digest_of(number.to_string());
    format!(r#"{{"mediaType":"{MANIFEST}","digest":"{digest}","size":7,"artifactType":"text/type-{}"}}"#, number % 2)
}

fn entries(numbers: std::ops::Range<usize>) -> String {
    format!("[{}]", numbers.map(entry).collect::<Vec<_>>().join(","))
}

/// The page that a query `n=N` asks for; 1 where there is none.
fn page_number(seen: &Seen) -> usize {
    seen.target.split_once("n=").map_or(1, |(_, number)| number.parse().unwrap())
}

fn incomplete(listing: &Listing) -> Option<Code> {
    listing.incomplete.as_ref().map(|failure| failure.code)
}

#[tokio::test]
async fn pages_are_followed_to_the_last() {
    let asked = Asked::of(|seen| match page_number(seen) {
        1 => page(&entries(0..2), &[("link", "<?n=2>; rel=\"next\"")]),
        2 => page(&entries(1..3), &[("link", "</v2/app/referrers/x?n=3>; rel=next")]),
        _ => page("null", &[]),
    })
    .await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (3, None));
    assert_eq!(asked.server.seen().len(), 3);
}

#[tokio::test]
async fn of_an_endless_list_one_entry_too_many_is_kept_and_no_more_is_asked_for() {
    let asked = Asked::same(page(&entries(0..10_000), &[("link", "<?n=2>; rel=next")])).await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (MAX_ENTRIES, None));
    assert_eq!(asked.server.seen().len(), 1);
}

#[tokio::test]
async fn pages_without_end_are_followed_fifty_times() {
    // R5: `MAX_PAGES`.
    let asked = Asked::of(|seen| {
        let number = page_number(seen);
        page(&entries(number..number + 1), &[("link", &format!("<?n={}>; rel=next", number + 1))])
    })
    .await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (50, Some(Code::ListingTooLarge)));
    assert_eq!(asked.server.seen().len(), 50);
}

#[tokio::test]
async fn pages_that_lead_back_are_not_followed_again() {
    let asked = Asked::of(|seen| match page_number(seen) {
        1 => page(&entries(0..1), &[("link", "<?n=2>; rel=next")]),
        _ => page(&entries(1..2), &[("link", "<?n=2>; rel=next")]),
    })
    .await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (2, Some(Code::RegistryResponseInvalid)));
    assert_eq!(asked.server.seen().len(), 2);
}

#[tokio::test]
async fn a_page_on_another_host_is_not_asked_for_and_the_list_is_partial() {
    // R5: the origin in `link::next_page`.
    let elsewhere = Asked::same(page("[]", &[])).await;
    let link = format!("<http://{}/v2/app/referrers/x>; rel=next", elsewhere.server.host());
    let asked = Asked::same(page(&entries(0..1), &[("link", &link)])).await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (1, Some(Code::RegistryResponseInvalid)));
    assert_eq!(elsewhere.server.seen().len(), 0);
}

#[tokio::test]
async fn a_list_that_breaks_off_is_partial_and_says_why() {
    // R13: `Listing::incomplete`.
    for (second, code) in [
        (Reply::new(500, &[], ""), Code::RegistryUnavailable),
        (Reply::new(429, &[], ""), Code::RegistryThrottled),
        (not_found("MANIFEST_UNKNOWN"), Code::ImageNotFound),
        (page("[{}]", &[]), Code::RegistryResponseInvalid),
        (Reply::new(200, &[("content-type", "text/html")], "<html>"), Code::RegistryResponseInvalid),
    ] {
        let asked = Asked::of(move |seen| match page_number(seen) {
            1 => page(&entries(0..1), &[("link", "<?n=2>; rel=next")]),
            _ => second.clone(),
        })
        .await;
        let listing = asked.referrers(&digest_of("")).await.unwrap();
        assert_eq!((listing.referrers.len(), incomplete(&listing)), (1, Some(code)));
    }
}

#[tokio::test]
async fn no_error_is_an_empty_list() {
    // R6: `lack`.
    for (reply, code) in [
        (Reply::new(400, &[], ""), Code::RegistryResponseInvalid),
        (Reply::new(401, &[], ""), Code::RegistryUnauthorized),
        (Reply::new(403, &[], ""), Code::RegistryForbidden),
        (Reply::new(408, &[], ""), Code::RegistryUnavailable),
        (Reply::new(429, &[], ""), Code::RegistryThrottled),
        (Reply::new(500, &[], ""), Code::RegistryUnavailable),
        (Reply::new(503, &[], "<html>"), Code::RegistryUnavailable),
        (not_found("NAME_UNKNOWN"), Code::ImageNotFound),
        (Reply::new(302, &[("location", "/elsewhere")], ""), Code::RegistryResponseInvalid),
        (Reply::new(200, &[("content-type", "text/html")], "<html>"), Code::RegistryResponseInvalid),
        (Reply::new(200, &[("content-type", INDEX_MEDIA_TYPE)], "<html>"), Code::RegistryResponseInvalid),
        (Reply::new(200, &[("content-type", INDEX_MEDIA_TYPE)], r#"{"manifests":{}}"#), Code::RegistryResponseInvalid),
    ] {
        let shown = format!("{reply:?}");
        let asked = Asked::same(reply).await;
        assert_eq!(code_of(asked.referrers(&digest_of("")).await), code, "{shown}");
    }
}

#[tokio::test]
async fn where_there_is_no_such_repository_the_fallback_tag_is_not_asked_for() {
    let asked = Asked::same(not_found("NAME_UNKNOWN")).await;
    assert_eq!(code_of(asked.referrers(&digest_of("")).await), Code::ImageNotFound);
    assert_eq!(asked.server.seen().len(), 1);
}

#[tokio::test]
async fn a_null_list_is_empty() {
    let asked = Asked::same(page("null", &[])).await;
    let listing = asked.referrers(&digest_of("")).await.unwrap();
    assert_eq!((listing.referrers.len(), incomplete(&listing)), (0, None));
}

#[tokio::test]
async fn only_entries_of_wanted_types_are_kept_whether_or_not_the_registry_filters() {
    let untyped = format!(r#"{{"mediaType":"{MANIFEST}","digest":"{}","size":7}}"#, digest_of("x"));
    let list = format!("[{},{},{untyped}]", entry(0), entry(1));
    let asked = Asked::same(page(&list, &[])).await;
    let wanted = WantedTypes::Of(["text/type-1".to_owned()].into());
    let (image, allowance) = (image(&asked.server, ""), allowance(ample()));
    let listing = plain().repository(&image).referrers(&digest_of(""), &wanted, &allowance).await.unwrap();
    let kept: Vec<_> = listing.referrers.iter().map(|entry| entry.digest.to_string()).collect();
    assert_eq!(kept, [digest_of("1").to_string(), digest_of("x").to_string()]);
    assert!(asked.server.seen()[0].target.ends_with("?artifactType=text%2Ftype-1"), "{:?}", asked.server.seen());
}

#[tokio::test]
async fn a_registry_without_the_api_is_asked_for_the_fallback_tag() {
    let subject = digest_of("subject");
    for lacking in [
        Reply::new(404, &[], "404 page not found"),
        not_found("UNSUPPORTED"),
        Reply::new(405, &[], ""),
        Reply::new(200, &[("content-type", "application/json")], "{}"),
    ] {
        let asked = Asked::of(move |seen| {
            if seen.path().contains("/referrers/") {
                return lacking.clone();
            }
            // What it lists is for the verdict to check: the entry may be of another subject.
            page(&entries(0..2), &[])
        })
        .await;
        let listing = asked.referrers(&subject).await.unwrap();
        assert_eq!((listing.referrers.len(), incomplete(&listing)), (2, None));
        assert_eq!(asked.server.paths()[1], format!("/v2/app/manifests/sha256-{}", subject.hex()));
        assert_eq!(asked.server.seen()[1].header("accept"), Some(INDEX_MEDIA_TYPE));
    }
}

#[tokio::test]
async fn the_fallback_tag_of_a_longer_digest_is_cut_to_sixty_four_digits() {
    // R7: `listing::fallback_tag`.
    let asked = Asked::same(not_found("MANIFEST_UNKNOWN")).await;
    let subject = Digest::of(Algorithm::Sha512, b"subject");
    assert_eq!(asked.referrers(&subject).await.unwrap().referrers, []);
    assert_eq!(asked.server.paths()[1], format!("/v2/app/manifests/sha512-{}", &subject.hex()[..64]));
}

#[tokio::test]
async fn only_a_fallback_tag_that_is_not_there_means_that_nobody_listed_anything() {
    for (reply, code) in [
        (not_found("MANIFEST_UNKNOWN"), None),
        (Reply::new(404, &[], ""), None),
        (not_found("NAME_UNKNOWN"), Some(Code::ImageNotFound)),
        (Reply::new(401, &[], ""), Some(Code::RegistryUnauthorized)),
        (Reply::new(403, &[], ""), Some(Code::RegistryForbidden)),
        (Reply::new(429, &[], ""), Some(Code::RegistryThrottled)),
        (Reply::new(502, &[], ""), Some(Code::RegistryUnavailable)),
        (Reply::new(200, &[("content-type", "text/html")], "<html>"), Some(Code::RegistryResponseInvalid)),
        (manifest_reply(CONTENT), Some(Code::RegistryResponseInvalid)),
        (page("[]", &[(DIGEST_HEADER, digest_of("other").as_str())]), Some(Code::DigestMismatch)),
    ] {
        let asked =
            Asked::of(
                move |seen| {
                    if seen.path().contains("/referrers/") { Reply::new(404, &[], "") } else { reply.clone() }
                },
            )
            .await;
        let outcome = asked.referrers(&digest_of("")).await;
        assert_eq!(outcome.as_ref().err().map(FetchError::code), code);
        assert!(outcome.is_err() || outcome.unwrap().referrers.is_empty());
    }
}
