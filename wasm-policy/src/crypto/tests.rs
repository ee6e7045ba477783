//! What reaches a provider, and what the module's own provider says.

use image_integrity_test_maker::{Algorithm, Hash as MadeHash, Key};

use super::*;
use crate::limits::Limits;

/// A provider that would accept anything: only what is checked before the seam can refuse here.
struct Credulous;

impl Provider for Credulous {
    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Digest {
        RustCrypto.digest(hash, parts)
    }

    fn verify(&self, _: &PublicKey<'_>, _: SignatureScheme, _: &Digest, _: &[u8]) -> bool {
        true
    }
}

const PSS: SignatureScheme = SignatureScheme::RsaPss { salt_len: 32 };

fn verify(provider: &dyn Provider, spki: &[u8], scheme: SignatureScheme, hash: Hash, signature: &[u8]) -> bool {
    let key = PublicKey::parse(spki, &Limits::default()).unwrap();
    key.verify(provider, scheme, &provider.digest(hash, &[b"mes", b"sage"]), signature)
}

#[test]
fn a_scheme_that_does_not_fit_the_key_does_not_reach_the_provider() {
    let (rsa, ec) = (Key::rsa(2048).spki(), Key::p256("key").spki());
    assert!(verify(&Credulous, &rsa, PSS, Hash::Sha256, &[1; 256]));
    assert!(verify(&Credulous, &ec, SignatureScheme::Ecdsa, Hash::Sha256, &[1; 64]));
    assert!(!verify(&Credulous, &rsa, SignatureScheme::Ecdsa, Hash::Sha256, &[1; 64]));
    assert!(!verify(&Credulous, &ec, PSS, Hash::Sha256, &[1; 64]));
    assert!(!verify(&Credulous, &ec, SignatureScheme::RsaPkcs1v15, Hash::Sha256, &[1; 64]));
}

#[test]
fn an_rsa_signature_is_as_long_as_the_modulus_and_below_it() {
    let spki = Key::rsa(2048).spki();
    let key = PublicKey::parse(&spki, &Limits::default()).unwrap();
    let KeyParts::Rsa { modulus, .. } = key.parts() else { panic!("an RSA key") };
    let mut below = modulus.to_vec();
    below[255] -= 1;
    for (signature, accepted) in [
        (&below[..], true),
        (modulus, false),
        (&[0xff; 256], false),
        (&below[1..], false),
        (&[0; 257], false),
        (&[], false),
    ] {
        for scheme in [PSS, SignatureScheme::RsaPkcs1v15] {
            assert_eq!(verify(&Credulous, &spki, scheme, Hash::Sha256, signature), accepted);
        }
    }
}

#[test]
fn ecdsa_numbers_out_of_range_do_not_reach_the_provider() {
    for (key, width) in [(Key::p256("key"), 32), (Key::p384("key"), 48), (Key::p521("key"), 66)] {
        let verify =
            |signature: &[u8]| verify(&Credulous, &key.spki(), SignatureScheme::Ecdsa, Hash::Sha256, signature);
        assert!(verify(&vec![1; 2 * width]));
        assert!(!verify(&vec![0; 2 * width]));
        assert!(!verify(&[vec![1; width], vec![0; width]].concat()));
        assert!(!verify(&[vec![0; width], vec![1; width]].concat()));
        assert!(!verify(&vec![0xff; 2 * width]));
        assert!(!verify(&vec![1; 2 * width + 1]));
        assert!(!verify(&vec![1; width]));
    }
}

#[test]
fn every_algorithm_of_envelopes_verifies_and_an_altered_signature_does_not() {
    for (key, hash, made) in [
        (Key::rsa(2048), Hash::Sha256, MadeHash::Sha256),
        (Key::rsa(3072), Hash::Sha384, MadeHash::Sha384),
        (Key::rsa(4096), Hash::Sha512, MadeHash::Sha512),
        (Key::p256("key"), Hash::Sha256, MadeHash::Sha256),
        (Key::p384("key"), Hash::Sha384, MadeHash::Sha384),
        (Key::p521("key"), Hash::Sha512, MadeHash::Sha512),
    ] {
        let salt_len = hash.size();
        let (algorithm, scheme) = match key.usual_algorithm() {
            Algorithm::Ecdsa(_) => (Algorithm::Ecdsa(made), SignatureScheme::Ecdsa),
            _ => (Algorithm::Pss(made, salt_len), SignatureScheme::RsaPss { salt_len }),
        };
        let mut signature = key.sign(algorithm, b"message");
        let verify = |signature: &[u8]| verify(&RustCrypto, &key.spki(), scheme, hash, signature);
        assert!(verify(&signature));
        *signature.last_mut().unwrap() ^= 1;
        assert!(!verify(&signature));
    }
}

