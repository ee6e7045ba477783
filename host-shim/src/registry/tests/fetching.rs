//! Bytes that are not what they should be: other bytes than asked for, lying sizes, endless and slow bodies, compression.

use super::*;

#[tokio::test]
async fn a_tag_is_resolved_to_the_digest_size_and_type_of_what_was_sent() {
    let asked = Asked::same(manifest_reply(CONTENT)).await;
    let descriptor = asked.tag().await.unwrap();
    assert_eq!(descriptor.digest, digest_of(CONTENT).as_str());
    assert_eq!((descriptor.media_type.as_ref(), descriptor.size), (MANIFEST, size_of(CONTENT)));
    let seen = &asked.server.seen()[0];
    assert_eq!(seen.target, "/v2/app/manifests/v1");
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert!(IMAGE_MEDIA_TYPES.iter().all(|accepted| seen.header("accept").unwrap().contains(accepted)));
}

#[tokio::test]
async fn where_there_is_a_digest_the_tag_beside_it_is_not_asked_for() {
    // R1: once there is a digest, only it counts.
    let asked = Asked::same(manifest_reply(CONTENT)).await;
    let digest = digest_of(CONTENT);
    assert_eq!(asked.resolve(&format!(":v1@{digest}")).await.unwrap().digest, digest.as_str());
    assert_eq!(asked.server.paths(), [format!("/v2/app/manifests/{digest}")]);
}

#[tokio::test]
async fn a_digest_header_that_is_not_that_of_the_body_is_refused() {
    let with = |digest: &str| Reply::new(200, &[("content-type", MANIFEST), (DIGEST_HEADER, digest)], CONTENT);
    assert_eq!(code_of(Asked::same(with(digest_of("other").as_str())).await.tag().await), Code::DigestMismatch);
    assert_eq!(code_of(Asked::same(with("sha256:junk")).await.tag().await), Code::RegistryResponseInvalid);
    let long = Digest::of(Algorithm::Sha512, CONTENT.as_bytes());
    assert_eq!(Asked::same(with(long.as_str())).await.tag().await.unwrap().digest, long.as_str());
}

#[tokio::test]
async fn bytes_that_do_not_hash_to_the_digest_asked_for_are_refused() {
    // R2: `check_digest`.
    let wanted = digest_of(CONTENT);
    // The header agrees with the digest asked for: it proves nothing.
    let headers = [("content-type", MANIFEST), (DIGEST_HEADER, wanted.as_str())];
    let altered = CONTENT.replace(':', ": ");
    let asked = Asked::same(Reply::new(200, &headers, &altered)).await;
    assert_eq!(code_of(asked.manifest(&wanted, size_of(&altered)).await), Code::DigestMismatch);
    assert_eq!(code_of(asked.blob(&wanted, size_of(&altered)).await), Code::DigestMismatch);
    assert_eq!(code_of(asked.resolve(&format!("@{wanted}")).await), Code::DigestMismatch);
}

#[tokio::test]
async fn a_size_that_is_not_that_of_the_bytes_is_refused_both_ways() {
    // R4: `check_size`, and the limit of `read`.
    let (digest, size) = (digest_of(CONTENT), size_of(CONTENT));
    for reply in [manifest_reply(CONTENT), Reply::without_length(200, &[("content-type", MANIFEST)], CONTENT)] {
        let asked = Asked::same(reply).await;
        assert!(asked.blob(&digest, size).await.is_ok());
        assert_eq!(code_of(asked.blob(&digest, size - 1).await), Code::ContentTooLarge);
        assert_eq!(code_of(asked.blob(&digest, size + 1).await), Code::DigestMismatch);
        assert_eq!(code_of(asked.manifest(&digest, size - 1).await), Code::ContentTooLarge);
        assert_eq!(code_of(asked.manifest(&digest, size + 1).await), Code::DigestMismatch);
    }
}

#[tokio::test]
async fn what_declares_itself_larger_than_accepted_is_not_asked_for() {
    let asked = Asked::same(manifest_reply(CONTENT)).await;
    assert_eq!(code_of(asked.manifest(&digest_of(CONTENT), MAX_MANIFEST_BYTES + 1).await), Code::ContentTooLarge);
    assert_eq!(code_of(asked.blob(&digest_of(CONTENT), MAX_BLOB_BYTES + 1).await), Code::ContentTooLarge);
    assert_eq!(asked.server.seen().len(), 0);
}

