//! A COSE envelope, item by item. Labels and values are encoded CBOR, so that anything can be written.

use crate::{Algorithm, Key, Made, cbor, envelope};

/// An envelope signed by the first certificate of the chain: scheme `notary.x509`, the algorithm that the key implies.
pub fn cose(chain: &[Made]) -> CoseBuilder {
    let key = chain[0].key.clone();
    let (algorithm, _, number) = envelope::implied_algorithm(&key);
    let builder = CoseBuilder {
        key,
        algorithm,
        start: vec![0xd2, 0x84],
        protected: Vec::new(),
        protected_bytes: None,
        unprotected: Vec::new(),
        payload: cbor::bytes(envelope::PAYLOAD.as_bytes()),
        signed_payload: envelope::PAYLOAD.into(),
        signature: None,
        end: Vec::new(),
    };
    builder
        .protected(cbor::int(1), cbor::int(number))
        .critical(&[cbor::text(envelope::SIGNING_SCHEME)])
        .protected(cbor::int(3), cbor::text(envelope::CONTENT_TYPE))
        .protected(cbor::text(envelope::SIGNING_SCHEME), cbor::text("notary.x509"))
        .protected(cbor::text(envelope::SIGNING_TIME), time(SIGNED_AT))
        .x5chain(chain)
        .unprotected(cbor::text("io.cncf.notary.signingAgent"), cbor::text("maker/1.0"))
}

/// The signing time: 2026-11-01T00:00:00Z.
pub const SIGNED_AT: i64 = 1_793_491_200;

/// A time: tag 1 with whole seconds since 1970.
pub fn time(seconds: i64) -> Vec<u8> {
    cbor::tag(1, &cbor::int(seconds))
}

/// The parts of an envelope that is to be made. Nothing is checked.
#[must_use = "an envelope is made by `build`"]
#[derive(Clone)]
pub struct CoseBuilder {
    key: Key,
    algorithm: Algorithm,
    start: Vec<u8>,
    protected: Vec<(Vec<u8>, Vec<u8>)>,
    protected_bytes: Option<Vec<u8>>,
    unprotected: Vec<(Vec<u8>, Vec<u8>)>,
    payload: Vec<u8>,
    signed_payload: Vec<u8>,
    signature: Option<Vec<u8>>,
    end: Vec<u8>,
}

impl CoseBuilder {
    /// The scheme `notary.x509.signingAuthority`.
    pub fn signing_authority(self) -> Self {
        self.without_protected(&cbor::text(envelope::SIGNING_TIME))
            .protected(cbor::text(envelope::SIGNING_SCHEME), cbor::text("notary.x509.signingAuthority"))
            .protected(cbor::text(envelope::AUTHENTIC_SIGNING_TIME), time(SIGNED_AT))
            .critical(&[cbor::text(envelope::SIGNING_SCHEME), cbor::text(envelope::AUTHENTIC_SIGNING_TIME)])
    }

    /// The payload's bytes.
    pub fn payload(mut self, bytes: &[u8]) -> Self {
        self.signed_payload = bytes.to_vec();
        self.payload_item(cbor::bytes(bytes))
    }

    /// The item in the place of the payload; what is signed stays.
    pub fn payload_item(mut self, item: Vec<u8>) -> Self {
        self.payload = item;
        self
    }

    /// A protected header; it takes the place of one with the same label.
    pub fn protected(mut self, label: Vec<u8>, value: Vec<u8>) -> Self {
        set(&mut self.protected, label, value);
        self
    }

    /// One more protected header, whether or not there is one with that label.
    pub fn protected_again(mut self, label: Vec<u8>, value: Vec<u8>) -> Self {
        self.protected.push((label, value));
        self
    }

    /// No protected header with that label.
    pub fn without_protected(mut self, label: &[u8]) -> Self {
        self.protected.retain(|(other, _)| other != label);
        self
    }

    /// The contents of the protected header's byte string.
    pub fn protected_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.protected_bytes = Some(bytes);
        self
    }

    /// Exactly these labels in crit.
    pub fn critical(self, labels: &[Vec<u8>]) -> Self {
        self.protected(cbor::int(2), cbor::array(labels))
    }

    /// An unprotected header; it takes the place of one with the same label.
    pub fn unprotected(mut self, label: Vec<u8>, value: Vec<u8>) -> Self {
        set(&mut self.unprotected, label, value);
        self
    }

    /// One more unprotected header, whether or not there is one with that label.
    pub fn unprotected_again(mut self, label: Vec<u8>, value: Vec<u8>) -> Self {
        self.unprotected.push((label, value));
        self
    }

    /// No unprotected header with that label.
    pub fn without_unprotected(mut self, label: &[u8]) -> Self {
        self.unprotected.retain(|(other, _)| other != label);
        self
    }

    /// The certificates in the envelope.
    pub fn x5chain(self, chain: &[Made]) -> Self {
        let certificates: Vec<_> = chain.iter().map(|made| cbor::bytes(&made.der)).collect();
        self.unprotected(cbor::int(33), cbor::array(&certificates))
    }

    /// The bytes before the protected header, in place of tag 18 and the head of an array of four.
    pub fn start(mut self, bytes: &[u8]) -> Self {
        self.start = bytes.to_vec();
        self
    }

    /// Bytes after the signature.
    pub fn end(mut self, bytes: &[u8]) -> Self {
        self.end = bytes.to_vec();
        self
    }

    /// Another key or algorithm for the signature; the headers stay.
    pub fn signed_with(mut self, key: &Key, algorithm: Algorithm) -> Self {
        self.key = key.clone();
        self.algorithm = algorithm;
        self
    }

    /// The item in the place of the signature.
    pub fn signature_item(mut self, item: Vec<u8>) -> Self {
        self.signature = Some(item);
        self
    }

    /// Signs it.
    pub fn build(self) -> Vec<u8> {
        let protected = cbor::bytes(&self.protected_bytes.unwrap_or_else(|| cbor::map(&self.protected)));
        let to_be_signed = cbor::array(&[
            cbor::text("Signature1"),
            protected.clone(),
            cbor::bytes(b""),
            cbor::bytes(&self.signed_payload),
        ]);
        let signature = self.signature.unwrap_or_else(|| cbor::bytes(&self.key.sign(self.algorithm, &to_be_signed)));
        [self.start, protected, cbor::map(&self.unprotected), self.payload, signature, self.end].concat()
    }
}

fn set(members: &mut Vec<(Vec<u8>, Vec<u8>)>, label: Vec<u8>, value: Vec<u8>) {
    match members.iter_mut().find(|(other, _)| *other == label) {
        Some((_, held)) => *held = value,
        None => members.push((label, value)),
    }
}
