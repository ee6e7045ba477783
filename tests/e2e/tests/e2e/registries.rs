//! Images in registries: found, fetched and judged, over plain HTTP and TLS, whatever the registry can do.

use image_integrity_e2e::{Kind, Opa, Registry, Signer, run};

use super::{DEMO, DEMO_KEYS, asked, assert_one_verdict, verdict_on, verified};

const JWS: Signer = Signer { keys: DEMO_KEYS, envelope: "jws" };
const COSE: Signer = Signer { keys: DEMO_KEYS, envelope: "cose" };
const STRANGER: Signer = Signer { keys: "demo/keys/stranger", envelope: "jws" };

/// Pushes and signs images, and asserts what comes of each, by every way to a verdict.
fn assert_signatures_are_found(registry: &Registry) {
    let image = |name: &str, signers: &[Signer]| {
        let image = registry.push(name);
        for signer in signers {
            registry.sign(&image, *signer);
        }
        image
    };
    let images = [
        (image("app:jws", &[JWS]), 0, "VERIFIED"),
        (image("app:cose", &[COSE]), 0, "VERIFIED"),
        (image("team/app:twice", &[STRANGER, COSE]), 0, "VERIFIED"),
        (image("app:unsigned", &[]), 1, "SIGNATURE_NOT_FOUND"),
        (image("app:untrusted", &[STRANGER]), 1, "CERTIFICATE_UNTRUSTED"),
    ];
    let opa = Opa::serve();
    let folder = tempfile::tempdir().unwrap();
    for (image, exit, code) in &images {
        let input = folder.path().join("input.json");
        let mut arguments = registry.options();
        arguments.extend([image.into(), "--evidence".into(), input.clone().into()]);
        let (ended, verdict) = verified(DEMO, &arguments);
        assert_eq!(verdict["images"][image]["code"], *code, "{ended:?}");
        assert_eq!(ended.code, *exit, "{image}");
        assert_one_verdict(&opa, &input, ended.out.trim_end());
    }
}

#[test]
fn signatures_are_found_by_the_referrers_api() {
    assert_signatures_are_found(&Registry::plain(Kind::ReferrersApi));
}

#[test]
fn signatures_are_found_where_the_referrers_api_does_not_filter() {
    assert_signatures_are_found(&Registry::plain(Kind::NoFilter));
}

#[test]
fn signatures_are_found_by_the_fallback_tag() {
    assert_signatures_are_found(&Registry::plain(Kind::FallbackTag));
}

#[test]
fn signatures_are_found_over_tls_with_a_private_ca() {
    assert_signatures_are_found(&Registry::with_tls(Kind::ReferrersApi));
}

#[test]
fn signatures_are_found_in_cncf_distribution_over_tls_with_a_private_ca() {
    assert_signatures_are_found(&Registry::with_tls(Kind::Distribution));
}

#[test]
fn what_was_fetched_has_the_verdict_of_verify_at_that_time() {
    let registry = Registry::plain(Kind::ReferrersApi);
    let image = registry.push("app:v1");
    registry.sign(&image, JWS);
    let question = || registry.options().into_iter().chain(["--now".into(), "2026-11-24T12:00:00Z".into()]);
    // Signed after that time: the verdict is a denial, and it is the same one, which an answer from the machine's clock would not be.
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input.json");
    let fetched = run(asked("fetch", DEMO).args(question()).arg(&image));
    assert_eq!(fetched.code, 0, "{fetched:?}");
    std::fs::write(&input, &fetched.out).unwrap();
    let (ended, _) = verified(DEMO, question().chain([image.into()]));
    assert_one_verdict(&Opa::serve(), &input, ended.out.trim_end());
}

#[test]
fn an_image_with_one_signature_costs_four_requests() {
    let registry = Registry::plain(Kind::ReferrersApi);
    let image = registry.push("app:v1");
    registry.sign(&image, JWS);
    let question = |image: &str| {
        let mut arguments = registry.options();
        arguments.push(image.into());
        verdict_on(DEMO, arguments)
    };
    let before = registry.requests().len();
    assert_eq!(question(&image), (0, "VERIFIED".to_owned()));
    // A request is logged once it is answered, which may be after the client has ended: ask for something else, and wait for its line.
    assert_eq!(question(&registry.image("app:end")), (2, "IMAGE_NOT_FOUND".to_owned()));
    registry.wait_for_request("/v2/app/manifests/end");

    let mut requests = registry.requests().split_off(before);
    requests.retain(|line| !line.contains("/manifests/end"));
    let asked_for = |what: &str| requests.iter().filter(|line| line.starts_with("GET ") && line.contains(what)).count();
    assert_eq!(requests.len(), 4, "{requests:#?}");
    assert_eq!(asked_for("/manifests/v1 200"), 1, "{requests:#?}");
    assert_eq!(asked_for("/referrers/sha256:"), 1, "{requests:#?}");
    assert_eq!(asked_for("/manifests/sha256:"), 1, "{requests:#?}");
    assert_eq!(asked_for("/blobs/sha256:"), 1, "{requests:#?}");
}

#[test]
fn without_the_ca_file_a_private_ca_is_not_trusted() {
    let registry = Registry::with_tls(Kind::Distribution);
    let image = registry.push("app:v1");
    registry.sign(&image, JWS);
    let (ended, verdict) = verified(DEMO, [&image]);
    assert_eq!(verdict["images"][&image]["code"], "REGISTRY_TLS_FAILED", "{ended:?}");
    assert_eq!(ended.code, 2, "{ended:?}");
}

#[test]
fn a_tag_that_does_not_exist_is_told_apart_from_a_denial() {
    for kind in [Kind::ReferrersApi, Kind::Distribution] {
        let registry = Registry::plain(kind);
        registry.push("app:v1");
        let mut arguments = registry.options();
        arguments.push(registry.image("app:v2").into());
        assert_eq!(verdict_on(DEMO, &arguments), (2, "IMAGE_NOT_FOUND".to_owned()), "{kind:?}");
    }
}
