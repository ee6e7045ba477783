//! Answers that are refused: errors keep their own codes, documents must agree with their headers, and redirects lead where they may.

use super::*;

#[tokio::test]
async fn every_error_has_its_own_code_for_images_manifests_and_blobs() {
    for (status, code) in [
        (400, Code::RegistryResponseInvalid),
        (401, Code::RegistryUnauthorized),
        (403, Code::RegistryForbidden),
        (429, Code::RegistryThrottled),
        (500, Code::RegistryUnavailable),
        (503, Code::RegistryUnavailable),
        (204, Code::RegistryResponseInvalid),
        (206, Code::RegistryResponseInvalid),
    ] {
        let asked = Asked::same(Reply::new(status, &[], "")).await;
        assert_eq!(code_of(asked.tag().await), code, "{status}");
        assert_eq!(code_of(asked.manifest(&digest_of(""), 0).await), code, "{status}");
        assert_eq!(code_of(asked.blob(&digest_of(""), 0).await), code, "{status}");
    }
    let asked = Asked::same(not_found("MANIFEST_UNKNOWN")).await;
    assert_eq!(code_of(asked.tag().await), Code::ImageNotFound);
    assert_eq!(code_of(asked.manifest(&digest_of(""), 0).await), Code::BlobNotFound);
    assert_eq!(code_of(asked.blob(&digest_of(""), 0).await), Code::BlobNotFound);
}

#[tokio::test]
async fn a_message_names_the_host_what_was_asked_the_status_and_the_registrys_words() {
    let body = r#"{"errors":[{"code":"DENIED","message":"no\u001b[31m right","detail":{"a":[1]}}]}"#;
    let asked = Asked::same(Reply::new(403, &[], body)).await;
    let message = asked.tag().await.unwrap_err().to_string();
    let expected = format!(
        r"{}: image v1 of app: the registry answered 403 Forbidden (DENIED: no\u{{1b}}[31m right)",
        asked.server.host()
    );
    assert_eq!(message, expected);
}

