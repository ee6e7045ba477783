//! COSE envelopes, right ones and hostile ones. Each test names the rule that it guards, of the COSE envelope specification or RFC 9052.

use image_integrity_test_maker::{
    Algorithm, CoseBuilder, Hash, Key, cbor, cose,
    cose::{SIGNED_AT, time},
    envelope::{
        AUTHENTIC_SIGNING_TIME, EXPIRY, PAYLOAD, PLUGIN, PLUGIN_MIN_VERSION, SIGNING_SCHEME, SIGNING_TIME,
        TIMESTAMP_SIGNATURE,
    },
};
use wasm_policy::{code::Code, envelope::COSE};

use super::{in_cose, judged, learnt, of_cose, with_key};

#[track_caller]
fn gives(code: Code, builder: CoseBuilder) {
    assert_eq!(of_cose(builder), code);
}

#[test]
fn a_right_envelope_of_either_scheme_verifies() {
    gives(Code::Verified, in_cose());
    gives(Code::Verified, in_cose().signing_authority());
}

#[test]
fn each_of_the_six_keys_signs_with_its_algorithm() {
    for key in [Key::rsa(2048), Key::rsa(3072), Key::rsa(4096), Key::p256("a"), Key::p384("a"), Key::p521("a")] {
        gives(Code::Verified, cose(&with_key(&key)));
    }
}

#[test]
fn an_envelope_is_tag_18_with_an_array_of_four_in_shortest_form() {
    for start in [
        &[][..],
        &[0x84],
        &[0xd8, 0x12, 0x84],
        &[0xd2, 0x98, 0x04],
        &[0xd2, 0xd2, 0x84],
        &[0xd2, 0x9f],
        &[0xd2, 0x83],
        &[0xd2, 0xa2],
        &[0xd1, 0x84],
        &[0xd8, 0x62, 0x84],
        &[0xd9, 0xd9, 0xf7, 0xd2, 0x84],
        b"{",
    ] {
        assert_eq!(of_cose(in_cose().start(start)), Code::EnvelopeMalformed, "{start:02x?}");
    }
    gives(Code::EnvelopeMalformed, in_cose().start(&[0xd2, 0x85]).end(&[0xf6]));
    assert_eq!(judged(COSE, b""), Code::EnvelopeMalformed);
    assert_eq!(judged(COSE, &[0xd2]), Code::EnvelopeMalformed);
    assert_eq!(judged(COSE, &[0xd2, 0x84]), Code::EnvelopeMalformed);
}

#[test]
fn bytes_after_the_envelope_are_refused() {
    for end in [&[0][..], b"\n", &[0xf6], &[0xff]] {
        gives(Code::EnvelopeMalformed, in_cose().end(end));
    }
    let right = in_cose().build();
    assert_eq!(judged(COSE, &right[..right.len() - 1]), Code::EnvelopeMalformed, "cut short");
}

#[test]
fn an_element_of_another_type_is_malformed() {
    for item in [cbor::null(), cbor::text("a"), cbor::array(&[]), cbor::int(1), cbor::tag(24, &cbor::bytes(b"a"))] {
        gives(Code::EnvelopeMalformed, in_cose().signature_item(item.clone()));
        gives(Code::EnvelopeMalformed, in_cose().payload_item(item));
    }
}

#[test]
fn a_payload_that_is_nil_or_empty_is_malformed() {
    gives(Code::EnvelopeMalformed, in_cose().payload_item(cbor::null()));
    gives(Code::EnvelopeMalformed, in_cose().payload_item(vec![0xf7]));
    gives(Code::EnvelopeMalformed, in_cose().payload(b""));
}

#[test]
fn the_protected_header_is_one_map_in_a_byte_string() {
    gives(Code::HeaderInvalid, in_cose().protected_bytes(Vec::new()));
    gives(Code::HeaderInvalid, in_cose().protected_bytes(cbor::map(&[])));
    for bytes in
        [cbor::null(), cbor::array(&[]), cbor::bytes(&cbor::map(&[])), cbor::tag(1, &cbor::map(&[])), vec![0xa1]]
    {
        gives(Code::EnvelopeMalformed, in_cose().protected_bytes(bytes));
    }
    gives(Code::EnvelopeMalformed, in_cose().protected_bytes([cbor::map(&[]), cbor::map(&[])].concat()));
    gives(Code::EnvelopeMalformed, in_cose().protected_bytes([cbor::map(&[]), vec![0]].concat()));
}

