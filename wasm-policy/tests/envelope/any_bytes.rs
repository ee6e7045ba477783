//! Any bytes at all: an envelope is read or refused with a code, and never ends the module.

use proptest::{prelude::*, sample::Index};
use wasm_policy::{
    code::Code,
    envelope::{COSE, JWS, payload::Payload},
    limits::Limits,
};

use super::{in_cose, in_jws, judged};

/// Bytes of the one put over, into or in place of those of the other.
fn spliced(start: &[u8], pieces: &[(Index, Index, Vec<u8>)]) -> Vec<u8> {
    pieces.iter().fold(start.to_vec(), |bytes, (from, to, piece)| {
        let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
        [&bytes[..from.min(to)], piece, &bytes[from.max(to)..]].concat()
    })
}

fn pieces() -> impl Strategy<Value = Vec<(Index, Index, Vec<u8>)>> {
    let piece = (any::<Index>(), any::<Index>(), prop::collection::vec(any::<u8>(), 0..8));
    prop::collection::vec(piece, 0..3)
}

proptest! {
    #[test]
    fn any_bytes_are_no_envelope(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(judged(JWS, &bytes), Code::EnvelopeMalformed);
        prop_assert_eq!(judged(COSE, &bytes), Code::EnvelopeMalformed);
        let cose = [b"\xd2\x84", &bytes[..]].concat();
        prop_assert_ne!(judged(COSE, &cose), Code::Verified);
        prop_assert!(Payload::parse(&bytes, &Limits::default()).is_err());
    }

    #[test]
    fn an_envelope_that_was_cut_and_mended_is_judged_or_refused(pieces in pieces()) {
        // Whatever the code is: that there is one, is what is tested.
        judged(JWS, &spliced(&in_jws().build(), &pieces));
        judged(COSE, &spliced(&in_cose().build(), &pieces));
    }

    #[test]
    fn a_protected_header_of_any_bytes_is_judged_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), text in ".{0,100}") {
        prop_assert_ne!(judged(COSE, &in_cose().protected_bytes(bytes).build()), Code::Verified);
        prop_assert_ne!(judged(JWS, &in_jws().protected_json(&text).build()), Code::Verified);
    }
}
