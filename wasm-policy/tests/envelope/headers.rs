//! The rules of the protected headers that JWS and COSE share (signature specification, "Signed Attributes"), each in both formats.

use image_integrity_test_maker::{
    CoseBuilder, JwsBuilder, cbor,
    cose::{SIGNED_AT, time},
    envelope::{AUTHENTIC_SIGNING_TIME, EXPIRY, PLUGIN, PLUGIN_MIN_VERSION, SIGNING_SCHEME, SIGNING_TIME},
    jws::string,
};
use wasm_policy::{
    code::Code,
    envelope::{COSE, JWS, SigningScheme},
};

use super::{at, both_give, in_cose, in_jws, learnt, of_cose, of_jws, texts};

#[test]
fn the_scheme_and_its_time_are_told() {
    let signed_at = at("2026-11-01T00:00:00Z");
    for (scheme, jws, cose) in [
        (SigningScheme::X509, in_jws(), in_cose()),
        (SigningScheme::SigningAuthority, in_jws().signing_authority(), in_cose().signing_authority()),
    ] {
        for (media_type, bytes) in [(JWS, jws.build()), (COSE, cose.build())] {
            let learnt = learnt(media_type, &bytes).expect("verifies");
            assert_eq!((learnt.scheme, learnt.signing_time), (scheme, signed_at), "{media_type}");
            assert_eq!((learnt.expiry, learnt.plugin, learnt.timestamp_token), (None, None, None), "{media_type}");
        }
    }
}

#[test]
fn an_unknown_or_missing_scheme_is_refused() {
    for name in ["", "notary.x509 ", "Notary.x509", "notary.x509.signingauthority", "notary.default.x509"] {
        both_give(
            Code::HeaderInvalid,
            in_jws().protected(SIGNING_SCHEME, &string(name)),
            in_cose().protected(cbor::text(SIGNING_SCHEME), cbor::text(name)),
        );
    }
    both_give(
        Code::HeaderInvalid,
        in_jws().without_protected(SIGNING_SCHEME),
        in_cose().without_protected(&cbor::text(SIGNING_SCHEME)),
    );
    both_give(
        Code::HeaderInvalid,
        in_jws().protected(SIGNING_SCHEME, "null"),
        in_cose().protected(cbor::text(SIGNING_SCHEME), cbor::bytes(b"notary.x509")),
    );
}