#[test]
fn the_unprotected_header_is_a_map() {
    let right = in_cose().build();
    // The bytes up to the unprotected header, found by its label 33, and everything after it replaced.
    let map = right.windows(3).position(|bytes| bytes == [0xa2, 0x18, 0x21]).unwrap();
    let with = |other: &[u8]| {
        judged(COSE, &[&right[..map], other, &cbor::bytes(b"payload"), &cbor::bytes(b"signature")].concat())
    };
    assert_eq!(with(&cbor::map(&[])), Code::HeaderInvalid, "no certificates");
    for other in [cbor::array(&[]), cbor::bytes(&cbor::map(&[])), cbor::null()] {
        assert_eq!(with(&other), Code::EnvelopeMalformed, "{other:02x?}");
    }
}

#[test]
fn indefinite_lengths_are_refused_wherever_they_are() {
    let unknown = cbor::text("unknown");
    for item in [
        vec![0x9f, 0xff],
        vec![0xbf, 0xff],
        vec![0x5f, 0x41, 0, 0xff],
        vec![0x7f, 0x61, b'a', 0xff],
        cbor::array(&[vec![0x9f, 0xff]]),
    ] {
        gives(Code::EnvelopeMalformed, in_cose().unprotected(unknown.clone(), item.clone()));
        gives(Code::EnvelopeMalformed, in_cose().protected(unknown.clone(), item));
    }
    let payload = [&[0x5f][..], &cbor::bytes(PAYLOAD.as_bytes()), &[0xff]].concat();
    gives(Code::EnvelopeMalformed, in_cose().payload_item(payload));
}

#[test]
fn a_label_that_occurs_twice_is_refused_at_every_level() {
    gives(Code::EnvelopeMalformed, in_cose().protected_again(cbor::int(1), cbor::int(-7)));
    gives(Code::EnvelopeMalformed, in_cose().protected_again(vec![0x18, 1], cbor::int(-7)));
    gives(Code::EnvelopeMalformed, in_cose().protected_again(cbor::text(SIGNING_SCHEME), cbor::text("notary.x509")));
    gives(Code::EnvelopeMalformed, in_cose().unprotected_again(cbor::int(33), cbor::array(&[])));
    gives(Code::EnvelopeMalformed, in_cose().unprotected_again(vec![0x19, 0, 33], cbor::array(&[])));
    let twice = cbor::map(&[(cbor::int(1), cbor::int(1)), (vec![0x18, 1], cbor::int(1))]);
    gives(Code::EnvelopeMalformed, in_cose().protected(cbor::text("unknown"), twice.clone()));
    gives(Code::EnvelopeMalformed, in_cose().unprotected(cbor::text("unknown"), cbor::array(&[twice])));
}

#[test]
fn nesting_is_taken_to_the_limit_and_not_beyond() {
    let nested = |depth: usize| [vec![0x81; depth], cbor::int(0)].concat();
    let unknown = || cbor::text("unknown");
    // The array of the message and the map of the header are two levels; the protected map is a document of its own.
    gives(Code::Verified, in_cose().unprotected(unknown(), nested(30)));
    gives(Code::EnvelopeMalformed, in_cose().unprotected(unknown(), nested(31)));
    gives(Code::EnvelopeMalformed, in_cose().unprotected(unknown(), nested(1 << 20)));
    gives(Code::Verified, in_cose().protected(unknown(), nested(31)));
    gives(Code::EnvelopeMalformed, in_cose().protected(unknown(), nested(32)));
}

#[test]
fn labels_are_integers_or_texts() {
    for label in
        [cbor::bytes(b"a"), cbor::null(), cbor::array(&[]), cbor::float(1.0), cbor::tag(1, &cbor::int(1)), vec![0xf5]]
    {
        gives(Code::EnvelopeMalformed, in_cose().protected(label.clone(), cbor::int(1)));
        gives(Code::EnvelopeMalformed, in_cose().unprotected(label, cbor::int(1)));
    }
}

