//! The image layouts that are committed beside the tests.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An OCI image layout on disk, read without any of the product's code.
pub struct Layout {
    root: PathBuf,
    index: Value,
}

impl Layout {
    /// The layout in that folder of the fixtures.
    pub fn open(folder: &str) -> Self {
        let root = fixtures_root().join(folder);
        let index = serde_json::from_slice(&fs::read(root.join("index.json")).unwrap()).unwrap();
        Self { root, index }
    }

    /// The bytes of a blob.
    pub fn blob(&self, digest: &str) -> Vec<u8> {
        fs::read(self.root.join("blobs").join(digest.replace(':', "/"))).unwrap()
    }

    /// The descriptor of a tagged manifest.
    pub fn tagged(&self, tag: &str) -> Value {
        let is_tagged = |entry: &&Value| entry["annotations"]["org.opencontainers.image.ref.name"] == tag;
        descriptor(self.entries().iter().find(is_tagged).unwrap_or_else(|| panic!("no tag {tag}")))
    }

    /// The descriptors of the manifests whose subject has the digest, as a registry lists them.
    pub fn referrers(&self, subject: &str) -> Vec<Value> {
        let listed = |entry: &Value| {
            let manifest: Value = serde_json::from_slice(&self.blob(entry["digest"].as_str().unwrap())).unwrap();
            (manifest["subject"]["digest"] == subject).then(|| {
                let own = manifest.get("artifactType").unwrap_or(&manifest["config"]["mediaType"]);
                let mut entry = descriptor(entry);
                entry["artifactType"] = own.clone();
                entry
            })
        };
        self.entries().iter().filter_map(listed).collect()
    }

    fn entries(&self) -> &[Value] {
        self.index["manifests"].as_array().unwrap()
    }
}

/// A file of the fixtures, as text.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(fixtures_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `sha256:` and the digest of the bytes.
pub fn digest_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

fn descriptor(entry: &Value) -> Value {
    json!({ "mediaType": entry["mediaType"], "digest": entry["digest"], "size": entry["size"] })
}

fn fixtures_root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}
