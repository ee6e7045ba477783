//! What an envelope costs: cheap rules first, four public-key operations for a chain of three, and nothing that grows faster than the envelope.

use image_integrity_test_maker::{JwsBuilder, cbor};
use wasm_policy::{
    code::{Code, Failure},
    crypto::RustCrypto,
    envelope::{Envelope, JWS, payload::Payload},
    limits::Limits,
    x509::Verifier,
};

use super::{in_cose, in_jws, of_cose, of_jws};

/// Verifies so many times over within a budget of so many units.
fn verified(builder: JwsBuilder, times: usize, units: u32) -> Code {
    let mut limits = Limits::default();
    limits.public_key_work = units;
    let mut verifier = Verifier::new(&RustCrypto, &limits);
    let envelope = Envelope::parse(JWS, &builder.build(), &limits).expect("parses");
    let outcome: Result<(), Failure> = (0..times).try_for_each(|_| envelope.verify(&mut verifier).map(drop));
    outcome.map_or_else(|failure| failure.code, |()| Code::Verified)
}

#[test]
fn a_chain_of_three_costs_four_operations() {
    assert_eq!(verified(in_jws(), 1, 4), Code::Verified);
    assert_eq!(verified(in_jws(), 1, 3), Code::BudgetExceeded);
}

#[test]
fn another_envelope_of_the_same_signer_costs_one_operation_more() {
    assert_eq!(verified(in_jws(), 10, 4 + 9), Code::Verified);
    assert_eq!(verified(in_jws(), 10, 4 + 8), Code::BudgetExceeded);
}

#[test]
fn what_a_comparison_can_refuse_costs_no_operation() {
    assert_eq!(verified(in_jws().protected("alg", r#""ES384""#), 1, 0), Code::AlgorithmMismatch);
    assert_eq!(verified(in_jws().header("x5c", r#"["MAA="]"#), 1, 0), Code::CertificateMalformed);
}

#[test]
fn many_critical_names_headers_and_labels_are_read_in_time() {
    const MANY: u32 = 40_000;
    let names: Vec<_> = (0..MANY).map(|number| format!("name{number}")).collect();
    let mut critical = vec!["io.cncf.notary.signingScheme"];
    critical.extend(names.iter().map(String::as_str));
    let headers = |builder: JwsBuilder| names.iter().fold(builder, |builder, name| builder.protected_again(name, "1"));
    assert_eq!(of_jws(headers(in_jws()).critical(&critical)), Code::CriticalHeaderUnknown);
    let headers = |builder: JwsBuilder| names.iter().fold(builder, |builder, name| builder.header_again(name, "1"));
    assert_eq!(of_jws(headers(in_jws())), Code::Verified);
    let members: Vec<_> = (0..i64::from(MANY)).rev().map(|key| (cbor::int(key), cbor::null())).collect();
    assert_eq!(of_cose(in_cose().protected(cbor::text("unknown"), cbor::map(&members))), Code::Verified);
}

#[test]
fn more_values_than_the_limit_are_refused() {
    let ones = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(of_jws(in_jws().header("unknown", &ones(99_900))), Code::Verified);
    assert_eq!(of_jws(in_jws().header("unknown", &ones(100_000))), Code::EnvelopeMalformed);
    assert_eq!(of_jws(in_jws().protected("unknown", &ones(100_000))), Code::EnvelopeMalformed);
    let items = |count: usize| cbor::array(&vec![cbor::int(1); count]);
    assert_eq!(of_cose(in_cose().unprotected(cbor::text("unknown"), items(99_900))), Code::Verified);
    assert_eq!(of_cose(in_cose().unprotected(cbor::text("unknown"), items(100_000))), Code::EnvelopeMalformed);
    assert_eq!(of_cose(in_cose().protected(cbor::text("unknown"), items(100_000))), Code::EnvelopeMalformed);
    let payload =
        format!(r#"{{"targetArtifact":{{"mediaType":"a/b","digest":"d","size":1,"urls":{}}}}}"#, ones(100_000));
    let refused = Payload::parse(payload.as_bytes(), &Limits::default()).expect_err("many values");
    assert_eq!(refused.code, Code::PayloadMalformed);
}