#[tokio::test]
async fn documents_that_are_no_manifest_are_refused() {
    let typed = |media_type: &str, body: &str| Reply::new(200, &[("content-type", media_type)], body);
    for reply in [
        typed("text/html; charset=utf-8", "<html>Please log in</html>"),
        typed(MANIFEST, "<html>"),
        typed(MANIFEST, "[]"),
        typed(MANIFEST, ""),
        typed(MANIFEST, &format!(r#"{{"mediaType":"{INDEX_MEDIA_TYPE}"}}"#)),
        typed(INDEX_MEDIA_TYPE, CONTENT),
        typed("application/json", CONTENT),
        typed("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}"),
        typed(MANIFEST, &format!(r#"{{"mediaType":"{MANIFEST}","mediaType":"{MANIFEST}"}}"#)),
        Reply::new(200, &[], "{}"),
        Reply::new(200, &[], r#"{"mediaType":"text/plain"}"#),
    ] {
        let shown = format!("{reply:?}");
        let asked = Asked::same(reply).await;
        assert_eq!(code_of(asked.tag().await), Code::RegistryResponseInvalid, "{shown}");
        let by_digest = asked.manifest(&digest_of("x"), 4096).await;
        assert_eq!(code_of(by_digest), Code::RegistryResponseInvalid, "{shown}");
    }
    let without_header = Asked::same(Reply::new(200, &[], CONTENT)).await;
    assert_eq!(without_header.tag().await.unwrap().media_type, MANIFEST);
    let without_type = Asked::same(typed(&format!("{MANIFEST}; charset=utf-8"), "{}")).await;
    assert_eq!(without_type.tag().await.unwrap().media_type, MANIFEST);
}

#[tokio::test]
async fn a_registry_that_nobody_runs_is_unavailable() {
    let host = Asked::same(Reply::raw(b"")).await.server.host();
    // The server is gone by now.
    let image: Reference = format!("{host}/app:v1").parse().unwrap();
    let outcome = plain().repository(&image).resolve(&image, &allowance(ample())).await;
    assert_eq!(code_of(outcome), Code::RegistryUnavailable);
}

#[tokio::test]
async fn a_name_without_an_address_has_a_code_of_its_own() {
    let image: Reference = "r.example/app:v1".parse().unwrap();
    let registries = plain();
    // Longer than a label of DNS, so that nobody has to be asked.
    let host = format!("{}.example", "a".repeat(64));
    let repository = Repository { endpoints: registries.endpoints.of(&host), ..registries.repository(&image) };
    let outcome = repository.resolve(&image, &allowance(ample())).await;
    assert_eq!(code_of(outcome), Code::RegistryNameUnresolved);
}

#[tokio::test]
async fn a_metadata_service_is_no_registry() {
    let image: Reference = "169.254.169.254/app:v1".parse().unwrap();
    let outcome = plain().repository(&image).resolve(&image, &allowance(ample())).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("an address that is not connected to"), "{error}");
    assert_eq!(error.code(), Code::RegistryUnavailable);
}

fn redirect(to: &str) -> Reply {
    Reply::new(307, &[("location", to)], "")
}

#[tokio::test]
async fn a_blob_may_be_stored_elsewhere_and_nothing_of_ours_goes_there() {
    let storage = Asked::same(Reply::new(200, &[], CONTENT)).await;
    let to = format!("http://{}/blob?signature=secret", storage.server.host());
    let asked = Asked::same(redirect(&to)).await;
    assert!(asked.blob(&digest_of(CONTENT), size_of(CONTENT)).await.is_ok());
    let seen = &storage.server.seen()[0];
    assert_eq!(seen.target, "/blob?signature=secret");
    let mut names: Vec<_> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    // reqwest always says that it accepts anything.
    assert_eq!(names, ["accept", "accept-encoding", "host"]);
    assert_eq!(seen.header("accept"), Some("*/*"));
}

#[tokio::test]
async fn within_the_registry_a_redirect_keeps_what_was_asked() {
    let asked = Asked::of(|seen| match seen.path() {
        "/v2/app/manifests/v1" => redirect("/elsewhere"),
        _ => manifest_reply(CONTENT),
    })
    .await;
    assert!(asked.tag().await.is_ok());
    let seen = asked.server.seen();
    assert_eq!(
        (seen[0].header("accept"), seen[0].header("user-agent")),
        (seen[1].header("accept"), seen[1].header("user-agent"))
    );
}

#[tokio::test]
async fn the_fourth_redirect_in_a_row_is_refused() {
    let hops = |from: usize| {
        move |seen: &Seen| match seen.path().strip_prefix('/').and_then(|path| path.parse::<usize>().ok()) {
            None => redirect(&format!("/{from}")),
            Some(0) => manifest_reply(CONTENT),
            Some(left) => redirect(&format!("/{}", left - 1)),
        }
    };
    let asked = Asked::of(hops(2)).await;
    assert!(asked.tag().await.is_ok());
    assert_eq!(asked.server.seen().len(), 4);
    let asked = Asked::of(hops(3)).await;
    assert_eq!(code_of(asked.tag().await), Code::RegistryRedirectRefused);
    assert_eq!(asked.server.seen().len(), 4);
}

#[tokio::test]
async fn a_redirect_to_where_none_may_lead_is_refused() {
    for to in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/",
        "file:///etc/passwd",
        "ftp://r.example/",
        "http://u:p@r.example/",
        "http://",
    ] {
        let asked = Asked::same(redirect(to)).await;
        assert_eq!(code_of(asked.blob(&digest_of(""), 0).await), Code::RegistryRedirectRefused, "{to}");
    }
    let asked = Asked::same(Reply::new(302, &[], "")).await;
    assert_eq!(code_of(asked.tag().await), Code::RegistryRedirectRefused);
}
