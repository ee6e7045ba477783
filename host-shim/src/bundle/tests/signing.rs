use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use p256::{ecdsa::signature::Verifier as _, elliptic_curve::sec1::ToSec1Point as _, pkcs8::DecodePrivateKey as _};
use ring::{
    hmac,
    rsa::PublicKeyComponents,
    signature::{self, RsaKeyPair, RsaParameters},
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::bundle::{Algorithm, Signer, manifest::hex};

const RSA: &str = include_str!("../../../../tests/fixtures/demo/keys/demo.key.pem");
const P256: &str = include_str!("../../../../tests/fixtures/notation-go/keys/p256.key.pem");
const P384: &str = include_str!("../../../../tests/fixtures/notation-go/keys/p384.key.pem");
/// As `openssl ecparam -genkey` writes it: the parameters first.
const SEC1: &str = include_str!("p256.sec1.pem");
const P521: &str = include_str!("../../../../tests/fixtures/notation-go/keys/p521.key.pem");
const CERTIFICATE: &str = include_str!("../../../../tests/fixtures/demo/root.pem");
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";

fn der(pem: &str) -> Vec<u8> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap().secret_der().to_owned()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

fn read(key: &str, algorithm: Option<Algorithm>) -> Result<Signer, String> {
    let folder = folder(&[("key.pem", key)]);
    let signer = Signer::read(&folder.path().join("key.pem"), algorithm, None, None);
    signer.map_err(|error| without(folder.path(), &error.to_string()))
}

/// The three parts of the signature on a bundle, which must have exactly one.
fn token(bundle: &Packed) -> (String, Value, Value, Vec<u8>) {
    let signatures: Value = serde_json::from_str(&members(bundle)[".signatures.json"]).unwrap();
    assert_eq!(signatures.as_object().unwrap().len(), 1);
    let [token] = signatures["signatures"].as_array().unwrap().as_slice() else { panic!("{signatures}") };
    let (signed, signature) = token.as_str().unwrap().rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let [header, claims] =
        [header, claims].map(|part| serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap());
    (signed.to_owned(), header, claims, BASE64URL.decode(signature).unwrap())
}

fn signed_by(signer: &Signer) -> Packed {
    let module = Module::of(b"\0asm");
    let folder = folder(&[("p.rego", "package acme"), ("data.yaml", "b: 1.50\na: \"\\u2028\"\n")]);
    let policies = [folder.path().to_owned()];
    let contents = Contents { module: &module, policies: &policies, roots: &[], revision: None, signer: Some(signer) };
    pack(contents).unwrap()
}

#[test]
fn every_other_member_is_in_the_signature_by_the_hash_of_its_bytes() {
    let bundle = signed_by(&read(RSA, None).unwrap());
    let (_, header, claims, _) = token(&bundle);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    let mut members = members(&bundle);
    members.remove(".signatures.json").unwrap();
    assert_eq!(members["data.json"], r#"{"a":"\u2028","b":1.50}"#);
    let files: Vec<_> = members
        .iter()
        .map(|(name, text)| json!({"name": name, "hash": hex(&Sha256::digest(text)), "algorithm": "SHA-256"}))
        .collect();
    assert_eq!(claims, json!({ "files": files }));
}

#[test]
fn the_keys_name_and_the_scope_are_in_the_signature() {
    let folder = folder(&[("key", RSA)]);
    let signer = Signer::read(&folder.path().join("key"), None, Some("release".into()), Some("prod".into())).unwrap();
    let (_, header, claims, _) = token(&signed_by(&signer));
    assert_eq!(header, json!({"alg": "RS256", "kid": "release", "typ": "JWT"}));
    assert_eq!((&claims["keyid"], &claims["scope"]), (&json!("release"), &json!("prod")));
}

#[test]
fn rsa_keys_sign_by_each_of_their_algorithms() {
    let algorithms: [(Option<Algorithm>, &RsaParameters); 7] = [
        (None, &signature::RSA_PKCS1_2048_8192_SHA256),
        (Some(Algorithm::RS256), &signature::RSA_PKCS1_2048_8192_SHA256),
        (Some(Algorithm::RS384), &signature::RSA_PKCS1_2048_8192_SHA384),
        (Some(Algorithm::RS512), &signature::RSA_PKCS1_2048_8192_SHA512),
        (Some(Algorithm::PS256), &signature::RSA_PSS_2048_8192_SHA256),
        (Some(Algorithm::PS384), &signature::RSA_PSS_2048_8192_SHA384),
        (Some(Algorithm::PS512), &signature::RSA_PSS_2048_8192_SHA512),
    ];
    let public = PublicKeyComponents::<Vec<u8>>::from(RsaKeyPair::from_pkcs8(&der(RSA)).unwrap().public());
    // The same key as PKCS#1, which PKCS#8 wraps with 26 bytes before it.
    for key in [RSA, &pem("RSA PRIVATE KEY", &der(RSA)[26..])] {
        for (algorithm, parameters) in algorithms {
            let (signed, header, _, signature) = token(&signed_by(&read(key, algorithm).unwrap()));
            assert_eq!(header["alg"], algorithm.unwrap_or(Algorithm::RS256).to_string());
            public.verify(parameters, signed.as_bytes(), &signature).unwrap();
        }
    }
}

#[test]
fn keys_on_curves_sign_the_same_each_time() {
    let p256 = p256::SecretKey::from_pkcs8_der(&der(P256)).unwrap();
    let sec1 = p256::SecretKey::from_sec1_der(&der(SEC1)).unwrap();
    let p384 = p384::SecretKey::from_pkcs8_der(&der(P384)).unwrap();
    for (key, p256) in [(P256, p256), (SEC1, sec1)] {
        let bundle = signed_by(&read(key, None).unwrap());
        let (signed, header, _, signature) = token(&bundle);
        assert_eq!(header["alg"], "ES256");
        let public = p256::ecdsa::VerifyingKey::from_sec1_bytes(p256.public_key().to_sec1_point(false).as_bytes());
        public.unwrap().verify(signed.as_bytes(), &p256::ecdsa::Signature::from_slice(&signature).unwrap()).unwrap();
        assert_eq!(signed_by(&read(key, Some(Algorithm::ES256)).unwrap()).bytes, bundle.bytes);
    }
    // SEC1, which PKCS#8 wraps with 27 bytes before it.
    for key in [P384, &pem("EC PRIVATE KEY", &der(P384)[27..])] {
        let bundle = signed_by(&read(key, None).unwrap());
        let (signed, header, _, signature) = token(&bundle);
        assert_eq!(header["alg"], "ES384");
        let public = p384::ecdsa::VerifyingKey::from_sec1_bytes(p384.public_key().to_sec1_point(false).as_bytes());
        public.unwrap().verify(signed.as_bytes(), &p384::ecdsa::Signature::from_slice(&signature).unwrap()).unwrap();
        assert_eq!(signed_by(&read(key, Some(Algorithm::ES384)).unwrap()).bytes, bundle.bytes);
    }
}

#[test]
fn a_secret_is_all_bytes_of_its_file() {
    for (algorithm, hash) in [
        (Algorithm::HS256, hmac::HMAC_SHA256),
        (Algorithm::HS384, hmac::HMAC_SHA384),
        (Algorithm::HS512, hmac::HMAC_SHA512),
    ] {
        let (signed, header, _, signature) = token(&signed_by(&read(SECRET, Some(algorithm)).unwrap()));
        assert_eq!(header["alg"], algorithm.to_string());
        hmac::verify(&hmac::Key::new(hash, SECRET.as_bytes()), signed.as_bytes(), &signature).unwrap();
    }
}

#[test]
fn a_file_without_a_usable_key_is_told_with_what_to_do_and_is_never_shown() {
    let damaged = P256.replacen("MI", "?!", 1);
    let encrypted = pem("ENCRYPTED PRIVATE KEY", b"\x30\x00");
    let old = RSA.replace("BEGIN PRIVATE KEY-----", "BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n");
    for (key, algorithm, expected) in [
        ("", None, "key.pem: holds no private key in PEM"),
        (SECRET, None, "key.pem: holds no private key in PEM"),
        (CERTIFICATE, None, "key.pem: holds no private key, but something else in PEM"),
        (&damaged, None, "key.pem: the PEM of its private key is damaged"),
        (&encrypted, None, "key.pem: holds a key that is encrypted"),
        (&old, None, "key.pem: holds a key that is encrypted"),
        (P521, None, "key.pem: holds a key on another curve"),
        (&pem("PRIVATE KEY", b"\x30\x00"), None, "key.pem: holds no usable key"),
        (&pem("EC PRIVATE KEY", b"\x30\x00"), None, "key.pem: holds a key on another curve"),
        (RSA, Some(Algorithm::ES256), "key.pem: holds an RSA key, which does not sign by ES256; it signs by RS256"),
        (
            P256,
            Some(Algorithm::ES384),
            "key.pem: holds a key on P-256, which does not sign by ES384; it signs by ES256",
        ),
        (
            P384,
            Some(Algorithm::RS256),
            "key.pem: holds a key on P-384, which does not sign by RS256; it signs by ES384",
        ),
        (RSA, Some(Algorithm::HS256), "key.pem: holds PEM, and a shared secret is wanted"),
        ("short", Some(Algorithm::HS256), "key.pem: the secret has fewer than 32 bytes"),
        (&SECRET[..47], Some(Algorithm::HS384), "key.pem: the secret has fewer than 48 bytes"),
        (&SECRET[..63], Some(Algorithm::HS512), "key.pem: the secret has fewer than 64 bytes"),
    ] {
        let told = read(key, algorithm).expect_err(expected);
        assert!(told.starts_with(expected), "{told}");
        assert!(key.lines().all(|line| line.is_empty() || !told.contains(line)), "{told}");
    }
    let told = read(&"x".repeat(100_000), Some(Algorithm::HS256)).unwrap_err();
    assert!(told.starts_with("key.pem: is larger than a key can be"), "{told}");
}

#[test]
fn a_signer_does_not_show_its_key() {
    assert_eq!(format!("{:?}", read(SECRET, Some(Algorithm::HS256)).unwrap()), "Signer { algorithm: HS256, .. }");
}