#[test]
fn what_nobody_reads_may_be_anything_well_formed() {
    for value in [
        cbor::tag(u64::MAX, &cbor::null()),
        cbor::tag(2, &cbor::bytes(&[0xff; 20])),
        cbor::map(&[(cbor::head(0, u64::MAX), cbor::head(1, u64::MAX)), (cbor::array(&[]), cbor::float(f64::NAN))]),
        vec![0xf8, 0x20],
        vec![0xf7],
        cbor::tag(1, &cbor::text("no time")),
    ] {
        gives(Code::Verified, in_cose().unprotected(cbor::text("unknown"), value.clone()));
        gives(Code::Verified, in_cose().protected(cbor::text("unknown"), value));
    }
    for label in [cbor::head(0, u64::MAX), cbor::head(1, u64::MAX), cbor::int(-1)] {
        gives(Code::Verified, in_cose().unprotected(label.clone(), cbor::int(1)));
        gives(Code::Verified, in_cose().protected(label, cbor::int(1)));
    }
    gives(Code::Verified, in_cose().unprotected(cbor::int(4), cbor::int(1)));
    gives(Code::Verified, in_cose().protected(cbor::int(4), cbor::text("kid")));
}

#[test]
fn deterministic_encoding_is_not_asked_for_and_the_received_bytes_are_signed() {
    // The content type's label in three bytes, its value with a length of five.
    let text = b"application/vnd.cncf.notary.payload.v1+json";
    let long = [&[0x7a, 0, 0, 0, u8::try_from(text.len()).unwrap()][..], text].concat();
    gives(Code::Verified, in_cose().without_protected(&cbor::int(3)).protected(vec![0x19, 0, 3], long));
    // The payload's own length is written anew in what is signed.
    let length = u8::try_from(PAYLOAD.len()).unwrap();
    gives(Code::Verified, in_cose().payload_item([&[0x5a, 0, 0, 0, length][..], PAYLOAD.as_bytes()].concat()));
}

#[test]
fn a_payload_of_any_length_is_covered() {
    for length in [1, 23, 24, 255, 256, 65_535, 65_536, 100_000] {
        gives(Code::Verified, in_cose().payload(&vec![b' '; length]));
    }
    gives(Code::SignatureInvalid, in_cose().payload_item(cbor::bytes(b"another")));
}

#[test]
fn other_algorithms_are_unsupported() {
    for number in [-257, -258, -259, 5, -8, -47, 0, 7, 37, -65_535] {
        assert_eq!(
            of_cose(in_cose().protected(cbor::int(1), cbor::int(number))),
            Code::AlgorithmUnsupported,
            "{number}"
        );
    }
    gives(Code::AlgorithmUnsupported, in_cose().protected(cbor::int(1), cbor::head(1, u64::MAX)));
    for name in ["ES256", "none", ""] {
        gives(Code::AlgorithmUnsupported, in_cose().protected(cbor::int(1), cbor::text(name)));
    }
    for item in [cbor::null(), cbor::float(-7.0), cbor::array(&[cbor::int(-7)]), cbor::bytes(b"ES256")] {
        gives(Code::HeaderInvalid, in_cose().protected(cbor::int(1), item));
    }
    gives(Code::HeaderInvalid, in_cose().without_protected(&cbor::int(1)));
}

#[test]
fn an_algorithm_that_the_key_does_not_imply_is_a_mismatch() {
    for (key, number) in [
        (Key::rsa(2048), -38),
        (Key::rsa(3072), -37),
        (Key::rsa(4096), -38),
        (Key::rsa(2048), -7),
        (Key::p256("a"), -35),
        (Key::p384("a"), -7),
        (Key::p521("a"), -35),
        (Key::p256("a"), -37),
    ] {
        let builder = cose(&with_key(&key)).protected(cbor::int(1), cbor::int(number));
        assert_eq!(of_cose(builder), Code::AlgorithmMismatch, "{number}");
    }
}

