//! JWS envelopes, right ones and hostile ones. Each test names the rule that it guards, of the JWS envelope specification or RFC 7515.

use image_integrity_test_maker::{
    Algorithm, Hash, JwsBuilder, Key, Made, certificate, chain_of_three,
    envelope::{
        AUTHENTIC_SIGNING_TIME, EXPIRY, PAYLOAD, PLUGIN, PLUGIN_MIN_VERSION, SIGNING_SCHEME, SIGNING_TIME,
        TIMESTAMP_SIGNATURE,
    },
    jws,
    jws::string,
};
use wasm_policy::{
    code::Code,
    envelope::{Envelope, JWS},
    limits::Limits,
};

use super::{in_jws, judged, learnt, of_jws, with_key};

#[track_caller]
fn gives(code: Code, builder: JwsBuilder) {
    assert_eq!(of_jws(builder), code);
}

#[test]
fn a_right_envelope_of_either_scheme_verifies() {
    gives(Code::Verified, in_jws());
    gives(Code::Verified, in_jws().signing_authority());
}

#[test]
fn each_of_the_six_keys_signs_with_its_algorithm() {
    for key in [Key::rsa(2048), Key::rsa(3072), Key::rsa(4096), Key::p256("a"), Key::p384("a"), Key::p521("a")] {
        gives(Code::Verified, jws(&with_key(&key)));
    }
}

#[test]
fn what_is_not_json_is_malformed() {
    for bytes in [&b""[..], b"null", b"[]", b"{", b"{}", b"\xff", b"\xd2\x84"] {
        assert_eq!(judged(JWS, bytes), Code::EnvelopeMalformed, "{bytes:?}");
    }
    let right = in_jws().build();
    assert_eq!(judged(JWS, &[&right[..], b"{}"].concat()), Code::EnvelopeMalformed);
    assert_eq!(judged(JWS, &[b"\xef\xbb\xbf", &right[..]].concat()), Code::EnvelopeMalformed, "a byte order mark");
    assert_eq!(judged(JWS, &[&right[..], b" \n"].concat()), Code::Verified, "white space is no data");
}

#[test]
fn an_envelope_of_another_media_type_is_unsupported() {
    for media_type in ["application/jose", "application/JOSE+json", "application/jose+json; charset=utf-8", ""] {
        let failure = Envelope::parse(media_type, &in_jws().build(), &Limits::default()).expect_err("unsupported");
        assert_eq!(failure.code, Code::EnvelopeUnsupported, "{media_type}");
    }
}

#[test]
fn an_envelope_is_taken_to_the_limit_of_bytes_and_not_beyond() {
    let mut limits = Limits::default();
    let bytes = in_jws().build();
    limits.envelope_bytes = bytes.len();
    assert!(Envelope::parse(JWS, &bytes, &limits).is_ok());
    limits.envelope_bytes -= 1;
    assert_eq!(Envelope::parse(JWS, &bytes, &limits).expect_err("large").code, Code::ContentTooLarge);
}

#[test]
fn nesting_beyond_the_limit_is_malformed_wherever_it_is() {
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    gives(Code::Verified, in_jws().header("unknown", &deep(60)));
    gives(Code::EnvelopeMalformed, in_jws().header("unknown", &deep(100_000)));
    gives(Code::Verified, in_jws().protected("unknown", &deep(60)));
    gives(Code::EnvelopeMalformed, in_jws().protected("unknown", &deep(100_000)));
}

