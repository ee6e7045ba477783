//! Images, and signatures on them, made as they are asked for.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use image_integrity_test_maker::{Made, authority, certificate, envelope, jws};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SIGNATURE: &str = "application/vnd.cncf.notary.signature";
const ENVELOPE: &str = "application/jose+json";
/// `{}`, the configuration of signatures.
const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// An image as a registry holds it.
#[derive(Clone, Debug)]
pub struct Image {
    pub(crate) manifest: Blob,
    pub(crate) signatures: Vec<Signature>,
}

/// A signature's manifest and its envelope.
#[derive(Clone, Debug)]
pub(crate) struct Signature {
    pub(crate) manifest: Blob,
    pub(crate) envelope: Blob,
}

/// Bytes with their digest.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub(crate) bytes: Bytes,
    pub(crate) digest: String,
}

/// Somebody with a certificate, of a chain of three on P-256.
pub struct Signer {
    chain: [Made; 3],
}

impl Image {
    /// An unsigned image that differs from every other number's.
    pub fn new(number: u64) -> Self {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": EMPTY, "size": 2 },
            "layers": [],
            "annotations": { "org.opencontainers.image.version": number.to_string() },
        });
        Self { manifest: Blob::new(manifest.to_string()), signatures: Vec::new() }
    }

    /// The same image with this signature, too.
    #[must_use]
    pub fn signed_by(self, signer: &Signer) -> Self {
        let payload = json!({ "targetArtifact": self.descriptor() }).to_string();
        self.with(signer, jws(&signer.chain).payload(payload.as_bytes()).build())
    }

    /// The same with a signature over another image, which was attached to this one.
    #[must_use]
    pub fn with_signature_of_another(self, signer: &Signer) -> Self {
        self.with(signer, jws(&signer.chain).payload(envelope::PAYLOAD.as_bytes()).build())
    }

    /// The digest.
    pub fn digest(&self) -> &str {
        &self.manifest.digest
    }

    fn with(mut self, signer: &Signer, envelope: Vec<u8>) -> Self {
        let envelope = Blob::new(envelope);
        let thumbprints: Vec<_> = signer.chain.iter().map(|made| hex(&Sha256::digest(&made.der))).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": { "mediaType": SIGNATURE, "digest": EMPTY, "size": 2 },
            "layers": [{ "mediaType": ENVELOPE, "digest": envelope.digest, "size": envelope.bytes.len() }],
            "subject": self.descriptor(),
            "annotations": { "io.cncf.notary.x509chain.thumbprint#S256": json!(thumbprints).to_string() },
        });
        self.signatures.push(Signature { manifest: Blob::new(manifest.to_string()), envelope });
        self
    }

    fn descriptor(&self) -> Value {
        let Blob { bytes, digest } = &self.manifest;
        json!({ "mediaType": MANIFEST, "digest": digest, "size": bytes.len() })
    }
}

impl Signature {
    /// As a list of referrers names it.
    pub(crate) fn descriptor(&self) -> Value {
        let Blob { bytes, digest } = &self.manifest;
        json!({ "mediaType": MANIFEST, "digest": digest, "size": bytes.len(), "artifactType": SIGNATURE })
    }
}

impl Blob {
    fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let digest = format!("sha256:{}", hex(&Sha256::digest(&bytes)));
        Self { bytes, digest }
    }
}

impl Signer {
    /// Somebody whose root has this name. The same name makes the same keys.
    pub fn new(name: &str) -> Self {
        let root = authority(&format!("{name} root")).build();
        let intermediate = authority(&format!("{name} intermediate")).issued_by(&root).build();
        let leaf = certificate().issued_by(&intermediate).build();
        Self { chain: [leaf, intermediate, root] }
    }

    /// The root, PEM.
    pub fn root(&self) -> String {
        self.chain[2].pem()
    }

    /// The root, as no trust store can be read with it: PEM of half of the certificate.
    pub fn broken_root(&self) -> String {
        let der = &self.chain[2].der;
        let text = STANDARD.encode(&der[..der.len() / 2]);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
