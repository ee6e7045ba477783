//! Renewing what the chart has made: `helm-*` are the secrets of `helm template`, CA and certificate, made at [`MADE`] for [`NAMES`].

mod api;
mod refusals;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use x509_cert::{Certificate, der::Decode as _};

use self::api::Api;
use super::*;

const MADE: u64 = 1_795_655_684;
const NAMES: [&str; 3] = [
    "image-integrity.gatekeeper-system",
    "image-integrity.gatekeeper-system.svc",
    "image-integrity.gatekeeper-system.svc.cluster.local",
];
const CA: &str = "/api/v1/namespaces/gatekeeper-system/secrets/image-integrity-ca";
const CERTIFICATE: &str = "/api/v1/namespaces/gatekeeper-system/secrets/image-integrity-tls";
const DAY: Duration = Duration::from_hours(24);

const CA_CRT: &str = include_str!("helm-ca.crt");
const CA_KEY: &str = include_str!("helm-ca.key");
const TLS_CRT: &str = include_str!("helm-tls.crt");
const TLS_KEY: &str = include_str!("helm-tls.key");

/// With what the chart has made.
fn api() -> Api {
    let api = Api::default();
    put(&api, CA, &json!({}), &[("tls.crt", CA_CRT), ("tls.key", CA_KEY)]);
    let annotations = json!({ "image-integrity/made": MADE.to_string(), "image-integrity/names": "[]" });
    put(&api, CERTIFICATE, &annotations, &[("ca.crt", CA_CRT), ("tls.crt", TLS_CRT), ("tls.key", TLS_KEY)]);
    api
}

fn put(api: &Api, path: &str, annotations: &Value, data: &[(&str, &str)]) {
    let data: Value = data.iter().map(|(key, text)| ((*key).to_owned(), json!(STANDARD.encode(text)))).collect();
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "resourceVersion": "7", "annotations": annotations },
        "type": "kubernetes.io/tls",
        "data": data,
    });
    api.world().objects.insert(path.to_owned(), secret);
}

/// As the chart orders it.
fn order() -> Order {
    let of_namespace = |name: &str| SecretName { namespace: "gatekeeper-system".to_owned(), name: name.to_owned() };
    Order {
        ca: of_namespace("image-integrity-ca"),
        certificate: of_namespace("image-integrity-tls"),
        names: NAMES.map(|name| name.try_into().unwrap()).into(),
        valid_for: 90 * DAY,
        renew_after: 60 * DAY,
    }
}

/// So long after the chart has made them.
fn after(time: Duration) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(MADE) + time)
}

async fn renewed(api: &Api, order: &Order, now: UnixTime) -> Option<Reason> {
    match renew(api.client(), order, now).await.unwrap() {
        Outcome::Kept { .. } => None,
        Outcome::Renewed { reason, .. } => Some(reason),
    }
}

/// Text that is in the secret of the certificate now.
fn text(api: &Api, key: &str) -> String {
    let encoded = api.world().objects[CERTIFICATE]["data"][key].as_str().unwrap().to_owned();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

fn another_ca() -> (String, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key).unwrap().pem(), key)
}

#[tokio::test]
async fn a_certificate_that_is_young_is_kept() {
    let api = api();
    for age in [Duration::ZERO, Duration::from_secs(60 * 86_400 - 1)] {
        assert_eq!(renew(api.client(), &order(), after(age)).await, Ok(Outcome::Kept { age }));
    }
    assert!(api.world().patches.is_empty());
}

#[tokio::test]
async fn an_old_certificate_is_replaced_by_one_of_the_same_ca_for_the_same_names() {
    let (api, now) = (api(), after(60 * DAY));
    let until = after(150 * DAY);
    let outcome = renew(api.client(), &order(), now).await.unwrap();
    assert_eq!(outcome, Outcome::Renewed { reason: Reason::Old(60 * DAY), until, ends_with_ca: false });

    let patches = std::mem::take(&mut api.world().patches);
    let [patch] = patches.as_slice() else { panic!("there is more than one patch") };
    assert_eq!(patch.uri, format!("{CERTIFICATE}?fieldManager=image-integrity"));
    assert_eq!(patch.content_type, "application/merge-patch+json");
    let encoded = |key: &str| STANDARD.encode(text(&api, key));
    let expected = json!({
        "metadata": { "resourceVersion": "7", "annotations": { "image-integrity/made": now.as_secs().to_string() } },
        "data": { "ca.crt": encoded("ca.crt"), "tls.crt": encoded("tls.crt"), "tls.key": encoded("tls.key") },
    });
    assert_eq!(patch.body, expected);

    assert_eq!(text(&api, "ca.crt"), CA_CRT);
    assert_ne!(text(&api, "tls.key"), TLS_KEY);
    let der = CertificateDer::from_pem_slice(text(&api, "tls.crt").as_bytes()).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    assert_eq!(seconds(validity.not_after), until.as_secs());
    assert_eq!(seconds(validity.not_before), now.as_secs() - 3600);
    PrivateKeyDer::from_pem_slice(text(&api, "tls.key").as_bytes()).unwrap();
}

