//! Bounds on untrusted work, as values that are passed down; nothing here is global.
//!
//! `docs/security.md` says what the worst input within these bounds costs.

use crate::code::{Code, Failure};

/// What one evaluation accepts. Every bound is inclusive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the input document.
    pub input_bytes: usize,
    /// Nesting of a JSON or Rego text.
    pub text_depth: usize,
    /// Values (members and elements) in one text. A value takes some 60 bytes of memory, so this bounds what a dense text costs.
    pub text_values: usize,
    /// Images in one document. A verdict on an image takes half a kilobyte or more, also where the document is refused.
    pub images: usize,
    /// Referrers in one image's listing.
    pub listing_entries: usize,
    /// Listing entries without a telling artifactType whose manifest is looked at.
    pub untyped_entries: usize,
    /// Bytes of a manifest.
    pub manifest_bytes: usize,
    /// Bytes of a signature envelope.
    pub envelope_bytes: usize,
    /// Certificates in a signature's chain.
    pub chain_certificates: usize,
    /// Certificates in one trust store.
    pub store_certificates: usize,
    /// Bytes of one certificate.
    pub certificate_bytes: usize,
    /// Bits of an RSA modulus; a larger one is refused before any arithmetic.
    pub rsa_modulus_bits: usize,
    /// Nesting of a CBOR item.
    pub cbor_depth: usize,
    /// Values in one JSON or CBOR text of an envelope: the envelope itself, its protected header, its payload. Each has some thirty.
    pub envelope_values: usize,
    /// KiB of manifests and envelopes that are decoded and hashed for one image, each time that one is looked at.
    pub evidence_kib: u32,
    /// Public-key work for one image, in units of one RSA-2048 verification.
    pub public_key_work: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 128 << 20,
            text_depth: 64,
            text_values: 2_000_000,
            images: 10_000,
            listing_entries: 1_000,
            untyped_entries: 16,
            manifest_bytes: 4 << 20,
            envelope_bytes: 32 << 20,
            chain_certificates: 16,
            store_certificates: 1_000,
            certificate_bytes: 64 << 10,
            rsa_modulus_bits: 8_192,
            cbor_depth: 32,
            envelope_values: 100_000,
            evidence_kib: 64 << 10,
            public_key_work: 4_096,
        }
    }
}

impl Limits {
    /// The limits for a text inside of an envelope.
    pub(crate) fn of_envelope_texts(&self) -> Self {
        Self { text_values: self.envelope_values, ..self.clone() }
    }
}

/// The work of one kind that is left for one image.
#[derive(Debug)]
pub struct Budget {
    left: u32,
}

impl Budget {
    /// A budget of so many units.
    pub const fn new(units: u32) -> Self {
        Self { left: units }
    }

    /// Takes the cost of a piece of work, before it is done.
    ///
    /// # Errors
    /// [`Code::BudgetExceeded`] where less is left; the work must not be done then.
    pub fn spend(&mut self, units: u32) -> Result<(), Failure> {
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Failure::new(
                Code::BudgetExceeded,
                "judging the signatures of this image would cost more than one image may cost",
            )),
        }
    }
}
