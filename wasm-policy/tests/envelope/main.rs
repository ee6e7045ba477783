//! Envelopes that break one rule each, and what must be said about them: JWS, COSE, and the headers that both share.
//!
//! The right ones are those that notation-go signed, and the maker's; each hostile one differs from a right one in the one thing that its test names.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends where its world is not as it says"
)]

mod any_bytes;
mod cose;
mod cost;
mod headers;
mod jws;
mod notation_go;
mod times;

use std::sync::LazyLock;

use image_integrity_test_maker::{CoseBuilder, JwsBuilder, Key, Made, cbor, certificate, chain_of_three};
use wasm_policy::{
    code::Code,
    crypto::RustCrypto,
    envelope::{COSE, Envelope, JWS, SigningScheme},
    limits::Limits,
    time::Instant,
    x509::Verifier,
};

/// What the workflow learns from an envelope that verifies.
#[derive(Debug, PartialEq)]
struct Learnt {
    scheme: SigningScheme,
    signing_time: Instant,
    expiry: Option<Instant>,
    plugin: Option<String>,
    certificates: usize,
    payload: Vec<u8>,
    timestamp_token: Option<Vec<u8>>,
}

fn learnt(media_type: &str, bytes: &[u8]) -> Result<Learnt, Code> {
    let limits = Limits::default();
    let envelope = Envelope::parse(media_type, bytes, &limits).map_err(|failure| failure.code)?;
    let verified = envelope.verify(&mut Verifier::new(&RustCrypto, &limits)).map_err(|failure| failure.code)?;
    Ok(Learnt {
        scheme: verified.scheme,
        signing_time: verified.signing_time,
        expiry: verified.expiry,
        plugin: verified.plugin.map(str::to_owned),
        certificates: verified.chain.certificates().count(),
        payload: verified.payload.to_vec(),
        timestamp_token: verified.timestamp_token.map(<[u8]>::to_vec),
    })
}

fn judged(media_type: &str, bytes: &[u8]) -> Code {
    learnt(media_type, bytes).map_or_else(|code| code, |_| Code::Verified)
}

fn of_jws(builder: JwsBuilder) -> Code {
    judged(JWS, &builder.build())
}

fn of_cose(builder: CoseBuilder) -> Code {
    judged(COSE, &builder.build())
}

#[track_caller]
fn both_give(wanted: Code, jws: JwsBuilder, cose: CoseBuilder) {
    assert_eq!(of_jws(jws), wanted, "JWS");
    assert_eq!(of_cose(cose), wanted, "COSE");
}

/// Made once: signing takes a while without optimisation.
static CHAIN: LazyLock<[Made; 3]> = LazyLock::new(chain_of_three);

fn in_jws() -> JwsBuilder {
    image_integrity_test_maker::jws(&*CHAIN)
}

fn in_cose() -> CoseBuilder {
    image_integrity_test_maker::cose(&*CHAIN)
}

/// A self-signed certificate of that key, a whole chain by itself.
fn with_key(key: &Key) -> [Made; 1] {
    [certificate().key(key).build()]
}

fn at(text: &str) -> Instant {
    Instant::parse_utc(text).expect("a time")
}

fn texts(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| cbor::text(name)).collect()
}
