//! An image, its signatures and whom to trust: a world that a test changes in one place, and a host's work on it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    NOW,
    layout::{Layout, digest_of, text},
};

/// The image key of a world.
const KEY: &str = "registry.example/app:v1";

/// One image with its signatures, and a configuration with one verifier.
///
/// The members are JSON of the contract, so that a test can make any of them wrong.
#[derive(Clone, Debug)]
pub struct World {
    /// The key of the image.
    pub key: String,
    /// The time of the verdict.
    pub now: String,
    /// The input's `config`.
    pub config: Value,
    /// The image's evidence: subject, referrers, failures.
    pub image: Value,
    /// What a registry would answer, by digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

/// A signature that can be attached to an image: its manifest and its envelope.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The manifest as JSON; its subject and layer are set when it is attached.
    pub manifest: Value,
    /// The envelope's bytes.
    pub envelope: Vec<u8>,
}

impl World {
    /// The image of that tag with its signatures, trusted as `root` (a PEM file of the fixtures) in `ca:acme`, at level strict.
    pub fn of(folder: &str, tag: &str, root: &str) -> Self {
        let layout = Layout::open(&format!("{folder}/layout"));
        let subject = layout.tagged(tag);
        let referrers = layout.referrers(subject["digest"].as_str().unwrap());
        let mut blobs = BTreeMap::new();
        for referrer in &referrers {
            let digest = referrer["digest"].as_str().unwrap();
            let manifest = layout.blob(digest);
            let read: Value = serde_json::from_slice(&manifest).unwrap();
            let envelope = read["layers"][0]["digest"].as_str().unwrap();
            blobs.insert(envelope.to_owned(), layout.blob(envelope));
            blobs.insert(digest.to_owned(), manifest);
        }
        Self {
            key: KEY.to_owned(),
            now: NOW.to_owned(),
            config: config(&text(&format!("{folder}/{root}"))),
            image: json!({ "subject": subject, "referrers": referrers }),
            blobs,
        }
    }

    /// An image that one good signature of RSA-2048 in a JWS envelope is attached to.
    pub fn signed() -> Self {
        Self::of("notation-go", "rsa2048-jws-x509", "keys/rsa2048.root.pem")
    }

    /// The only verifier.
    pub fn verifier(&mut self) -> &mut Value {
        &mut self.config["verifiers"][0]
    }

    /// The only statement of the verifier's trust policy.
    pub fn statement(&mut self) -> &mut Value {
        &mut self.verifier()["trustPolicyDoc"]["trustPolicies"][0]
    }

    /// Sets a member of the image's statement.
    #[must_use]
    pub fn with_statement(mut self, member: &str, value: Value) -> Self {
        self.statement()[member] = value;
        self
    }

    /// Sets how the reports of a type, or `default`, are combined.
    #[must_use]
    pub fn combining(mut self, artifact_type: &str, rule: &str) -> Self {
        self.config["policy"]["artifactVerificationPolicies"][artifact_type] = rule.into();
        self
    }

    /// The signature that stands first in the listing.
    pub fn signature(&self) -> Signature {
        let manifest = &self.blobs[self.image["referrers"][0]["digest"].as_str().unwrap()];
        let manifest: Value = serde_json::from_slice(manifest).unwrap();
        let envelope = self.blobs[manifest["layers"][0]["digest"].as_str().unwrap()].clone();
        Signature { manifest, envelope }
    }

