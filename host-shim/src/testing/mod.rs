//! What several tests need: a server that does as it is told, a registry made of it, a configuration, and a log.

pub(crate) mod log;
#[cfg(unix)]
pub(crate) mod machine;
pub(crate) mod registry;
pub(crate) mod server;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use wasm_policy::input::{Config, SignatureVerification, TrustPolicyDocument, TrustPolicyStatement, Verifier};

use crate::{
    allowance::{Allowance, ByteBudget},
    deadline::Deadline,
};

pub(crate) const SIGNATURE_TYPE: &str = "application/vnd.cncf.notary.signature";

/// A file of `tests/fixtures`.
pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(path)
}

/// A configuration that trusts whoever signed the demo's image.
pub(crate) fn demo_config() -> Config {
    let root = std::fs::read_to_string(fixture("demo/root.pem")).unwrap();
    let statement = TrustPolicyStatement {
        name: "demo".to_owned(),
        registry_scopes: vec!["*".to_owned()],
        signature_verification: SignatureVerification { level: "strict".to_owned(), ..Default::default() },
        trust_stores: Some(vec!["ca:demo".to_owned()]),
        trusted_identities: Some(vec!["*".to_owned()]),
    };
    let verifier = Verifier {
        name: "notation".to_owned(),
        r#type: "notation".to_owned(),
        artifact_types: vec![SIGNATURE_TYPE.to_owned()],
        trust_policy_doc: TrustPolicyDocument { version: "1.0".to_owned(), trust_policies: vec![statement] },
        trust_stores: BTreeMap::from([("ca:demo".to_owned(), vec![root])]),
        max_signatures: None,
        user_metadata: BTreeMap::new(),
    };
    Config { verifiers: vec![verifier], policy: None }
}

/// Time enough for what does not hang.
pub(crate) fn ample() -> Deadline {
    Deadline::within(Duration::from_secs(30))
}

/// Lets so much time pass for what runs on the runtime's clock, while nothing waits for anything.
pub(crate) async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Long enough to be asked, and short enough to wait for where a test is about what never ends.
pub(crate) fn short() -> Deadline {
    Deadline::within(Duration::from_millis(300))
}

pub(crate) fn allowance(deadline: Deadline) -> Allowance {
    Allowance::new(deadline, &ByteBudget::new(crate::evidence::MAX_BYTES))
}
