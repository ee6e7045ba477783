//! Texts that are no YAML, or YAML of a kind that is refused.

use super::*;

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    for (text, line, message) in [
        ("a: 1\n  b: 2\n", 2, "mapping values are not allowed in this context"),
        ("a: [1, 2\n", 2, "while parsing a flow sequence, expected ',' or ']'"),
        ("{\"a\": ", 2, "while parsing a node, did not find expected node content"),
        ("a: \"b\n", 1, "while scanning a quoted scalar, found unexpected end of stream"),
        ("a:\n\t- b\n", 2, "tabs disallowed within this context (block indentation)"),
    ] {
        assert_mistakes(text, &[&format!("f.yaml:{line}: this is not YAML: {message}")]);
    }
}

#[test]
fn an_empty_file_is_a_mistake() {
    for text in ["", "\n\n", "# nothing\n", "---\n---\n"] {
        assert_mistakes(text, &["f.yaml: the file is empty"]);
    }
}

#[test]
fn a_document_that_is_no_mapping_is_a_mistake() {
    assert_mistakes("hello\n", &["f.yaml:1: must be a mapping, not \"hello\""]);
    assert_mistakes("- a\n", &["f.yaml:1: must be a mapping, not a list"]);
    assert_mistakes(
        "<html><body>404</body></html>\n",
        &["f.yaml:1: must be a mapping, not \"<html><body>404</body></html>\""],
    );
}

#[test]
fn duplicate_keys_are_refused_wherever_they_are() {
    assert_mistakes(
        &aks("level: strict", "level: strict\n            level: skip"),
        &[
            "f.yaml:63: spec.parameters.trustPolicyDoc.trustPolicies[0].signatureVerification.level: duplicate key, first written in line 62; remove one of the two",
        ],
    );
    // Also in values that nobody reads.
    assert_mistakes(
        &aks("metadata:\n", "status: {a: {b: 1, \"b\": 2}}\nmetadata:\n"),
        &["f.yaml:3: status.a.b: duplicate key, first written in line 3; remove one of the two"],
    );
}

#[test]
fn anchors_aliases_and_tags_are_refused() {
    assert_mistakes(
        "a: &x [1]\nb: *x\nc: !!str 1\nd: {? &y k : 1}\n",
        &[
            "f.yaml:1: a: anchors (`&name`) are not accepted; write the value out",
            "f.yaml:2: b: aliases (`*name`) are not accepted; write the value out",
            "f.yaml:3: c: tags (`!name`) are not accepted; put quotes around what should be a string",
            "f.yaml:4: d.k: anchors (`&name`) are not accepted; write the value out",
        ],
    );
}

#[test]
fn keys_are_strings() {
    assert_mistakes("? [a]\n: 1\n", &["f.yaml:1: this key is not a string"]);
    assert_mistakes("{a: {~: 1}}\n", &["f.yaml:1: a: this key is not a string"]);
}

#[test]
fn a_template_that_was_not_rendered_is_told_as_such() {
    let message = "this is a template that has not been rendered; render it first, as with `helm template`";
    assert_mistakes(&aks("  name: oras", "  name: {{ .Values.store }}"), &[&format!("f.yaml:35: {message}")]);
    assert_mistakes(&format!("{{{{- if .x }}}}\n{AKS}{{{{- end }}}}\n"), &[&format!("f.yaml:1: {message}")]);
    assert_mistakes(
        &aks("  name: oras", "  name: \"{{ .Values.store }}\""),
        &[&format!("f.yaml:35: spec.name: {message}")],
    );
    // A comment may show one.
    read(&format!("# {{{{ .Values }}}}\n{AKS}")).unwrap();
}

#[test]
fn nesting_and_size_are_bounded() {
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_mistakes(&deep(64), &["f.yaml:1: must be a mapping, not a list"]);
    assert_mistakes(&deep(65), &["f.yaml:1: nested more than 64 deep"]);
    assert_mistakes(&"- ".repeat(100_000), &["f.yaml:1: nested more than 64 deep"]);
    assert_mistakes(&"a\n---\n".repeat(100_001), &["f.yaml:200001: the file holds more than 100000 values"]);
    // The parser queues all of a flow sequence before it gives the first of it.
    let dense = format!("[\n{}]", "a: b,".repeat(200_001));
    assert_mistakes(&dense, &["f.yaml:2: the file holds more than 400000 of the characters , : [ { ? & * ! ' \""]);
    let scopes = "a.example/b,".repeat(10_001);
    assert_mistakes(
        &aks("            - \"*\"\n          signature", &format!("            [{scopes}]\n          signature")),
        &["f.yaml:59: spec.parameters.trustPolicyDoc.trustPolicies[0].registryScopes: holds more than 10000 entries"],
    );
}
