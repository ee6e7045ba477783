//! Whatever the bytes of a certificate: it is read or refused, and nothing about it can change unnoticed.

use proptest::{prelude::*, sample::Index};

use super::*;

#[test]
fn a_chain_with_any_byte_changed_is_refused() {
    let root = authority("root").build();
    let leaf = certificate().issued_by(&root).build();
    let chain = [leaf, root];
    for (which, made) in chain.iter().enumerate() {
        for position in 0..made.der.len() {
            let mut altered = chain.clone();
            altered[which].der[position] ^= 1 << (position % 8);
            let verdict = verify_within(&Limits::default(), &altered.each_ref());
            assert!(verdict.is_err(), "byte {position} of {:x?}", made.der);
        }
    }
}

/// Bytes of the one put over, into or in place of those of the other.
fn spliced(start: &[u8], pieces: &[(Index, Index, Vec<u8>)]) -> Vec<u8> {
    pieces.iter().fold(start.to_vec(), |bytes, (from, to, piece)| {
        let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
        [&bytes[..from.min(to)], piece, &bytes[from.max(to)..]].concat()
    })
}

fn pieces() -> impl Strategy<Value = Vec<(Index, Index, Vec<u8>)>> {
    let piece = (any::<Index>(), any::<Index>(), prop::collection::vec(any::<u8>(), 0..8));
    prop::collection::vec(piece, 1..4)
}

/// Everything that can be asked of a certificate without a verifier.
fn look_at(der: &[u8]) {
    if let Ok(read) = Certificate::parse(der, &Limits::default()) {
        let text = format!("{read} {} {}", read.subject(), read.issuer());
        assert!(!text.contains(['\n', '\0', '\u{202e}']), "{text}");
        let _ = (read.public_key(), read.is_ca(), read.names_revocation_source(), read.subject().attributes().count());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_no_certificate(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let failure = Certificate::parse(&bytes, &Limits::default()).map(drop).unwrap_err();
        prop_assert_eq!(failure.code, Code::CertificateMalformed);
    }

    #[test]
    fn a_certificate_that_was_cut_and_mended_is_read_or_refused(pieces in pieces()) {
        look_at(&spliced(&certificate().ocsp_url("http://a").crl_url("http://b").build().der, &pieces));
    }

    #[test]
    fn extensions_names_and_keys_of_any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
        pieces in pieces(),
    ) {
        for oid in ["2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.31", "1.3.6.1.5.5.7.1.1"] {
            look_at(&certificate().without(oid).extension(oid, true, bytes.clone()).build().der);
        }
        look_at(&certificate().subject_der(bytes.clone()).build().der);
        look_at(&certificate().subject_der(spliced(&image_integrity_test_maker::name::from_text("C=US, O=a+OU=b"), &pieces)).build().der);
        look_at(&certificate().spki(bytes).build().der);
        look_at(&certificate().spki(spliced(&Key::rsa(1024).spki(), &pieces)).build().der);
    }
}