#[test]
fn a_member_that_is_missing_or_of_another_type_is_malformed() {
    for member in ["payload", "protected", "header", "signature"] {
        gives(Code::EnvelopeMalformed, in_jws().without_member(member));
        for json in ["null", "1", "true", "[]", "{}", r#""""#] {
            let code = match (member, json) {
                // These have the right type; what is inside fails.
                ("header", "{}") => Code::HeaderInvalid,
                ("signature", r#""""#) => Code::SignatureInvalid,
                _ => Code::EnvelopeMalformed,
            };
            assert_eq!(of_jws(in_jws().member(member, json)), code, "{member}: {json}");
        }
    }
}

#[test]
fn a_further_member_is_malformed_also_where_only_case_differs() {
    for name in ["signatures", "Payload", "PROTECTED", "header ", "\u{17f}ignature", ""] {
        assert_eq!(of_jws(in_jws().member_again(name, "null")), Code::EnvelopeMalformed, "{name}");
    }
}

#[test]
fn a_name_that_occurs_twice_is_malformed_at_every_level() {
    gives(Code::EnvelopeMalformed, in_jws().member_again("payload", r#""e30""#));
    gives(Code::EnvelopeMalformed, in_jws().header_again("x5c", "[]"));
    gives(Code::EnvelopeMalformed, in_jws().header_again("unknown", "1").header_again("unknown", "1"));
    gives(Code::EnvelopeMalformed, in_jws().protected_again("alg", r#""ES256""#));
    gives(Code::EnvelopeMalformed, in_jws().protected_again(EXPIRY, "null").protected_again(EXPIRY, "null"));
    gives(Code::EnvelopeMalformed, in_jws().protected("unknown", r#"{"a":1,"a":1}"#));
    gives(Code::EnvelopeMalformed, in_jws().protected("unknown", r#"[{"a":1,"\u0061":1}]"#));
}

#[test]
fn a_known_name_in_another_case_is_malformed() {
    for name in [
        "Alg",
        "CRIT",
        "io.cncf.notary.Expiry",
        "io.cncf.notary.\u{17f}igningScheme",
        "IO.CNCF.NOTARY.VERIFICATIONPLUGIN",
    ] {
        assert_eq!(of_jws(in_jws().protected(name, "null")), Code::EnvelopeMalformed, "{name}");
    }
    for name in ["X5C", "x5C", "io.cncf.notary.time\u{17f}tampSignature", "io.cncf.notary.signingagent"] {
        assert_eq!(of_jws(in_jws().header(name, "null")), Code::EnvelopeMalformed, "{name}");
    }
}

#[test]
fn base64url_has_one_spelling() {
    for member in ["payload", "protected", "signature"] {
        for respell in [
            |text: String| format!("{text}="),
            |text: String| format!("{text}=="),
            |text: String| format!("{text}\\n"),
            |text: String| format!(" {text}"),
            |text: String| format!("{}\\r\\n{}", &text[..4], &text[4..]),
            |text: String| format!("{text}AA+"),
        ] {
            // Written by hand: the maker would escape the backslashes.
            let built = in_jws().respelled(member, respell).build();
            let text = String::from_utf8(built).unwrap().replace("\\\\", "\\");
            assert_eq!(judged(JWS, text.as_bytes()), Code::EnvelopeMalformed, "{member}");
        }
    }
}

#[test]
fn bits_after_the_last_byte_are_refused() {
    // 32 bytes end in two bits that mean nothing; 1 more is 4 bits.
    let odd = |text: String| {
        let (start, last) = text.split_at(text.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = alphabet.find(last).map(|at| at + 1).unwrap();
        format!("{start}{}", &alphabet[next..=next])
    };
    // 64 bytes of ECDSA leave four bits, so the next letter has a bit set among them.
    gives(Code::EnvelopeMalformed, in_jws().respelled("signature", odd));
    let payload = PAYLOAD.replace("\"size\":2}}", "\"size\":2}}  ");
    for spaces in 0..3 {
        let padded = format!("{payload}{}", " ".repeat(spaces));
        if padded.len() % 3 != 0 {
            gives(Code::EnvelopeMalformed, in_jws().payload(padded.as_bytes()).respelled("payload", odd));
        }
    }
}

#[test]
fn the_signature_covers_the_transmitted_text() {
    gives(Code::Verified, in_jws().protected_json(&format!(" {{ {} }}\n", right_headers())));
    let mut built = String::from_utf8(in_jws().build()).unwrap();
    let other = String::from_utf8(in_jws().protected("unknown", "1").build()).unwrap();
    let protected = |text: &str| text.split(r#""protected":"#).nth(1).unwrap().split(',').next().unwrap().to_owned();
    built = built.replace(&protected(&built), &protected(&other));
    assert_eq!(judged(JWS, built.as_bytes()), Code::SignatureInvalid);
}

fn right_headers() -> String {
    format!(
        r#""alg": "ES256", "cty": "application/vnd.cncf.notary.payload.v1+json", "crit": ["{SIGNING_SCHEME}"],
        "{SIGNING_SCHEME}": "notary.x509", "{SIGNING_TIME}": "2026-11-01T01:00:00.25+01:00""#
    )
}

#[test]
fn an_empty_payload_is_malformed() {
    gives(Code::EnvelopeMalformed, in_jws().payload(b""));
}

#[test]
fn a_protected_header_that_is_no_object_is_malformed() {
    for json in ["", "null", "[]", r#""alg""#, "{", "{} {}"] {
        assert_eq!(of_jws(in_jws().protected_json(json)), Code::EnvelopeMalformed, "{json}");
    }
    gives(Code::HeaderInvalid, in_jws().protected_json("{}"));
}

#[test]
fn other_algorithms_are_unsupported() {
    for name in ["none", "None", "HS256", "RS256", "RS512", "ES256K", "EdDSA", "es256", "PS256 ", ""] {
        assert_eq!(of_jws(in_jws().protected("alg", &string(name))), Code::AlgorithmUnsupported, "{name}");
    }
    for json in ["null", "256", r#"["ES256"]"#] {
        assert_eq!(of_jws(in_jws().protected("alg", json)), Code::HeaderInvalid, "{json}");
    }
    gives(Code::HeaderInvalid, in_jws().without_protected("alg"));
}

#[test]
fn an_hmac_with_the_public_key_is_unsupported() {
    let digest = Hash::Sha256.digest(&chain_of_three()[0].key.spki());
    gives(Code::AlgorithmUnsupported, in_jws().protected("alg", r#""HS256""#).signature(&digest));
}

#[test]
fn an_rsa_signature_of_the_older_padding_is_unsupported_or_invalid() {
    let (key, older) = (Key::rsa(2048), Algorithm::Pkcs1v15(Hash::Sha256));
    let builder = jws(&with_key(&key)).signed_with(&key, older);
    gives(Code::AlgorithmUnsupported, builder.clone().protected("alg", r#""RS256""#));
    gives(Code::SignatureInvalid, builder);
}

#[test]
fn an_algorithm_that_the_key_does_not_imply_is_a_mismatch() {
    for (key, name) in [
        (Key::rsa(2048), "PS384"),
        (Key::rsa(3072), "PS256"),
        (Key::rsa(4096), "PS256"),
        (Key::rsa(2048), "ES256"),
        (Key::p256("a"), "ES384"),
        (Key::p384("a"), "ES256"),
        (Key::p521("a"), "ES384"),
        (Key::p256("a"), "PS256"),
    ] {
        assert_eq!(of_jws(jws(&with_key(&key)).protected("alg", &string(name))), Code::AlgorithmMismatch, "{name}");
    }
}

#[test]
fn a_matching_name_with_another_hash_is_invalid() {
    let key = Key::rsa(3072);
    gives(Code::SignatureInvalid, jws(&with_key(&key)).signed_with(&key, Algorithm::Pss(Hash::Sha256, 32)));
    let key = Key::p384("a");
    gives(Code::SignatureInvalid, jws(&with_key(&key)).signed_with(&key, Algorithm::Ecdsa(Hash::Sha256)));
}

#[test]
fn an_rsa_key_of_another_size_is_unsupported() {
    for bits in [1024, 2047] {
        gives(Code::KeyUnsupported, jws(&with_key(&Key::rsa(bits))));
    }
}

#[test]
fn a_pss_salt_is_as_long_as_the_hash() {
    for (bits, hash, right) in [(2048, Hash::Sha256, 32), (3072, Hash::Sha384, 48), (4096, Hash::Sha512, 64)] {
        let key = Key::rsa(bits);
        for salt in [0, 20, right - 1, right + 1] {
            gives(Code::SignatureInvalid, jws(&with_key(&key)).signed_with(&key, Algorithm::Pss(hash, salt)));
        }
    }
}

#[test]
fn an_ecdsa_signature_is_r_and_s_of_exact_width_in_range() {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&ORDER[2 * at..2 * at + 2], 16).unwrap()).collect();
    let (zero, one, most) = ([0; 32].to_vec(), [&[0; 31][..], &[1]].concat(), vec![0xff; 32]);
    for (r, s) in [(&zero, &one), (&one, &zero), (&order, &one), (&one, &order), (&most, &most), (&zero, &zero)] {
        gives(Code::SignatureInvalid, in_jws().signature(&[&r[..], s].concat()));
    }
    for length in [0, 1, 63, 65, 96, 128] {
        gives(Code::SignatureInvalid, in_jws().signature(&vec![1; length]));
    }
}

#[test]
fn an_ecdsa_signature_in_der_is_invalid() {
    let built = String::from_utf8(in_jws().build()).unwrap();
    let mut parts = built.split('"').filter(|part| part.len() > 60);
    let (payload, protected) = (parts.next().unwrap(), parts.next().unwrap());
    let key = &chain_of_three()[0].key;
    let signed = format!("{protected}.{payload}");
    let der = key.sign_certificate(Algorithm::Ecdsa(Hash::Sha256), signed.as_bytes());
    let raw = key.sign(Algorithm::Ecdsa(Hash::Sha256), signed.as_bytes());
    gives(Code::Verified, in_jws().signature(&raw));
    gives(Code::SignatureInvalid, in_jws().signature(&der));
}

#[test]
fn an_rsa_signature_of_another_length_is_invalid() {
    let key = Key::rsa(2048);
    for length in [0, 255, 257, 512] {
        gives(Code::SignatureInvalid, jws(&with_key(&key)).signature(&vec![1; length]));
    }
    gives(Code::SignatureInvalid, jws(&with_key(&key)).signature(&[0xff; 256]));
}

#[test]
fn a_signature_by_another_key_is_invalid() {
    gives(Code::SignatureInvalid, in_jws().signed_with(&Key::p256("other"), Algorithm::Ecdsa(Hash::Sha256)));
}

#[test]
fn certificates_are_padded_base64_without_line_breaks() {
    let chain = with_key(&Key::p256("a"));
    let builder = jws(&chain);
    let built = String::from_utf8(builder.clone().build()).unwrap();
    let text = built.split(r#""x5c":[""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let x5c = |text: &str| builder.clone().header("x5c", &format!(r#"["{text}"]"#));
    gives(Code::Verified, x5c(&text));
    for wrong in [
        format!("{}\\n{}", &text[..64], &text[64..]),
        format!("{text}\\n"),
        format!("{text}="),
        text.replace(['+', '/'], "-"),
        format!("!{text}"),
    ] {
        gives(Code::HeaderInvalid, x5c(&wrong));
    }
    gives(Code::CertificateMalformed, x5c(""));
    for json in ["null", "{}", r#""MII=""#, "[null]", "[1]", "[[48]]"] {
        assert_eq!(of_jws(builder.clone().header("x5c", json)), Code::HeaderInvalid, "{json}");
    }
    gives(Code::HeaderInvalid, builder.without_header("x5c"));
}

#[test]
fn an_envelope_without_certificates_or_with_too_many_has_no_chain() {
    gives(Code::CertificateChainInvalid, in_jws().header("x5c", "[]"));
    let many = |count| format!("[{}]", vec![r#""MAA=""#; count].join(","));
    gives(Code::CertificateMalformed, in_jws().header("x5c", &many(16)));
    // Refused before the first is read.
    gives(Code::CertificateChainInvalid, in_jws().header("x5c", &many(17)));
}

#[test]
fn a_chain_in_another_order_or_with_other_members_is_refused() {
    let [leaf, intermediate, root] = chain_of_three();
    let stranger = certificate().subject("C=US, ST=WA, O=other").key(&Key::p256("stranger")).build();
    let x5c = |chain: &[&Made]| in_jws().x5c(&chain.iter().map(|made| (*made).clone()).collect::<Vec<_>>());
    gives(Code::Verified, x5c(&[&leaf, &intermediate, &root]));
    // Reversed: the root's key did not sign the envelope.
    gives(Code::SignatureInvalid, x5c(&[&root, &intermediate, &leaf]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &root, &intermediate]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &intermediate, &intermediate, &root]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &intermediate, &root, &root]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &intermediate]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &intermediate, &root, &stranger]));
    gives(Code::CertificateChainInvalid, x5c(&[&leaf, &intermediate, &stranger]));
}

#[test]
fn unknown_unprotected_headers_are_tolerated() {
    gives(Code::Verified, in_jws().header("unknown", r#"{"a":[1,null]}"#).header("kid", "1"));
    gives(Code::Verified, in_jws().without_header("io.cncf.notary.signingAgent"));
    gives(Code::Verified, in_jws().header("io.cncf.notary.signingAgent", "null"));
    gives(Code::HeaderInvalid, in_jws().header("io.cncf.notary.signingAgent", "1"));
}

#[test]
fn a_header_in_both_places_is_refused() {
    gives(Code::HeaderInvalid, in_jws().protected("unknown", "1").header("unknown", "1"));
    gives(Code::HeaderInvalid, in_jws().header("alg", r#""ES256""#));
    gives(Code::HeaderInvalid, in_jws().protected("x5c", "[]"));
}

#[test]
fn a_header_that_belongs_to_the_protected_ones_is_refused_elsewhere() {
    let moved = [
        ("alg", r#""ES256""#),
        ("cty", r#""application/vnd.cncf.notary.payload.v1+json""#),
        ("crit", "[]"),
        (SIGNING_SCHEME, r#""notary.x509""#),
        (SIGNING_TIME, r#""2026-11-01T00:00:00Z""#),
        (AUTHENTIC_SIGNING_TIME, r#""2026-11-01T00:00:00Z""#),
        (EXPIRY, r#""2026-11-02T00:00:00Z""#),
        (PLUGIN, r#""plugin""#),
        (PLUGIN_MIN_VERSION, r#""1.0.0""#),
    ];
    for (name, json) in moved {
        let builder = in_jws().without_protected(name).header(name, json);
        assert_eq!(of_jws(builder), Code::HeaderInvalid, "{name}");
    }
}

#[test]
fn the_timestamp_token_is_padded_base64() {
    let token = |json: &str| {
        let bytes = in_jws().header(TIMESTAMP_SIGNATURE, json).build();
        learnt(JWS, &bytes).map(|learnt| learnt.timestamp_token)
    };
    assert_eq!(token(r#""MAA=""#), Ok(Some(b"\x30\x00".to_vec())));
    for none in ["null", r#""""#] {
        assert_eq!(token(none), Ok(None), "{none}");
    }
    for wrong in [r#""MAA""#, r#""MAA=\n""#, r#""MAB=""#, r#""MA-=""#, "1", "[48,0]", "{}"] {
        assert_eq!(token(wrong), Err(Code::HeaderInvalid), "{wrong}");
    }
}
