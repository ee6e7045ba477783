//! The times of an envelope: how each format writes them (RFC 3339, RFC 8949 section 3.4.2), and the rules of the expiry.

use image_integrity_test_maker::{
    CoseBuilder, JwsBuilder, cbor,
    cose::{SIGNED_AT, time},
    envelope::{AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_SCHEME, SIGNING_TIME},
    jws::string,
};
use wasm_policy::{
    code::Code,
    envelope::{COSE, JWS},
};

use super::{at, both_give, in_cose, in_jws, learnt, of_cose, of_jws, texts};

#[test]
fn the_zero_time_of_go_is_no_signing_time() {
    both_give(
        Code::HeaderInvalid,
        in_jws().protected(SIGNING_TIME, r#""0001-01-01T00:00:00Z""#),
        in_cose().protected(cbor::text(SIGNING_TIME), time(-62_135_596_800)),
    );
}

#[test]
fn a_signing_time_in_the_future_is_for_others_to_judge() {
    both_give(
        Code::Verified,
        in_jws().protected(SIGNING_TIME, r#""2999-01-01T00:00:00Z""#),
        in_cose().protected(cbor::text(SIGNING_TIME), time(32_472_144_000)),
    );
}

#[test]
fn a_jws_time_is_rfc_3339() {
    for (text, moment) in [
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("2026-11-01T01:30:00+01:30", "2026-11-01T00:00:00Z"),
        ("2026-10-31T23:59:59.123456789123-00:01", "2026-11-01T00:00:59.123456789Z"),
    ] {
        let found = learnt(JWS, &in_jws().protected(SIGNING_TIME, &string(text)).build());
        assert_eq!(found.map(|learnt| learnt.signing_time), Ok(at(moment)), "{text}");
    }
    for text in [
        "",
        "2026-11-01T00:00:00",
        "2026-11-01t00:00:00Z",
        "2026-11-01T00:00:00z",
        "2026-11-01 00:00:00Z",
        "2026-11-01T0:00:00Z",
        "2026-11-01T00:00:00,5Z",
        "2026-11-01T00:00:60Z",
        "2026-11-01T24:00:00Z",
        "2026-11-31T00:00:00Z",
        "2026-11-01T00:00:00+24:00",
        "2026-11-01T00:00:00+0100",
        "0000-12-31T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-00:01",
        " 2026-11-01T00:00:00Z",
        "1793491200",
    ] {
        assert_eq!(of_jws(in_jws().protected(SIGNING_TIME, &string(text))), Code::HeaderInvalid, "{text}");
    }
    for json in ["1793491200", "true", "[]", "{}"] {
        assert_eq!(of_jws(in_jws().protected(SIGNING_TIME, json)), Code::HeaderInvalid, "{json}");
    }
}

#[test]
fn a_jws_time_that_is_null_is_absent() {
    assert_eq!(of_jws(in_jws().protected(SIGNING_TIME, "null")), Code::HeaderInvalid);
    assert_eq!(of_jws(in_jws().protected(AUTHENTIC_SIGNING_TIME, "null")), Code::Verified);
    assert_eq!(of_jws(in_jws().signing_authority().protected(SIGNING_TIME, "null")), Code::Verified);
    assert_eq!(of_jws(in_jws().protected(EXPIRY, "null")), Code::Verified);
    let critical = in_jws().protected(EXPIRY, "null").critical(&[SIGNING_SCHEME, EXPIRY]);
    assert_eq!(of_jws(critical), Code::HeaderInvalid, "critical, but absent");
}

#[test]
fn a_cose_time_is_tag_1_with_a_number() {
    let single = |number: f32| [&[0xfa][..], &number.to_be_bytes()].concat();
    for (number, moment) in [
        (cbor::int(SIGNED_AT), "2026-11-01T00:00:00Z"),
        (cbor::int(-1), "1969-12-31T23:59:59Z"),
        (cbor::int(253_402_300_799), "9999-12-31T23:59:59Z"),
        (cbor::float(1_793_491_200.25), "2026-11-01T00:00:00.25Z"),
        (cbor::float(-0.25), "1969-12-31T23:59:59.75Z"),
        (single(1.5), "1970-01-01T00:00:01.5Z"),
        (vec![0xf9, 0x3e, 0x00], "1970-01-01T00:00:01.5Z"),
        (vec![0x1b, 0, 0, 0, 0, 0, 0, 0, 1], "1970-01-01T00:00:01Z"),
    ] {
        let found = learnt(COSE, &in_cose().protected(cbor::text(SIGNING_TIME), cbor::tag(1, &number)).build());
        assert_eq!(found.map(|learnt| learnt.signing_time), Ok(at(moment)), "{number:02x?}");
    }
}

#[test]
fn a_cose_time_that_is_no_moment_of_the_years_1_to_9999_is_refused() {
    for number in [
        cbor::int(-62_135_596_801),
        cbor::int(253_402_300_800),
        cbor::int(i64::MAX),
        cbor::int(i64::MIN),
        cbor::head(0, u64::MAX),
        cbor::head(1, u64::MAX),
        cbor::float(f64::NAN),
        cbor::float(f64::INFINITY),
        cbor::float(f64::NEG_INFINITY),
        cbor::float(253_402_300_800.0),
        cbor::float(-62_135_596_800.5),
        cbor::float(f64::MAX),
        vec![0xf9, 0x7e, 0x00],
        vec![0xfa, 0x7f, 0x80, 0, 0],
        cbor::text("2026-11-01T00:00:00Z"),
        cbor::null(),
        cbor::tag(1, &cbor::int(SIGNED_AT)),
        cbor::tag(2, &cbor::bytes(&[1])),
    ] {
        let times = [(SIGNING_TIME, vec![SIGNING_SCHEME]), (EXPIRY, vec![SIGNING_SCHEME, EXPIRY])];
        for (name, critical) in times {
            let builder = in_cose().protected(cbor::text(name), cbor::tag(1, &number)).critical(&texts(&critical));
            assert_eq!(of_cose(builder), Code::HeaderInvalid, "{name}: {number:02x?}");
        }
    }
}

#[test]
fn a_cose_time_without_tag_1_is_refused() {
    for value in [
        cbor::int(SIGNED_AT),
        cbor::float(1_793_491_200.0),
        cbor::tag(0, &cbor::text("2026-11-01T00:00:00Z")),
        cbor::tag(1001, &cbor::int(SIGNED_AT)),
        cbor::null(),
        vec![0xf7],
    ] {
        let builder = in_cose().protected(cbor::text(SIGNING_TIME), value.clone());
        assert_eq!(of_cose(builder), Code::HeaderInvalid, "{value:02x?}");
        let builder =
            in_cose().protected(cbor::text(EXPIRY), value.clone()).critical(&texts(&[SIGNING_SCHEME, EXPIRY]));
        assert_eq!(of_cose(builder), Code::HeaderInvalid, "{value:02x?}");
    }
}

fn expiring(text: &str, seconds: i64) -> (JwsBuilder, CoseBuilder) {
    (
        in_jws().protected(EXPIRY, &string(text)).critical(&[SIGNING_SCHEME, EXPIRY]),
        in_cose().protected(cbor::text(EXPIRY), time(seconds)).critical(&texts(&[SIGNING_SCHEME, EXPIRY])),
    )
}

#[test]
fn an_expiry_is_told_and_not_judged() {
    let (jws, cose) = expiring("2026-11-01T00:00:01Z", SIGNED_AT + 1);
    let expiry = Some(at("2026-11-01T00:00:01Z"));
    assert_eq!(learnt(JWS, &jws.build()).map(|learnt| learnt.expiry), Ok(expiry));
    assert_eq!(learnt(COSE, &cose.build()).map(|learnt| learnt.expiry), Ok(expiry));
}

#[test]
fn an_expiry_is_later_than_the_signing_time() {
    for (text, seconds) in [
        ("2026-11-01T00:00:00Z", SIGNED_AT),
        ("2026-10-31T23:59:59Z", SIGNED_AT - 1),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
    ] {
        let (jws, cose) = expiring(text, seconds);
        both_give(Code::HeaderInvalid, jws, cose);
    }
    let (jws, cose) = expiring("2026-11-01T00:00:00.000000001Z", SIGNED_AT + 1);
    both_give(Code::Verified, jws, cose);
}

#[test]
fn an_expiry_in_any_form_is_critical() {
    for (text, seconds) in [("2126-11-01T00:00:00Z", 4_949_164_800), ("0001-01-01T00:00:00Z", -62_135_596_800)] {
        let (jws, cose) = expiring(text, seconds);
        both_give(Code::HeaderInvalid, jws.critical(&[SIGNING_SCHEME]), cose.critical(&texts(&[SIGNING_SCHEME])));
    }
}