#[test]
fn a_signature_that_is_not_the_leafs_in_its_own_form_is_invalid() {
    gives(Code::SignatureInvalid, in_cose().signed_with(&Key::p256("other"), Algorithm::Ecdsa(Hash::Sha256)));
    let key = Key::rsa(2048);
    for salt in [0, 20, 31, 33] {
        gives(Code::SignatureInvalid, cose(&with_key(&key)).signed_with(&key, Algorithm::Pss(Hash::Sha256, salt)));
    }
    gives(Code::SignatureInvalid, cose(&with_key(&key)).signed_with(&key, Algorithm::Pkcs1v15(Hash::Sha256)));
    for length in [0, 1, 63, 65, 72, 96] {
        gives(Code::SignatureInvalid, in_cose().signature_item(cbor::bytes(&vec![1; length])));
    }
    gives(Code::SignatureInvalid, in_cose().signature_item(cbor::bytes(&[0; 64])));
}

#[test]
fn x5chain_is_an_array_of_byte_strings() {
    let chain = with_key(&Key::p256("a"));
    let x5chain = |item: Vec<u8>| cose(&chain).unprotected(cbor::int(33), item);
    let der = || cbor::bytes(&chain[0].der);
    gives(Code::Verified, x5chain(cbor::array(&[der()])));
    gives(Code::HeaderInvalid, x5chain(der()));
    for item in [
        cbor::null(),
        cbor::text("a"),
        cbor::map(&[]),
        cbor::array(&[cbor::text("a")]),
        cbor::array(&[der(), cbor::null()]),
    ] {
        gives(Code::HeaderInvalid, x5chain(item));
    }
    gives(Code::HeaderInvalid, cose(&chain).without_unprotected(&cbor::int(33)));
    gives(Code::CertificateChainInvalid, x5chain(cbor::array(&[])));
    gives(Code::CertificateChainInvalid, x5chain(cbor::array(&vec![cbor::bytes(b""); 17])));
    gives(Code::CertificateMalformed, x5chain(cbor::array(&[cbor::bytes(b"")])));
    gives(Code::CertificateMalformed, x5chain(cbor::array(&[cbor::bytes(&[&chain[0].der[..], b"\0"].concat())])));
}

#[test]
fn a_label_in_both_buckets_is_refused() {
    let unknown = || cbor::text("unknown");
    gives(Code::HeaderInvalid, in_cose().protected(unknown(), cbor::int(1)).unprotected(unknown(), cbor::int(1)));
    gives(Code::HeaderInvalid, in_cose().protected(cbor::int(33), cbor::array(&[])));
    gives(Code::HeaderInvalid, in_cose().protected(vec![0x19, 0, 33], cbor::array(&[])));
    gives(Code::HeaderInvalid, in_cose().unprotected(cbor::int(1), cbor::int(-7)));
}

#[test]
fn a_header_that_belongs_to_the_protected_ones_is_refused_elsewhere() {
    for (label, value) in [
        (cbor::int(1), cbor::int(-7)),
        (cbor::int(2), cbor::array(&[cbor::text(SIGNING_SCHEME)])),
        (cbor::int(3), cbor::text("application/vnd.cncf.notary.payload.v1+json")),
        (cbor::text(SIGNING_SCHEME), cbor::text("notary.x509")),
        (cbor::text(SIGNING_TIME), time(SIGNED_AT)),
        (cbor::text(AUTHENTIC_SIGNING_TIME), time(SIGNED_AT)),
        (cbor::text(EXPIRY), time(SIGNED_AT + 1)),
        (cbor::text(PLUGIN), cbor::text("plugin")),
        (cbor::text(PLUGIN_MIN_VERSION), cbor::text("1.0.0")),
    ] {
        let builder = in_cose().without_protected(&label).unprotected(label.clone(), value);
        assert_eq!(of_cose(builder), Code::HeaderInvalid, "{label:02x?}");
    }
}

#[test]
fn a_timestamp_or_signing_agent_of_another_type_is_ignored() {
    let token = |item: Vec<u8>| {
        let bytes = in_cose().unprotected(cbor::text(TIMESTAMP_SIGNATURE), item).build();
        learnt(COSE, &bytes).expect("verifies").timestamp_token
    };
    assert_eq!(token(cbor::bytes(b"token")), Some(b"token".to_vec()));
    for item in [cbor::text("token"), cbor::null(), cbor::array(&[cbor::bytes(b"token")]), cbor::bytes(b"")] {
        assert_eq!(token(item), None);
    }
    gives(Code::Verified, in_cose().unprotected(cbor::text("io.cncf.notary.signingAgent"), cbor::int(1)));
}