    /// Removes every signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.image["referrers"] = json!([]);
        self
    }

    /// Attaches a signature to the image at the end of the listing, with digests and sizes that fit.
    #[must_use]
    pub fn attach(mut self, signature: &Signature) -> Self {
        let mut manifest = signature.manifest.clone();
        manifest["layers"][0]["digest"] = digest_of(&signature.envelope).into();
        manifest["layers"][0]["size"] = signature.envelope.len().into();
        self.blobs.insert(digest_of(&signature.envelope), signature.envelope.clone());
        let own = manifest.get("artifactType").unwrap_or(&manifest["config"]["mediaType"]).clone();
        self.list(manifest.to_string().into_bytes(), &own)
    }

    /// Lists a manifest of any bytes as a referrer of that type.
    #[must_use]
    pub fn list(mut self, manifest: Vec<u8>, artifact_type: &Value) -> Self {
        let mut entry = json!({
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest_of(&manifest), "size": manifest.len(),
        });
        if !artifact_type.is_null() {
            entry["artifactType"] = artifact_type.clone();
        }
        self.image["referrers"].as_array_mut().unwrap().push(entry);
        self.blobs.insert(digest_of(&manifest), manifest);
        self
    }

    /// The input with exactly these blobs.
    pub fn input_with(&self, blobs: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        let blobs: BTreeMap<_, _> = blobs.iter().map(|(digest, bytes)| (digest, STANDARD.encode(bytes))).collect();
        let input = json!({
            "apiVersion": "image-integrity/v1", "requestId": "corpus", "now": self.now, "config": self.config,
            "images": { &self.key: self.image }, "blobs": blobs,
        });
        input.to_string().into_bytes()
    }

    /// What a host ends up with that fetches what the module asks for: the input, the verdict on it, and what was asked for in each round.
    pub fn rounds(&self) -> (Vec<u8>, Value, Vec<Vec<Value>>) {
        let (mut blobs, mut rounds) = (BTreeMap::new(), Vec::new());
        loop {
            let input = self.input_with(&blobs);
            let verdict: Value = serde_json::from_slice(&wasm_policy::verify(&input)).unwrap();
            let needs = verdict["needs"].as_array().cloned().unwrap_or_default();
            if needs.is_empty() {
                return (input, verdict, rounds);
            }
            assert!(rounds.len() < 40, "the module asks for ever");
            for need in &needs {
                let digest = need["digest"].as_str().unwrap_or_else(|| panic!("an unexpected need: {need}"));
                let bytes = self.blobs.get(digest).unwrap_or_else(|| panic!("an unexpected need: {need}"));
                assert_eq!(blobs.insert(digest.to_owned(), bytes.clone()), None, "asked for twice: {need}");
            }
            rounds.push(needs);
        }
    }

    /// The verdict on the image, after every need was met.
    pub fn verdict(&self) -> Value {
        self.rounds().1["images"][&self.key].clone()
    }

    /// The code of the verdict.
    pub fn code(&self) -> String {
        self.verdict()["code"].as_str().unwrap().to_owned()
    }
}

impl Signature {
    /// Another signature: the manifest differs in an annotation, so that it has a digest of its own.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        let mut other = self.clone();
        other.manifest["annotations"]["test.number"] = number.to_string().into();
        other
    }

    /// The same with one bit of the envelope's signature changed, and with a number.
    #[must_use]
    pub fn forged(&self, number: usize) -> Self {
        let mut envelope: Value = serde_json::from_slice(&self.envelope).unwrap();
        let signature = envelope["signature"].as_str().unwrap();
        let first = if signature.starts_with('A') { "B" } else { "A" };
        envelope["signature"] = format!("{first}{}", &signature[1..]).into();
        Self { envelope: envelope.to_string().into_bytes(), ..self.numbered(number) }
    }
}

/// One verifier that trusts the certificates for everything, at level strict.
pub(crate) fn config(pem: &str) -> Value {
    json!({
        "verifiers": [{
            "name": "notation", "type": "notation", "artifactTypes": ["application/vnd.cncf.notary.signature"],
            "trustPolicyDoc": { "version": "1.0", "trustPolicies": [{
                "name": "default", "registryScopes": ["*"], "signatureVerification": { "level": "strict" },
                "trustStores": ["ca:acme"], "trustedIdentities": ["*"],
            }] },
            "trustStores": { "ca:acme": [pem] },
        }],
        "policy": { "artifactVerificationPolicies": { "default": "any" } },
    })
}