#[tokio::test]
async fn what_was_written_is_good_from_then_on() {
    let (api, now) = (api(), after(60 * DAY));
    assert!(renewed(&api, &order(), now).await.is_some());
    let again = renew(api.client(), &order(), after(61 * DAY)).await;
    assert_eq!(again, Ok(Outcome::Kept { age: DAY }));
    assert_eq!(api.world().objects[CERTIFICATE]["metadata"]["annotations"]["image-integrity/names"], "[]");
    assert_eq!(api.world().objects[CERTIFICATE]["type"], "kubernetes.io/tls");
}

#[tokio::test]
async fn a_certificate_for_fewer_more_or_other_names_is_replaced() {
    for names in [&NAMES[..1], &[NAMES[0], NAMES[1], NAMES[2], "other"], &["other"]] {
        let names = names.iter().map(|name| DnsName::try_from((*name).to_owned()).unwrap()).collect();
        let (api, order) = (api(), Order { names, ..order() });
        assert_eq!(renewed(&api, &order, after(DAY)).await, Some(Reason::OtherNames));
        assert_eq!(renewed(&api, &order, after(DAY)).await, None, "now it is for these");
    }
    let (api, reversed) = (api(), Order { names: order().names.into_iter().rev().collect(), ..order() });
    assert_eq!(renewed(&api, &reversed, after(DAY)).await, None, "their order is of no account");
}

#[tokio::test]
async fn an_expired_certificate_is_replaced_whatever_its_age_may_be() {
    let (api, order) = (api(), Order { valid_for: 500 * DAY, renew_after: 400 * DAY, ..order() });
    let Some(Reason::Untrusted(why)) = renewed(&api, &order, after(91 * DAY)).await else { panic!("it is kept") };
    assert!(why.contains("expired"), "{why}");
}

#[tokio::test]
async fn a_certificate_that_ends_before_the_next_is_due_is_replaced() {
    let (api, order) = (api(), Order { valid_for: 500 * DAY, renew_after: 400 * DAY, ..order() });
    assert_eq!(renewed(&api, &order, after(DAY)).await, Some(Reason::Ending(89 * DAY)));
}

#[tokio::test]
async fn a_certificate_of_another_ca_is_replaced() {
    let api = api();
    let (ca, key) = another_ca();
    let key = key.serialize_pem();
    put(&api, CA, &json!({}), &[("tls.crt", &ca), ("tls.key", &key)]);
    let Some(Reason::Untrusted(why)) = renewed(&api, &order(), after(DAY)).await else { panic!("it is kept") };
    assert!(why.contains("UnknownIssuer"), "{why}");
    assert_eq!(text(&api, "ca.crt"), ca, "who reads the CA beside the certificate trusts it");
    assert_eq!(renewed(&api, &order(), after(DAY)).await, None);
}

#[tokio::test]
async fn what_the_secret_lacks_is_made() {
    let annotations = json!({ "image-integrity/made": MADE.to_string() });
    let (another, key) = another_ca();
    let key = key.serialize_pem();
    let whole = [("ca.crt", CA_CRT), ("tls.crt", TLS_CRT), ("tls.key", TLS_KEY)];
    for (annotations, data, reason) in [
        (&annotations, &[][..], Reason::None),
        (&annotations, &[("ca.crt", CA_CRT), ("tls.crt", "junk"), ("tls.key", TLS_KEY)], Reason::None),
        (&annotations, &[("ca.crt", CA_CRT), ("tls.crt", TLS_CRT), ("tls.key", "junk")], Reason::None),
        (&annotations, &[("ca.crt", CA_CRT), ("tls.crt", TLS_CRT), ("tls.key", &key)], Reason::None),
        (&annotations, &[("tls.crt", TLS_CRT), ("tls.key", TLS_KEY)], Reason::OtherCa),
        (&annotations, &[("ca.crt", &another), ("tls.crt", TLS_CRT), ("tls.key", TLS_KEY)], Reason::OtherCa),
        (&json!({}), &whole, Reason::Undated),
        (&json!({ "image-integrity/made": "yesterday" }), &whole, Reason::Undated),
        // Or it would be young for ever.
        (&json!({ "image-integrity/made": (MADE + 30 * 86_400).to_string() }), &whole, Reason::Undated),
    ] {
        let api = api();
        put(&api, CERTIFICATE, annotations, data);
        assert_eq!(renewed(&api, &order(), after(DAY)).await.as_ref(), Some(&reason), "{data:?}");
        assert_eq!(renewed(&api, &order(), after(DAY)).await, None, "{reason}");
    }
}

#[tokio::test]
async fn no_certificate_outlives_its_ca() {
    let (api, now) = (api(), after(3640 * DAY));
    let Outcome::Renewed { until, ends_with_ca, .. } = renew(api.client(), &order(), now).await.unwrap() else {
        panic!("it is kept")
    };
    assert_eq!((until, ends_with_ca), (after(3650 * DAY), true));
}
