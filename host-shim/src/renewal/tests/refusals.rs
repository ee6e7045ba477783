//! What cannot be renewed, what is said of it, and what never is.

use http::Method;

use super::*;

const RSA: &str = include_str!("../../../../tests/fixtures/demo/keys/demo.key.pem");

async fn refused(api: &Api) -> String {
    let before = api.world().objects.clone();
    let error = renew(api.client(), &order(), after(60 * DAY)).await.unwrap_err();
    assert_eq!(api.world().objects, before, "nothing is changed");
    error.to_string()
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_named_with_what_to_do() {
    for (path, name) in [(CA, "image-integrity-ca"), (CERTIFICATE, "image-integrity-tls")] {
        for (status, reason) in [
            (404, "it is not there; the Helm chart makes it where certificates.source is chart: run `helm upgrade`"),
            (403, "the service account may not; give it the verb get on this secret"),
            (500, "the API server did not answer: it says 500 Internal Server Error; run this again"),
        ] {
            let api = api();
            api.world().refusals.insert((Method::GET, path.to_owned()), status);
            assert_eq!(refused(&api).await, format!("secret gatekeeper-system/{name} cannot be read: {reason}"));
        }
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_changed_is_named_with_what_to_do() {
    for (status, reason) in [
        (403, "the service account may not; give it the verb patch on this secret"),
        (409, "somebody else has changed it meanwhile; run this again"),
        (503, "the API server did not answer: it says 503 Service Unavailable; run this again"),
    ] {
        let api = api();
        api.world().refusals.insert((Method::PATCH, CERTIFICATE.to_owned()), status);
        let told = format!("secret gatekeeper-system/image-integrity-tls cannot be changed: {reason}");
        assert_eq!(refused(&api).await, told);
    }
}

#[tokio::test]
async fn an_answer_that_is_no_secret_or_too_large_is_refused() {
    let told = "secret gatekeeper-system/image-integrity-tls cannot be read: \
                the answer of the API server is not what was asked for; look at the secret with kubectl";
    for answer in [json!({ "data": "hunter2" }), json!({ "x": "x".repeat(3 << 20) })] {
        let api = api();
        api.world().objects.insert(CERTIFICATE.to_owned(), answer);
        assert_eq!(refused(&api).await, told);
    }
}

#[tokio::test]
async fn a_ca_that_can_issue_nothing_is_told() {
    let (another, key) = another_ca();
    let key = key.serialize_pem();
    for (certificate, key, reason) in [
        ("", CA_KEY, "tls.crt holds no certificate in PEM ("),
        (CA_CRT, "", "tls.key holds no private key on P-256 in PEM, of which the chart makes its CA;"),
        (CA_CRT, RSA, "tls.key holds no private key on P-256 in PEM"),
        (CA_CRT, &key, "its key is not that of its certificate ("),
        (&another, CA_KEY, "its key is not that of its certificate ("),
        (TLS_CRT, TLS_KEY, "its certificate is none of a CA;"),
    ] {
        let api = api();
        put(&api, CA, &json!({}), &[("tls.crt", certificate), ("tls.key", key)]);
        let told = refused(&api).await;
        assert!(
            told.starts_with(&format!(
                "the CA in secret gatekeeper-system/image-integrity-ca cannot be used: {reason}"
            )),
            "{told}"
        );
        let next = "; delete this secret and the certificate's, and run `helm upgrade`, which makes both anew";
        assert!(told.ends_with(next), "{told}");
    }
}

#[tokio::test]
async fn a_ca_that_has_expired_is_told() {
    let api = api();
    let error = renew(api.client(), &order(), after(3650 * DAY)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the CA in secret gatekeeper-system/image-integrity-ca cannot be used: its certificate has expired; \
         delete this secret and the certificate's, and run `helm upgrade`, which makes both anew"
    );
}

#[tokio::test]
async fn no_key_is_shown_in_errors_or_for_debugging() {
    const MARKER: &str = "bm90IGEga2V5IGJ1dCBhIHNlY3JldCBhbGwgdGhlIHNhbWU=";
    let broken = format!("-----BEGIN EC PRIVATE KEY-----\n{MARKER}\n-----END EC PRIVATE KEY-----\n");
    let api = api();
    put(&api, CA, &json!({}), &[("tls.crt", CA_CRT), ("tls.key", &broken)]);
    let error = renew(api.client(), &order(), after(60 * DAY)).await.unwrap_err();
    let secret = Secrets::new(api.client()).read(&order().ca).await.unwrap();
    for shown in [error.to_string(), format!("{error:?}"), format!("{secret:?}")] {
        assert!(!shown.contains(MARKER) && !shown.contains(&format!("{:?}", broken.as_bytes())), "{shown}");
    }
}
