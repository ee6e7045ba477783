//! The images that notation-go has signed, and what must come of each.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Case, World, layout::text};

/// A line of `cases.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fixture {
    /// The case's name.
    pub name: String,
    /// The image's tag in the layout.
    pub tag: String,
    /// What notation-go says, which also evaluates timestamps.
    pub verifies: bool,
    /// `ca` or `signingAuthority`
    pub trust_store: String,
    /// The PEM file of the root.
    pub root: String,
    /// The PEM file of the timestamping authority's root.
    pub tsa_root: Option<String>,
    /// What the payload's annotations hold.
    pub user_metadata: Option<Value>,
}

/// Every case of `cases.json`.
pub fn fixtures() -> Vec<Fixture> {
    serde_json::from_str(&text("notation-go/cases.json")).unwrap()
}

impl Fixture {
    /// The image with everything that is known about it.
    pub fn world(&self) -> World {
        let mut world = World::of("notation-go", &self.tag, &self.root);
        let store = format!("{}:acme", self.trust_store);
        let mut stores = json!({ &store: [text(&format!("notation-go/{}", self.root))] });
        let mut named = vec![store];
        if let Some(root) = &self.tsa_root {
            stores["tsa:clock"] = json!([text(&format!("notation-go/{root}"))]);
            named.push("tsa:clock".to_owned());
        }
        world.verifier()["trustStores"] = stores;
        world.statement()["trustStores"] = json!(named);
        if let Some(metadata) = &self.user_metadata {
            world.verifier()["userMetadata"] = metadata.clone();
        }
        world
    }

    /// The input after every need was met, and the code that it must have.
    pub fn case(&self) -> Case {
        Case { name: format!("fixture {}", self.name), input: self.world().rounds().0, code: self.code() }
    }

    /// What must come of it. It differs from what notation-go says where something is not evaluated here.
    pub fn code(&self) -> &'static str {
        let name = |part: &str| self.name.contains(part);
        if self.tsa_root.is_some() {
            "TIMESTAMP_UNSUPPORTED"
        } else if self.verifies {
            "VERIFIED"
        } else if name("tampered") {
            "SIGNATURE_INVALID"
        } else if name("wrong-payload") {
            "PAYLOAD_MISMATCH"
        } else if name("untrusted") || name("lookalike") {
            "CERTIFICATE_UNTRUSTED"
        } else if name("leaf-expired") {
            "CERTIFICATE_EXPIRED"
        } else if name("expired") {
            "SIGNATURE_EXPIRED"
        } else if name("crl") || name("ocsp") {
            "REVOCATION_UNKNOWN"
        } else if name("unsigned") || name("index-signed.child") {
            "SIGNATURE_NOT_FOUND"
        } else {
            panic!("nothing is known about the fixture {}", self.name)
        }
    }
}
