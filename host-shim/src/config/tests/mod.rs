//! Configurations as text, and what is read from them.

mod explain;
mod forms;
mod mistakes;
mod namespaces;
mod pem;
mod policy;
mod properties;
mod sources;
mod texts;
mod unsupported;

use super::{Configuration, Findings, Logins, Mistakes, SourceText};

/// The file of the AKS article, byte for byte.
pub(super) const AKS: &str = include_str!("../../../../tests/fixtures/demo/aks-verify-config.yaml");
/// A root certificate, and the chain of a signer of it, its leaf first.
pub(super) const ROOT: &str = include_str!("../../../../tests/fixtures/demo/root.pem");
pub(super) const CHAIN: &str = include_str!("../../../../tests/fixtures/demo/keys/demo.chain.pem");
const PRIVATE_KEY: &str = include_str!("../../../../tests/fixtures/demo/keys/demo.key.pem");

/// A policy that takes any signature of whatever is in the store `ca:certs`.
const POLICY_DOC: &str = r#"{version: "1.0", trustPolicies: [{name: default, registryScopes: ["*"], signatureVerification: {level: strict}, trustStores: ["ca:certs"], trustedIdentities: ["*"]}]}"#;

/// Reads one file of that text, named `f.yaml`.
fn read(text: &str) -> Result<Configuration, Mistakes> {
    read_in(None, text)
}

/// As [`read`], with the objects of a namespace.
fn read_in(namespace: Option<&str>, text: &str) -> Result<Configuration, Mistakes> {
    let source = SourceText { name: "f.yaml".into(), text: text.to_owned() };
    Configuration::read(&[source], namespace, Findings::default())
}

/// The article's file with one text in the place of another, which it must hold.
#[track_caller]
fn aks(from: &str, to: &str) -> String {
    replaced(AKS, from, to)
}

#[track_caller]
pub(super) fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not in the text");
    text.replacen(from, to, 1)
}

#[track_caller]
fn assert_mistakes(text: &str, expected: &[&str]) {
    assert_eq!(lines(&read(text).expect_err("it has mistakes")), expected);
}

fn lines(mistakes: &Mistakes) -> Vec<String> {
    assert_eq!(mistakes.more, 0);
    mistakes.mistakes.iter().map(ToString::to_string).collect()
}

fn notes(configuration: &Configuration) -> Vec<String> {
    configuration.notes().listed.iter().map(ToString::to_string).collect()
}

/// An object of the group; `spec` in flow style.
pub(crate) fn object(kind: &str, name: &str, spec: &str) -> String {
    let metadata = match name.split_once('/') {
        Some((namespace, name)) => format!("{{name: {name}, namespace: {namespace}}}"),
        None => format!("{{name: {name}}}"),
    };
    format!("---\napiVersion: config.ratify.deislabs.io/v1beta1\nkind: {kind}\nmetadata: {metadata}\nspec: {spec}\n")
}

/// A verifier whose store `ca:certs` is made of the objects that are named.
pub(crate) fn verifier(kind: &str, name: &str, anchors: &str) -> String {
    let parameters = format!("{{verificationCertStores: {{certs: [{anchors}]}}, trustPolicyDoc: {POLICY_DOC}}}");
    let spec =
        format!("{{name: notation, artifactTypes: application/vnd.cncf.notary.signature, parameters: {parameters}}}");
    object(kind, name, &spec)
}

/// A CertificateStore that holds a certificate.
pub(crate) fn certificate_store(name: &str, pem: &str) -> String {
    object("CertificateStore", name, &format!("{{provider: inline, parameters: {{value: {}}}}}", in_quotes(pem)))
}

/// A KeyManagementProvider, or the namespaced form of it.
pub(super) fn key_management_provider(kind: &str, name: &str, pem: &str) -> String {
    let value = in_quotes(pem);
    object(kind, name, &format!("{{type: inline, parameters: {{contentType: certificate, value: {value}}}}}"))
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}
