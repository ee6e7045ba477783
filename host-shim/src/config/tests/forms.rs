//! The forms that existing users have, each accepted.

use std::collections::BTreeMap;

use wasm_policy::input::{
    CombinationPolicy, Config, SignatureVerification, TrustPolicyDocument, TrustPolicyStatement, Verifier,
};

use super::*;

#[test]
fn the_file_of_the_aks_article_is_read_byte_for_byte() {
    let configuration = read(AKS).unwrap();
    let lines = AKS.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    let pem = lines.take_while(|line| *line != "---").collect::<Vec<_>>().join("\n") + "\n";
    let statement = TrustPolicyStatement {
        name: "default".to_owned(),
        registry_scopes: vec!["*".to_owned()],
        signature_verification: SignatureVerification { level: "strict".to_owned(), ..Default::default() },
        trust_stores: Some(vec!["ca:certs".to_owned()]),
        trusted_identities: Some(vec!["*".to_owned()]),
    };
    let expected = Config {
        verifiers: vec![Verifier {
            name: "verifier-notary-inline".to_owned(),
            r#type: "notation".to_owned(),
            artifact_types: vec!["application/vnd.cncf.notary.signature".to_owned()],
            trust_policy_doc: TrustPolicyDocument { version: "1.0".to_owned(), trust_policies: vec![statement] },
            trust_stores: BTreeMap::from([("ca:certs".to_owned(), vec![pem])]),
            max_signatures: None,
            user_metadata: BTreeMap::new(),
        }],
        policy: Some(CombinationPolicy {
            artifact_verification_policies: BTreeMap::from([("default".to_owned(), "any".to_owned())]),
        }),
    };
    assert_eq!(*configuration.config(), expected);
    assert!(!configuration.plain_http());
    assert_eq!(configuration.notes(), []);
}
