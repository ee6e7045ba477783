//! The npm package's entry, by wasm-bindgen: bytes in, bytes out.
//!
//! What JavaScript makes of objects and strings stays outside (`npm/src/api.js`), so that this host reads the same text as every other.

use wasm_bindgen::prelude::wasm_bindgen;

/// The verdict on an input document in JSON, as canonical JSON.
#[wasm_bindgen]
#[expect(unreachable_pub, reason = "wasm-bindgen exports nothing less")]
pub fn verify(input: &[u8]) -> Vec<u8> {
    crate::verify(input)
}