#[tokio::test]
async fn a_manifest_of_four_mebibytes_is_accepted_and_one_byte_more_is_not() {
    let limit = usize::try_from(MAX_MANIFEST_BYTES).unwrap();
    let padded = |length: usize| format!("{CONTENT}{}", " ".repeat(length - CONTENT.len()));
    let largest = Asked::same(manifest_reply(padded(limit))).await;
    assert_eq!(largest.tag().await.unwrap().size, MAX_MANIFEST_BYTES);
    for reply in [
        manifest_reply(padded(limit + 1)),
        Reply::without_length(200, &[("content-type", MANIFEST)], padded(limit + 1)),
        Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").then_hang(),
    ] {
        assert_eq!(code_of(Asked::same(reply).await.tag().await), Code::ContentTooLarge);
    }
}

#[tokio::test]
async fn a_body_without_end_ends_at_the_bound() {
    // R4: the limit of `read`.
    let endless = Reply::without_length(200, &[("content-type", MANIFEST)], CONTENT).then_endless();
    let asked = Asked::same(endless).await;
    assert_eq!(code_of(asked.tag().await), Code::ContentTooLarge);
    assert_eq!(code_of(asked.blob(&digest_of(CONTENT), size_of(CONTENT)).await), Code::ContentTooLarge);
    let endless = Reply::without_length(200, &[("content-type", INDEX_MEDIA_TYPE)], "").then_endless();
    let asked = Asked::same(endless).await;
    assert_eq!(code_of(asked.referrers(&digest_of("")).await), Code::ContentTooLarge);
    // An error's body is only read for the registry's words.
    let endless = Reply::without_length(503, &[], "").then_endless();
    assert_eq!(code_of(Asked::same(endless).await.tag().await), Code::RegistryUnavailable);
}

#[tokio::test]
async fn the_bytes_of_a_call_are_bounded_too() {
    let asked = Asked::same(manifest_reply(CONTENT)).await;
    let image = image(&asked.server, ":v1");
    let budget = crate::allowance::ByteBudget::new(2 * size_of(CONTENT));
    let registries = plain();
    for expected in [None, None, Some(Code::FetchLimitReached)] {
        let allowance = Allowance::new(ample(), &budget);
        let outcome = registries.repository(&image).resolve(&image, &allowance).await;
        assert_eq!(outcome.err().map(|error| error.code()), expected);
    }
}

#[tokio::test]
async fn a_body_that_never_comes_ends_at_the_deadline() {
    for reply in [
        Reply::raw(b"").then_hang(),
        Reply::raw(b"HTTP/1.1 200 OK\r\n").then_hang(),
        Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{").then_hang(),
        Reply::raw(b"HTTP/1.1 500 Oh\r\ncontent-length: 9\r\n\r\n{").then_hang(),
    ] {
        let asked = Asked::same(reply).await.before(short());
        assert_eq!(code_of(asked.tag().await), Code::RegistryTimeout);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_answer() {
    let reply = Reply::raw(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{");
    assert_eq!(code_of(Asked::same(reply).await.tag().await), Code::RegistryUnavailable);
    assert_eq!(code_of(Asked::same(Reply::raw(b"")).await.tag().await), Code::RegistryUnavailable);
    assert_eq!(code_of(Asked::same(Reply::raw(b"SSH-2.0-x\r\n")).await.tag().await), Code::RegistryUnavailable);
}

#[tokio::test]
async fn compressed_bytes_are_never_unpacked() {
    // 20 bytes of gzip that unpack to "{}".
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let reply = Reply::new(200, &[("content-encoding", "gzip")], gzip);
    let asked = Asked::same(reply).await;
    assert_eq!(code_of(asked.blob(&digest_of("{}"), 2).await), Code::ContentTooLarge);
    // A registry may store something compressed, and say so: its digest is of the bytes as stored.
    assert_eq!(asked.blob(&digest_of(gzip), size_of(gzip)).await.unwrap(), gzip);
}