#[test]
fn the_other_schemes_time_is_refused_also_beside_the_right_one() {
    both_give(
        Code::HeaderInvalid,
        in_jws()
            .protected(AUTHENTIC_SIGNING_TIME, r#""2026-11-01T00:00:00Z""#)
            .critical(&[SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME]),
        in_cose()
            .protected(cbor::text(AUTHENTIC_SIGNING_TIME), time(SIGNED_AT))
            .critical(&texts(&[SIGNING_SCHEME, AUTHENTIC_SIGNING_TIME])),
    );
    both_give(
        Code::HeaderInvalid,
        in_jws().protected(AUTHENTIC_SIGNING_TIME, r#""2026-11-01T00:00:00Z""#),
        in_cose().protected(cbor::text(AUTHENTIC_SIGNING_TIME), time(SIGNED_AT)),
    );
    both_give(
        Code::HeaderInvalid,
        in_jws().signing_authority().protected(SIGNING_TIME, r#""2026-11-01T00:00:00Z""#),
        in_cose().signing_authority().protected(cbor::text(SIGNING_TIME), time(SIGNED_AT)),
    );
}

#[test]
fn a_missing_signing_time_is_refused() {
    both_give(
        Code::HeaderInvalid,
        in_jws().without_protected(SIGNING_TIME),
        in_cose().without_protected(&cbor::text(SIGNING_TIME)),
    );
    both_give(
        Code::HeaderInvalid,
        in_jws().signing_authority().without_protected(AUTHENTIC_SIGNING_TIME).critical(&[SIGNING_SCHEME]),
        in_cose()
            .signing_authority()
            .without_protected(&cbor::text(AUTHENTIC_SIGNING_TIME))
            .critical(&texts(&[SIGNING_SCHEME])),
    );
}

#[test]
fn crit_is_a_non_empty_array_of_names() {
    for json in ["null", "[]", "{}", r#""io.cncf.notary.signingScheme""#, "[1]", "[null]", "[[]]"] {
        assert_eq!(of_jws(in_jws().protected("crit", json)), Code::HeaderInvalid, "{json}");
    }
    assert_eq!(of_jws(in_jws().without_protected("crit")), Code::HeaderInvalid);
    for item in [
        cbor::null(),
        cbor::array(&[]),
        cbor::map(&[]),
        cbor::text(SIGNING_SCHEME),
        cbor::array(&[cbor::text(SIGNING_SCHEME), cbor::bytes(b"a")]),
        cbor::array(&[cbor::text(SIGNING_SCHEME), cbor::null()]),
        cbor::array(&[cbor::text(SIGNING_SCHEME), cbor::float(1.0)]),
    ] {
        assert_eq!(of_cose(in_cose().protected(cbor::int(2), item.clone())), Code::HeaderInvalid, "{item:02x?}");
    }
    assert_eq!(of_cose(in_cose().without_protected(&cbor::int(2))), Code::HeaderInvalid);
}

#[test]
fn what_must_be_critical_is_listed() {
    let others = |names: &[&str]| (in_jws().protected("a", "1").critical(names), texts(names));
    let (jws, labels) = others(&["a"]);
    both_give(Code::HeaderInvalid, jws, in_cose().protected(cbor::text("a"), cbor::int(1)).critical(&labels));
    for names in [&[SIGNING_SCHEME][..], &[AUTHENTIC_SIGNING_TIME]] {
        both_give(
            Code::HeaderInvalid,
            in_jws().signing_authority().critical(names),
            in_cose().signing_authority().critical(&texts(names)),
        );
    }
}

#[test]
fn a_name_twice_in_crit_is_refused() {
    both_give(
        Code::HeaderInvalid,
        in_jws().critical(&[SIGNING_SCHEME, SIGNING_SCHEME]),
        in_cose().critical(&texts(&[SIGNING_SCHEME, SIGNING_SCHEME])),
    );
    // The same number in two spellings, with a plugin that could understand it.
    let twice = [cbor::text(SIGNING_SCHEME), cbor::text(PLUGIN), cbor::int(9), vec![0x18, 9]];
    let builder = in_cose().protected(cbor::text(PLUGIN), cbor::text("plugin")).protected(cbor::int(9), cbor::int(1));
    assert_eq!(of_cose(builder.clone().critical(&twice[..3])), Code::Verified);
    assert_eq!(of_cose(builder.critical(&twice)), Code::HeaderInvalid);
}

#[test]
fn an_empty_name_in_crit_is_refused() {
    both_give(
        Code::HeaderInvalid,
        in_jws().protected("", "1").critical(&[SIGNING_SCHEME, ""]),
        in_cose().protected(cbor::text(""), cbor::int(1)).critical(&texts(&[SIGNING_SCHEME, ""])),
    );
}

#[test]
fn an_absent_header_in_crit_is_refused() {
    for name in ["absent", EXPIRY, AUTHENTIC_SIGNING_TIME, PLUGIN, PLUGIN_MIN_VERSION] {
        both_give(
            Code::HeaderInvalid,
            in_jws().critical(&[SIGNING_SCHEME, name]),
            in_cose().critical(&texts(&[SIGNING_SCHEME, name])),
        );
    }
    both_give(
        Code::HeaderInvalid,
        in_jws().header("absent", "1").critical(&[SIGNING_SCHEME, "absent"]),
        in_cose().unprotected(cbor::text("absent"), cbor::int(1)).critical(&texts(&[SIGNING_SCHEME, "absent"])),
    );
}

#[test]
fn a_header_of_the_format_or_the_signing_time_in_crit_is_refused() {
    for name in ["alg", "cty", "crit", "kid", "typ", "jwk", "x5c", SIGNING_TIME] {
        let builder = match name {
            "kid" | "typ" | "jwk" => in_jws().protected(name, r#""a""#),
            _ => in_jws(),
        };
        let code = of_jws(builder.critical(&[SIGNING_SCHEME, name]));
        assert_eq!(code, Code::HeaderInvalid, "{name}");
    }
    for label in 0..=8 {
        let builder = match label {
            1..=3 => in_cose(),
            _ => in_cose().protected(cbor::int(label), cbor::bytes(b"a")),
        };
        let code = of_cose(builder.critical(&[cbor::text(SIGNING_SCHEME), cbor::int(label)]));
        assert_eq!(code, Code::HeaderInvalid, "{label}");
    }
    assert_eq!(of_cose(in_cose().critical(&texts(&[SIGNING_SCHEME, SIGNING_TIME]))), Code::HeaderInvalid);
}

#[test]
fn a_critical_header_that_is_not_understood_is_refused() {
    both_give(
        Code::CriticalHeaderUnknown,
        in_jws().protected("com.example.build", "1").critical(&[SIGNING_SCHEME, "com.example.build"]),
        in_cose()
            .protected(cbor::text("com.example.build"), cbor::int(1))
            .critical(&texts(&[SIGNING_SCHEME, "com.example.build"])),
    );
    for label in [-1, 9, 15, 33, 1 << 40] {
        let builder = in_cose()
            .without_unprotected(&cbor::int(label))
            .protected(cbor::int(label), cbor::int(1))
            .critical(&[cbor::text(SIGNING_SCHEME), cbor::int(label)]);
        assert_eq!(of_cose(builder), Code::CriticalHeaderUnknown, "{label}");
    }
}

#[test]
fn a_header_that_is_not_critical_and_not_known_is_ignored() {
    both_give(
        Code::Verified,
        in_jws().protected("com.example.build", r#"{"a":[1]}"#),
        in_cose().protected(cbor::text("com.example.build"), cbor::map(&[(cbor::int(1), cbor::null())])),
    );
}

#[test]
fn an_unencoded_payload_is_refused() {
    for json in ["false", "true", "null"] {
        let critical = in_jws().protected("b64", json).critical(&[SIGNING_SCHEME, "b64"]);
        assert_eq!(of_jws(critical.clone()), Code::CriticalHeaderUnknown, "{json}");
        let with_plugin = critical.protected(PLUGIN, r#""plugin""#).critical(&[SIGNING_SCHEME, PLUGIN, "b64"]);
        assert_eq!(of_jws(with_plugin), Code::CriticalHeaderUnknown, "{json}: no plugin can understand it");
    }
    assert_eq!(of_jws(in_jws().protected("b64", "false")), Code::HeaderInvalid);
    assert_eq!(of_jws(in_jws().protected("b64", "true")), Code::Verified, "the usual encoding");
}

fn with_plugin(json: &str, item: Vec<u8>) -> (JwsBuilder, CoseBuilder) {
    (
        in_jws().protected(PLUGIN, json).critical(&[SIGNING_SCHEME, PLUGIN]),
        in_cose().protected(cbor::text(PLUGIN), item).critical(&texts(&[SIGNING_SCHEME, PLUGIN])),
    )
}

#[test]
fn a_plugin_is_told_and_may_bring_critical_headers() {
    let (jws, cose) = with_plugin(r#""com.example.plugin""#, cbor::text("com.example.plugin"));
    let names = [SIGNING_SCHEME, PLUGIN, "com.example.build"];
    let jws = jws.protected("com.example.build", "1").critical(&names);
    let cose = cose.protected(cbor::text("com.example.build"), cbor::int(1)).critical(&texts(&names));
    let expected = Ok(Some("com.example.plugin".to_owned()));
    assert_eq!(learnt(JWS, &jws.build()).map(|learnt| learnt.plugin), expected);
    assert_eq!(learnt(COSE, &cose.build()).map(|learnt| learnt.plugin), expected);
}

#[test]
fn a_plugin_header_is_a_critical_text_that_is_not_blank() {
    for name in ["", " ", "\u{a0}"] {
        let (jws, cose) = with_plugin(&string(name), cbor::text(name));
        both_give(Code::HeaderInvalid, jws, cose);
    }
    let (jws, cose) = with_plugin("null", cbor::bytes(b"plugin"));
    both_give(Code::HeaderInvalid, jws, cose);
    let (jws, cose) = with_plugin(r#""plugin""#, cbor::text("plugin"));
    both_give(Code::HeaderInvalid, jws.critical(&[SIGNING_SCHEME]), cose.critical(&texts(&[SIGNING_SCHEME])));
}

#[test]
fn a_plugins_lowest_version_is_a_critical_semantic_version() {
    let names = [SIGNING_SCHEME, PLUGIN, PLUGIN_MIN_VERSION];
    let versioned = |version: &str| {
        let (jws, cose) = with_plugin(r#""plugin""#, cbor::text("plugin"));
        (
            jws.protected(PLUGIN_MIN_VERSION, &string(version)).critical(&names),
            cose.protected(cbor::text(PLUGIN_MIN_VERSION), cbor::text(version)).critical(&texts(&names)),
        )
    };
    let (jws, cose) = versioned("1.0.0-rc.1+build");
    both_give(Code::Verified, jws, cose);
    for version in ["", "1.0", "v1.0.0", "1.0.0 ", "01.0.0"] {
        let (jws, cose) = versioned(version);
        both_give(Code::HeaderInvalid, jws, cose);
    }
    let (jws, cose) = versioned("1.0.0");
    both_give(Code::HeaderInvalid, jws.critical(&names[..2]), cose.critical(&texts(&names[..2])));
    let (jws, cose) = versioned("1.0.0");
    let without = [SIGNING_SCHEME, PLUGIN_MIN_VERSION];
    both_give(
        Code::HeaderInvalid,
        jws.without_protected(PLUGIN).critical(&without),
        cose.without_protected(&cbor::text(PLUGIN)).critical(&texts(&without)),
    );
}

#[test]
fn the_content_type_is_that_of_a_payload() {
    for name in [
        "",
        "application/json",
        "application/vnd.cncf.notary.payload.v2+json",
        "application/vnd.cncf.notary.payload.v1+JSON",
        "application/vnd.cncf.notary.payload.v1+json ",
    ] {
        both_give(
            Code::HeaderInvalid,
            in_jws().protected("cty", &string(name)),
            in_cose().protected(cbor::int(3), cbor::text(name)),
        );
    }
    both_give(Code::HeaderInvalid, in_jws().without_protected("cty"), in_cose().without_protected(&cbor::int(3)));
    both_give(Code::HeaderInvalid, in_jws().protected("cty", "null"), in_cose().protected(cbor::int(3), cbor::int(50)));
}