#[test]
fn a_salt_of_another_length_than_stated_does_not_verify() {
    let key = Key::rsa(2048);
    for salt_len in [0, 20, 31, 33, 64, 222] {
        let signature = key.sign(Algorithm::Pss(MadeHash::Sha256, salt_len), b"message");
        assert!(!verify(&RustCrypto, &key.spki(), PSS, Hash::Sha256, &signature), "{salt_len}");
        let stated = SignatureScheme::RsaPss { salt_len };
        assert!(verify(&RustCrypto, &key.spki(), stated, Hash::Sha256, &signature), "{salt_len}");
    }
}

#[test]
fn the_two_rsa_schemes_are_not_taken_for_each_other() {
    let key = Key::rsa(2048);
    let pkcs = key.sign(Algorithm::Pkcs1v15(MadeHash::Sha256), b"message");
    let pss = key.sign(Algorithm::Pss(MadeHash::Sha256, 32), b"message");
    assert!(!verify(&RustCrypto, &key.spki(), PSS, Hash::Sha256, &pkcs));
    assert!(!verify(&RustCrypto, &key.spki(), SignatureScheme::RsaPkcs1v15, Hash::Sha256, &pss));
}

#[test]
fn a_high_s_verifies_as_well_as_a_low_one() {
    // Of these keys some sign this message with an s in the upper half of the order, some in the lower.
    let mut high = 0;
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let key = Key::p256(name);
        let signature = key.sign(Algorithm::Ecdsa(MadeHash::Sha256), b"message");
        assert!(verify(&RustCrypto, &key.spki(), SignatureScheme::Ecdsa, Hash::Sha256, &signature));
        high += u32::from(signature[32] >= 0x80);
    }
    assert!((1..8).contains(&high), "{high} of 8 have a high s");
}

#[test]
fn a_digest_that_is_narrower_than_the_curve_is_used_whole() {
    // Made with OpenSSL 3.0: `openssl dgst -sha256 -sign`, and -sha384, with a P-521 key, over "mixed".
    let spki = unhex(
        "30819b301006072a8648ce3d020106052b81040023038186000400cb51dbb508748fb0a1021cc9a4220f8e18dad7db24405779f76c51\
         67ec7d2fa53bb73a649cef3e37a6e31e4d76fc315fbc39299e3845190c4eee30288a57759fdd00c59b4aaae606256a6b917e7cb72ec74f\
         bd94a94cf07128653de2e6b7ef68277c92a2a255dbd7e3d37311db9870ba08c2ea12214473dac21f2172a694a968f69abf",
    );
    for (hash, signature) in [
        (
            Hash::Sha256,
            "308188024201dbf5c1218410d8f04a02e7913b9f789a27ac2adac511209abc188624ebab7705e4c83679e8f6844bcc6ca35796cc08\
             0f85241c6c37f5789996f651375c5bcb0a28024201bbc79e307e1679907ba79c25a3dcd6df289acbdaa6de3bb298e8a6ff8c10c0df\
             cb5221789d35572b50e195e55ad5ebe9b04c6d8d02e272d64c330889aa8f499e26",
        ),
        (
            Hash::Sha384,
            "308187024200afc0abde7fa6519e03a0e362068f7d435f2f739a592206aed879a68e419b32c1db6673f1803c74fbd5553f2b243577\
             3a98071da50f9f7cad475c70d6c1572e49c1024131384a133ca723ab99e71bc6e7ea76f534fe880f3f1d596a55db4d783a30088f45\
             e647144c73422cc4f79ed5d4685c6afabbb020c970f0716133eb19168032c5ee",
        ),
    ] {
        let raw = RawSignature::from_der(Curve::P521, &unhex(signature)).unwrap();
        let key = PublicKey::parse(&spki, &Limits::default()).unwrap();
        let digest = RustCrypto.digest(hash, &[b"mixed"]);
        assert!(key.verify(&RustCrypto, SignatureScheme::Ecdsa, &digest, raw.as_bytes()), "{hash:?}");
    }
}

#[test]
fn a_digest_has_the_size_of_its_hash_function() {
    for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
        let digest = RustCrypto.digest(hash, &[b"mes", b"", b"sage"]);
        assert_eq!(digest, RustCrypto.digest(hash, &[b"message"]));
        assert_eq!(Digest::new(hash, digest.as_bytes()), Some(digest));
        assert_eq!(Digest::new(hash, &digest.as_bytes()[1..]), None);
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let digits = digits.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
