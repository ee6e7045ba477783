//! How signatures, verifiers and failures combine into the verdict on an image.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use image_integrity_test_corpus::{Layout, Signature, World};
use serde_json::{Value, json};

/// The type of Notation signatures.
const NOTATION: &str = "application/vnd.cncf.notary.signature";

/// A change that makes a signature wrong.
type Spoil = fn(&mut Signature);

/// An image with forged signatures before a good one.
fn good_after(forged: usize) -> World {
    let world = World::signed();
    let good = world.signature();
    (0..forged).fold(world.unsigned(), |world, number| world.attach(&good.forged(number))).attach(&good)
}

fn failure(kind: &str, digest: Option<&str>, code: &str) -> Value {
    let mut failure = json!({ "kind": kind, "code": code, "message": "the registry said no" });
    if let Some(digest) = digest {
        failure["digest"] = digest.into();
    }
    failure
}

fn first_digest(world: &World) -> String {
    world.image["referrers"][0]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn an_image_without_signatures_is_denied_as_such() {
    assert_eq!(World::signed().unsigned().code(), "SIGNATURE_NOT_FOUND");
}

#[test]
fn referrers_of_other_types_are_not_looked_at() {
    let world = World::signed().unsigned().list(b"never fetched".to_vec(), &"application/spdx+json".into());
    let (_, verdict, rounds) = world.rounds();
    assert_eq!(verdict["images"][&world.key]["code"], "SIGNATURE_NOT_FOUND");
    assert_eq!(rounds, Vec::<Vec<Value>>::new());
}

#[test]
fn a_listing_that_is_absent_is_a_need_and_no_denial_for_want_of_signatures() {
    let mut world = World::signed();
    world.image.as_object_mut().unwrap().remove("referrers");
    let verdict: Value = serde_json::from_slice(&wasm_policy::verify(&world.input_with(&world.blobs))).unwrap();
    assert_eq!(verdict["needs"], json!([{ "image": world.key, "kind": "referrers" }]));
    let image = &verdict["images"][&world.key];
    assert_eq!((&image["code"], &image["isSuccess"]), (&json!("EVIDENCE_INCOMPLETE"), &json!(false)));
}

#[test]
fn one_signature_takes_two_rounds_of_one_request() {
    let (_, _, rounds) = World::signed().rounds();
    let kinds: Vec<Vec<_>> = rounds.iter().map(|round| round.iter().map(|need| &need["kind"]).collect()).collect();
    assert_eq!(kinds, [["manifest"], ["blob"]]);
}

// Guards the waves of `group`: with a single wave of everything, the sixth request would be made.
#[test]
fn a_good_signature_in_the_first_wave_of_four_spares_the_others() {
    let world = good_after(3);
    let good = world.signature();
    let world = (10..40).fold(world, |world, number| world.attach(&good.numbered(number)));
    let (_, verdict, rounds) = world.rounds();
    assert_eq!(verdict["images"][&world.key]["code"], "VERIFIED");
    assert_eq!(
        rounds.iter().map(Vec::len).collect::<Vec<_>>(),
        [4, 2],
        "four manifests; two envelopes, of which one is forged thrice"
    );
}

#[test]
fn waves_double_until_a_good_signature_is_found() {
    let (_, verdict, rounds) = good_after(12).rounds();
    assert_eq!(verdict["images"]["registry.example/app:v1"]["code"], "VERIFIED");
    let manifests = rounds.iter().map(|round| round.iter().filter(|need| need["kind"] == "manifest").count());
    assert_eq!(manifests.filter(|count| *count > 0).collect::<Vec<_>>(), [4, 8, 1]);
}

// R12
#[test]
fn the_good_signature_counts_at_the_limit_and_below_but_not_above() {
    for (forged, code) in [(48, "VERIFIED"), (49, "VERIFIED"), (50, "SIGNATURE_LIMIT_REACHED")] {
        assert_eq!(good_after(forged).code(), code, "{forged} forged signatures before the good one");
    }
}

#[test]
fn max_signatures_of_the_verifier_replaces_the_default_limit() {
    let mut world = good_after(2);
    world.verifier()["maxSignatures"] = 2.into();
    assert_eq!(world.code(), "SIGNATURE_LIMIT_REACHED");
    world.verifier()["maxSignatures"] = 3.into();
    assert_eq!(world.code(), "VERIFIED");
}

#[test]
fn a_digest_that_is_listed_twice_is_tried_once() {
    let mut world = good_after(1);
    world.verifier()["maxSignatures"] = 2.into();
    let forged = world.image["referrers"][0].clone();
    world.image["referrers"].as_array_mut().unwrap().insert(1, forged);
    assert_eq!(world.code(), "VERIFIED");
}

// R5
#[test]
fn a_listing_of_more_than_a_thousand_is_refused_before_it_is_read() {
    let mut world = World::signed();
    let entry = world.image["referrers"][0].clone();
    world.image["referrers"] = vec![entry.clone(); 1_000].into();
    assert_eq!(world.code(), "VERIFIED");
    world.image["referrers"] = vec![entry; 10_000].into();
    assert_eq!(world.code(), "LISTING_TOO_LARGE");
}

// M1: half a kilobyte of verdict for a few bytes of input would be gigabytes.
#[test]
fn a_document_of_more_than_ten_thousand_images_is_refused_as_a_whole() {
    let document = |images: usize, end: &str| {
        let images: Vec<_> = (0..images).map(|number| format!(r#""r.example/a:{number}": {{}}"#)).collect();
        let text = format!(
            r#"{{"apiVersion": "image-integrity/v1", "now": "2026-11-24T12:00:00Z", "config": {{"verifiers": []}}, "images": {{{}}}{end}"#,
            images.join(", ")
        );
        serde_json::from_slice::<Value>(&wasm_policy::verify(text.as_bytes())).unwrap()
    };
    for (end, code) in [("}", "EVIDENCE_INVALID"), ("", "INPUT_MALFORMED")] {
        let answered = document(10_000, end);
        assert_eq!(answered["images"].as_object().unwrap().len(), 10_000);
        assert_eq!(answered["images"]["r.example/a:9999"]["code"], code);
        let refused = document(10_001, end);
        assert_eq!(refused["images"], json!({}));
        assert_eq!(refused["error"]["code"], "INPUT_TOO_LARGE");
    }
}

#[test]
fn under_all_one_bad_signature_denies() {
    assert_eq!(good_after(1).combining("default", "all").code(), "SIGNATURE_INVALID");
    assert_eq!(good_after(0).combining("default", "all").code(), "VERIFIED");
}

#[test]
fn under_all_more_signatures_than_may_be_tried_deny_even_where_all_tried_are_good() {
    let world = World::signed().combining("default", "all");
    let good = world.signature();
    let mut world = world.attach(&good.numbered(1));
    world.verifier()["maxSignatures"] = 1.into();
    assert_eq!(world.code(), "SIGNATURE_LIMIT_REACHED");
}

#[test]
fn without_a_policy_all_must_be_good() {
    let mut world = good_after(1);
    world.config.as_object_mut().unwrap().remove("policy");
    assert_eq!(world.code(), "SIGNATURE_INVALID");
}

#[test]
fn a_type_that_the_policy_names_must_have_an_artifact() {
    let world = World::signed().combining("application/spdx+json", "any");
    assert_eq!(world.code(), "ARTIFACT_TYPE_MISSING");
}

#[test]
fn the_rule_of_a_type_goes_before_the_default() {
    assert_eq!(good_after(1).combining("default", "all").combining(NOTATION, "any").code(), "VERIFIED");
}

#[test]
fn two_verifiers_may_each_have_a_store_of_the_same_name() {
    let mut world = World::signed();
    let stranger = World::of("notation-go", "untrusted-jws", "keys/untrusted.root.pem");
    let mut other = stranger.config["verifiers"][0].clone();
    other["name"] = "other".into();
    world.config["verifiers"].as_array_mut().unwrap().insert(0, other);
    assert_eq!(world.code(), "VERIFIED");
    assert_eq!(world.combining("default", "all").code(), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn a_verifier_whose_policy_covers_no_such_repository_denies_under_all_only() {
    let mut world = World::signed();
    let mut other = world.verifier().clone();
    other["name"] = "other".into();
    other["trustPolicyDoc"]["trustPolicies"][0]["registryScopes"] = json!(["registry.example/elsewhere"]);
    world.config["verifiers"].as_array_mut().unwrap().push(other);
    assert_eq!(world.code(), "VERIFIED");
    assert_eq!(world.combining("default", "all").code(), "TRUST_POLICY_NOT_APPLICABLE");
}

#[test]
fn an_image_that_no_statement_covers_is_denied_without_asking_for_anything() {
    let world = World::signed().with_statement("registryScopes", json!(["registry.example/elsewhere"]));
    let (_, verdict, rounds) = world.rounds();
    assert_eq!(verdict["images"][&world.key]["code"], "TRUST_POLICY_NOT_APPLICABLE");
    assert!(rounds.is_empty());
}

#[test]
fn level_skip_passes_an_unsigned_image_and_asks_for_nothing() {
    let mut world = World::signed().with_statement("registryScopes", json!(["registry.example/app"]));
    *world.statement() = json!({ "name": "none", "registryScopes": ["registry.example/app"], "signatureVerification": { "level": "skip" } });
    world.image.as_object_mut().unwrap().remove("referrers");
    let verdict = world.verdict();
    assert_eq!(verdict["code"], "VERIFIED");
    assert_eq!(verdict["verifierReports"].as_array().unwrap().len(), 1);
    assert_eq!(verdict["verifierReports"][0].get("referenceDigest"), None);
    assert_eq!(verdict.get("validUntil"), None);
}

#[test]
fn an_exact_scope_goes_before_the_wildcard() {
    let mut world = World::signed();
    let statement = world.statement().clone();
    let mut exact = statement.clone();
    exact["name"] = "exact".into();
    exact["registryScopes"] = json!(["registry.example/app"]);
    exact["trustedIdentities"] = json!(["x509.subject: C=US, ST=WA, O=someone-else"]);
    world.verifier()["trustPolicyDoc"]["trustPolicies"] = json!([statement, exact]);
    assert_eq!(world.code(), "IDENTITY_MISMATCH");
}

#[test]
fn a_store_that_the_statement_names_must_hold_something() {
    for (stores, code) in [
        (json!({}), "TRUST_STORE_INVALID"),
        (json!({ "ca:acme": [] }), "TRUST_STORE_INVALID"),
        (json!({ "ca:acme": [""] }), "TRUST_STORE_INVALID"),
        (
            json!({ "ca:acme": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] }),
            "TRUST_STORE_INVALID",
        ),
        (json!({ "ca:..": [] }), "CONFIG_INVALID"),
    ] {
        let mut world = World::signed();
        world.verifier()["trustStores"] = stores.clone();
        assert_eq!(world.code(), code, "{stores}");
    }
}

#[test]
fn a_store_that_no_statement_names_may_be_anything() {
    let mut world = World::signed();
    world.verifier()["trustStores"]["ca:unused"] = json!(["rubbish"]);
    assert_eq!(world.code(), "VERIFIED");
}

// Guards the disjointness of store types: a CA's signer must not pose as a signing authority, nor the reverse.
#[test]
fn a_store_of_the_other_type_does_not_count() {
    let mut world = World::signed();
    let pem = world.verifier()["trustStores"]["ca:acme"].clone();
    world.verifier()["trustStores"] = json!({ "signingAuthority:acme": pem });
    let world = world.with_statement("trustStores", json!(["signingAuthority:acme"]));
    assert_eq!(world.code(), "CERTIFICATE_UNTRUSTED");
}

#[test]
fn what_could_not_be_fetched_is_told_rather_than_that_nothing_was_found() {
    for code in ["REGISTRY_UNAVAILABLE", "REGISTRY_FORBIDDEN", "REGISTRY_THROTTLED"] {
        let mut world = World::signed().unsigned();
        world.image.as_object_mut().unwrap().remove("referrers");
        world.image["failures"] = json!([failure("referrers", None, code)]);
        assert_eq!(world.code(), code);
    }
}

// R13
#[test]
fn a_partial_listing_is_enough_for_any_with_a_good_signature_and_denies_under_all() {
    let partial = |mut world: World| {
        world.image["failures"] = json!([failure("referrers", None, "REGISTRY_UNAVAILABLE")]);
        world
    };
    assert_eq!(partial(World::signed()).code(), "VERIFIED");
    assert_eq!(partial(World::signed()).combining("default", "all").code(), "REGISTRY_UNAVAILABLE");
    assert_eq!(partial(World::signed().unsigned()).code(), "REGISTRY_UNAVAILABLE");
    assert_eq!(
        partial(good_after(0).unsigned().attach(&World::signed().signature().forged(0))).code(),
        "REGISTRY_UNAVAILABLE"
    );
}

#[test]
fn a_signature_that_could_not_be_fetched_does_not_stop_a_later_good_one() {
    for kind in ["manifest", "blob"] {
        let mut world = good_after(1);
        let manifest = first_digest(&world);
        let read: Value = serde_json::from_slice(&world.blobs[&manifest]).unwrap();
        let digest =
            if kind == "manifest" { manifest } else { read["layers"][0]["digest"].as_str().unwrap().to_owned() };
        world.blobs.remove(&digest);
        world.image["failures"] = json!([failure(kind, Some(&digest), "BLOB_NOT_FOUND")]);
        assert_eq!(world.code(), "VERIFIED", "{kind}");
        world.image["referrers"].as_array_mut().unwrap().pop();
        assert_eq!(world.code(), "BLOB_NOT_FOUND", "{kind}");
    }
}

#[test]
fn a_subject_that_could_not_be_resolved_has_the_code_of_its_failure() {
    let mut world = World::signed();
    world.image = json!({ "failures": [failure("subject", None, "IMAGE_NOT_FOUND")] });
    let verdict = world.verdict();
    assert_eq!(verdict["code"], "IMAGE_NOT_FOUND");
    assert_eq!(verdict.get("subject"), None);
}

#[test]
fn evidence_that_contradicts_itself_is_refused() {
    let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let spoilt: [fn(&mut World); 9] = [
        |world| world.image = json!({}),
        |world| world.image["failures"] = json!([failure("subject", None, "IMAGE_NOT_FOUND")]),
        |world| world.image["failures"] = json!([failure("referrers", None, "VERIFIED")]),
        |world| world.image["failures"] = json!([failure("referrers", None, "NO_SUCH_CODE")]),
        |world| world.image["failures"] = json!([failure("blob", None, "BLOB_NOT_FOUND")]),
        |world| world.image["subject"]["size"] = json!(942.5),
        |world| world.image["subject"]["size"] = json!(1_u64 << 53),
        |world| world.image["subject"]["digest"] = "sha256:abc".into(),
        |world| world.image["referrers"] = json!({}),
    ];
    for (number, spoil) in spoilt.into_iter().enumerate() {
        let mut world = World::signed();
        spoil(&mut world);
        assert_eq!(world.code(), "EVIDENCE_INVALID", "number {number}");
    }
    let mut world = World::signed();
    world.key = format!("registry.example/app@{digest}");
    assert_eq!(world.code(), "EVIDENCE_INVALID");
}

#[test]
fn a_key_may_hold_a_tag_a_digest_or_both() {
    let digest = World::signed().image["subject"]["digest"].as_str().unwrap().to_owned();
    for key in [format!("registry.example/app@{digest}"), format!("registry.example:443/app:v1@{digest}")] {
        let world = World { key: key.clone(), ..World::signed() };
        assert_eq!(world.code(), "VERIFIED", "{key}");
    }
    let world = World { key: "app".to_owned(), ..World::signed() };
    assert_eq!(world.code(), "REFERENCE_INVALID");
}

// R2
#[test]
fn bytes_that_are_not_those_of_the_digest_are_not_used() {
    let mut world = World::signed();
    let envelope = world.signature().envelope;
    for bytes in world.blobs.values_mut().filter(|bytes| **bytes == envelope) {
        bytes[10] ^= 1;
    }
    assert_eq!(world.code(), "DIGEST_MISMATCH");
}

// R4
#[test]
fn bytes_that_are_more_or_fewer_than_declared_are_not_used() {
    for change in [1_i64, -1, 1_000] {
        let mut world = World::signed();
        let size = world.image["referrers"][0]["size"].as_i64().unwrap();
        world.image["referrers"][0]["size"] = (size + change).into();
        assert_eq!(world.code(), "SIZE_MISMATCH", "{change}");
    }
}

#[test]
fn what_is_declared_too_large_is_not_even_asked_for() {
    let mut world = World::signed();
    world.image["referrers"][0]["size"] = ((4 << 20) + 1).into();
    let (_, verdict, rounds) = world.rounds();
    assert_eq!(verdict["images"][&world.key]["code"], "CONTENT_TOO_LARGE");
    assert!(rounds.is_empty());
}

// M1: many manifests may name one large blob; without a bound each would cost its decoding and hashing again.
#[test]
fn no_more_than_64_mib_of_evidence_are_looked_at_for_one_image() {
    let mut large = World::signed().signature();
    large.envelope = vec![b' '; 20 << 20];
    let good = World::signed().signature();
    let crowd =
        |size| (0..size).fold(World::signed().unsigned(), |world, number| world.attach(&large.numbered(number)));
    assert_eq!(crowd(3).attach(&good).code(), "VERIFIED");
    let verdict = crowd(4).attach(&good).verdict();
    let codes: Vec<_> = verdict["verifierReports"].as_array().unwrap().iter().map(|report| &report["code"]).collect();
    assert_eq!(codes[2..], ["ENVELOPE_MALFORMED", "BUDGET_EXCEEDED", "VERIFIED"]);
}

// R3
#[test]
fn a_signature_that_is_attached_to_another_image_is_denied() {
    for (member, value) in [
        ("digest", json!("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")),
        ("size", json!(402)),
        ("mediaType", json!("application/vnd.oci.image.index.v1+json")),
    ] {
        let mut signature = World::signed().signature();
        signature.manifest["subject"][member] = value;
        assert_eq!(World::signed().unsigned().attach(&signature).code(), "SUBJECT_MISMATCH", "{member}");
    }
}

// R3: the manifest says the right image, the signed payload another.
#[test]
fn a_signature_for_another_digest_size_or_media_type_is_denied() {
    let other = World::of("notation-go", "rsa2048-cose-x509", "keys/rsa2048.root.pem").signature();
    let mut moved = World::signed().signature();
    moved.manifest["layers"] = other.manifest["layers"].clone();
    moved.envelope = other.envelope;
    assert_eq!(World::signed().unsigned().attach(&moved).code(), "PAYLOAD_MISMATCH");
}

// R11
#[test]
fn a_signed_index_is_verified_as_an_index_and_its_child_is_not() {
    let index = World::of("notation-go", "index-signed", "keys/rsa2048.root.pem").verdict();
    assert_eq!(
        (&index["code"], &index["mediaType"]),
        (&json!("VERIFIED"), &json!("application/vnd.oci.image.index.v1+json"))
    );
    let child = World::of("notation-go", "index-signed.child", "keys/rsa2048.root.pem");
    assert_eq!(child.code(), "SIGNATURE_NOT_FOUND");
}

#[test]
fn signature_manifests_of_any_other_form_are_refused() {
    let spoilt: [(&str, Spoil); 12] = [
        ("schemaVersion", |signature| signature.manifest["schemaVersion"] = 1.into()),
        ("no mediaType", |signature| _ = signature.manifest.as_object_mut().unwrap().remove("mediaType")),
        ("an index", |signature| signature.manifest["mediaType"] = "application/vnd.oci.image.index.v1+json".into()),
        ("two layers", |signature| {
            let layer = signature.manifest["layers"][0].clone();
            signature.manifest["layers"].as_array_mut().unwrap().push(layer);
        }),
        ("no subject", |signature| _ = signature.manifest.as_object_mut().unwrap().remove("subject")),
        ("a type and a config that is not empty", |signature| signature.manifest["artifactType"] = NOTATION.into()),
        ("a subject that is no descriptor", |signature| signature.manifest["subject"] = "x".into()),
        ("a subject without a size", |signature| {
            _ = signature.manifest["subject"].as_object_mut().unwrap().remove("size");
        }),
        ("a size that is a string", |signature| signature.manifest["subject"]["size"] = "401".into()),
        ("a variant of a name", |signature| signature.manifest["MediaType"] = 1.into()),
        ("a variant of a name with a long s", |signature| signature.manifest["\u{17f}ubject"] = 1.into()),
        ("a variant in a descriptor", |signature| signature.manifest["subject"]["Digest"] = 1.into()),
    ];
    for (what, spoil) in spoilt {
        let mut signature = World::signed().signature();
        spoil(&mut signature);
        assert_eq!(World::signed().unsigned().attach(&signature).code(), "MANIFEST_INVALID", "{what}");
    }
}

#[test]
fn a_manifest_with_a_name_twice_is_refused() {
    let manifest = World::signed().signature().manifest.to_string();
    let twice = manifest.replacen("{\"", "{\"x\":1,\"x\":1,\"", 1);
    let world = World::signed().unsigned().list(twice.into_bytes(), &NOTATION.into());
    assert_eq!(world.code(), "MANIFEST_INVALID");
}

#[test]
fn an_envelope_of_another_type_is_refused_without_being_fetched() {
    let mut signature = World::signed().signature();
    signature.manifest["layers"][0]["mediaType"] = "application/pkcs7-signature".into();
    let world = World::signed().unsigned().attach(&signature);
    let (_, verdict, rounds) = world.rounds();
    assert_eq!(verdict["images"][&world.key]["code"], "ENVELOPE_UNSUPPORTED");
    assert_eq!(rounds.len(), 1);
}

#[test]
fn a_signature_that_the_listing_types_wrongly_or_not_is_found_by_its_manifest() {
    for listed in [Value::Null, "application/vnd.oci.empty.v1+json".into()] {
        let mut world = World::signed();
        world.image["referrers"][0]["artifactType"] = listed.clone();
        if listed.is_null() {
            world.image["referrers"][0].as_object_mut().unwrap().remove("artifactType");
        }
        assert_eq!(world.code(), "VERIFIED", "{listed}");
    }
}

#[test]
fn no_more_than_sixteen_untyped_entries_are_looked_at() {
    let good = World::signed().signature();
    let crowd = |size: usize| {
        let world = World::signed().unsigned();
        let world = (0..size).fold(world, |world, number| {
            world.list(format!("{{\"artifactType\":\"x/{number}\"}}").into_bytes(), &Value::Null)
        });
        let mut world = world.attach(&good);
        world.image["referrers"][size].as_object_mut().unwrap().remove("artifactType");
        world
    };
    let (_, verdict, rounds) = crowd(15).rounds();
    assert_eq!(verdict["images"]["registry.example/app:v1"]["code"], "VERIFIED");
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [4, 8, 4, 1]);
    assert_eq!(crowd(16).code(), "SIGNATURE_LIMIT_REACHED");
}

#[test]
fn an_untyped_entry_that_could_not_be_had_might_be_the_good_one() {
    let mut world = World::signed();
    world.image["referrers"][0].as_object_mut().unwrap().remove("artifactType");
    let digest = first_digest(&world);
    world.image["failures"] = json!([failure("manifest", Some(&digest), "REGISTRY_TIMEOUT")]);
    world.blobs.clear();
    assert_eq!(world.code(), "REGISTRY_TIMEOUT");
}

#[test]
fn one_broken_image_does_not_cost_the_others() {
    let world = World::signed();
    let (input, _, _) = world.rounds();
    let mut input: Value = serde_json::from_slice(&input).unwrap();
    input["images"]["not a reference"] = json!({ "subject": input["images"][&world.key]["subject"] });
    input["images"]["registry.example/b:v1"] = json!(7);
    let verdict: Value = serde_json::from_slice(&wasm_policy::verify(input.to_string().as_bytes())).unwrap();
    let codes: Vec<_> = verdict["images"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, image)| (key.as_str(), image["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        codes,
        [
            ("not a reference", "REFERENCE_INVALID"),
            (&*world.key, "VERIFIED"),
            ("registry.example/b:v1", "EVIDENCE_INVALID")
        ]
    );
}

#[test]
fn the_code_of_the_signature_that_got_furthest_is_the_images() {
    let world = good_after(2).with_statement("trustedIdentities", json!(["x509.subject: C=US, ST=WA, O=someone-else"]));
    assert_eq!(world.code(), "IDENTITY_MISMATCH");
}

#[test]
fn a_verdict_lapses_with_the_first_enforced_fact() {
    assert_eq!(World::signed().verdict()["validUntil"], "2120-01-01T00:00:00Z");
    let expiring = |level: &str| {
        let world = World::of("notation-go", "expiry-jws", "keys/rsa2048.root.pem");
        world.with_statement("signatureVerification", json!({ "level": level })).verdict()
    };
    assert_eq!(expiring("strict")["validUntil"], "2119-11-01T00:00:00Z");
    assert_eq!(expiring("permissive").get("validUntil"), None, "nothing that lapses is enforced");
}

#[test]
fn the_descriptor_in_the_listing_is_that_of_the_fixture() {
    // The corpus reads layouts with its own code; that it reads them as they are keeps every other test honest.
    let layout = Layout::open("notation-go/layout");
    let subject = layout.tagged("rsa2048-jws-x509");
    assert_eq!(layout.referrers(subject["digest"].as_str().unwrap()).len(), 1);
    assert_eq!(
        image_integrity_test_corpus::digest_of(&layout.blob(subject["digest"].as_str().unwrap())),
        subject["digest"]
    );
}
