//! What is refused, each with its file, line and field.

use super::*;

const NO_IMAGE: &str = "no image is named, so nothing would be verified";

#[test]
fn files_without_any_image_are_a_mistake() {
    for text in
        ["", "# nothing\n", "---\n---\n", &object("v1", "ConfigMap", "data: {}"), &object("v1", "List", "items: []")]
    {
        assert_mistakes(text, &[&format!("f.yaml: {NO_IMAGE}")]);
    }
    assert_mistakes(
        &object("v1", "Pod", "spec:\n  containers:\n    - name: a\n    - name: b\n      image: null"),
        &[&format!("f.yaml: {NO_IMAGE}; f.yaml:7 leaves it to a controller")],
    );
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_field() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: n}
spec:
  containers:
    - name: a
      image: 1.2
    - name: b
      image: [x]
    - name: c
      image: Upper/Case
    - name: d
      image: \"a.example/b c\"
    - e
    - name: 7
      image: a.example/f
  volumes:
    - name: g
      image: a.example/g
    - name: h
      image: {reference: {}}
---
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers: {}
---
apiVersion: batch/v1
kind: CronJob
spec: {}
---
apiVersion: v1
kind: Pod
---
apiVersion: v1
kind: List
items: {}
";
    assert_mistakes(
        text,
        &[
            "f.yaml:7: spec.containers[0].image: must be a string; put it in quotes: \"1.2\"",
            "f.yaml:9: spec.containers[1].image: must be a string, not a list",
            "f.yaml:11: spec.containers[2].image: the repository in the image reference Upper/Case has upper-case letters: write it in lower case",
            "f.yaml:13: spec.containers[3].image: the image reference a.example/b c holds a character that no reference may hold: only ASCII letters, digits and . _ - / : @ are allowed",
            "f.yaml:14: spec.containers[4]: must be a mapping, not \"e\"",
            "f.yaml:19: spec.volumes[0].image: must be a mapping, not \"a.example/g\"",
            "f.yaml:21: spec.volumes[1].image.reference: must be a string, not a mapping",
            "f.yaml:27: spec.template.spec.containers: missing",
            "f.yaml:28: spec.template.spec.initContainers: must be a list, not a mapping",
            "f.yaml:32: spec.jobTemplate: missing",
            "f.yaml:34: spec: missing",
            "f.yaml:39: items: must be a list, not a mapping",
        ],
    );
}

#[test]
fn what_looks_like_a_pods_spec_is_read_as_strictly() {
    assert_mistakes(
        &object(
            "argoproj.io/v1alpha1",
            "Rollout",
            "spec: {template: {spec: {containers: [{name: a, image: '[fd00::1]/a'}]}}}",
        ),
        &[
            "f.yaml:5: spec.template.spec.containers[0].image: the image reference [fd00::1]/a has an IPv6 address: use the registry's host name",
        ],
    );
}

#[test]
fn a_document_says_what_it_is() {
    assert_mistakes("a: 1\n", &["f.yaml:1: apiVersion: missing", "f.yaml:1: kind: missing"]);
    assert_mistakes("apiVersion: 1\nkind: Pod\n", &["f.yaml:1: apiVersion: must be a string; put it in quotes: \"1\""]);
    assert_mistakes("- a\n", &["f.yaml:1: must be a mapping, not a list"]);
    assert_mistakes("hello\n", &["f.yaml:1: must be a mapping, not \"hello\""]);
}

#[test]
fn a_kustomization_is_refused_since_it_may_replace_images() {
    let message = "this is for kustomize, which may put other images in the place of those that are written in the files; \
                   verify what it renders: kubectl kustomize FOLDER | image-integrity verify -f -";
    assert_mistakes(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        &[&format!("f.yaml:1: {message}")],
    );
    let source = SourceText { name: "k8s/kustomization.yaml".into(), text: "resources: [a.yaml]\n".to_owned() };
    let mistakes = Manifests::read(&[source], Findings::default()).unwrap_err();
    assert_eq!(lines(&mistakes), [format!("k8s/kustomization.yaml:1: {message}")]);
}

#[test]
fn anchors_and_templates_that_were_not_rendered_are_refused() {
    let pod = |image: &str| object("v1", "Pod", &format!("spec:\n  containers:\n    - name: a\n      image: {image}"));
    assert_mistakes(
        &pod("&x a.example/b"),
        &["f.yaml:8: spec.containers[0].image: anchors (`&name`) are not accepted; write the value out"],
    );
    assert_mistakes(
        &format!("{}---\napiVersion: v1\nkind: Pod\nspec: *x\n", pod("a.example/b")),
        &["f.yaml:12: this is not YAML: while parsing node, found unknown anchor"],
    );
    let template = "this is a template that has not been rendered; render it first, as with `helm template`";
    assert_mistakes(&pod("{{ .Values.image }}"), &[&format!("f.yaml:8: {template}")]);
    assert_mistakes(&pod("\"{{ .Values.image }}\""), &[&format!("f.yaml:8: spec.containers[0].image: {template}")]);
    assert_mistakes(
        &pod("a.example/b:{{ .Values.tag }}"),
        &[&format!("f.yaml:8: spec.containers[0].image: {template}")],
    );
}

#[test]
fn as_many_images_as_the_module_judges_are_read() {
    let containers = |count: usize| {
        let items: Vec<_> = (0..count).map(|n| format!("    - {{name: c, image: a.example/a{n}}}\n")).collect();
        let items = items.concat();
        object("v1", "Pod", &format!("spec:\n  containers:\n{items}"))
    };
    assert_eq!(found(&containers(10_000)).len(), 10_000);
    assert_mistakes(
        &(containers(10_000) + &object("v1", "Pod", "spec: {containers: [{image: a}]}")),
        &["f.yaml:10012: spec.containers[0].image: more than 10000 images are named; give fewer files in one call"],
    );
    assert_mistakes(&containers(10_001), &["f.yaml:6: spec.containers: holds more than 10000 entries"]);
}

#[test]
fn merge_keys_that_would_hide_images_are_refused() {
    let message = "merge keys (`<<`) are not read; write the fields out";
    assert_mistakes(
        &object(
            "v1",
            "Pod",
            "spec:\n  <<: {containers: [{name: b, image: b.example/b}]}\n  containers: [{name: a, image: a.example/a}]",
        ),
        &[&format!("f.yaml:6: spec[\"<<\"]: {message}")],
    );
    assert_mistakes(
        &object(
            "v1",
            "Pod",
            "spec:\n  containers:\n    - name: a\n      <<: {image: a.example/a}\n    - ? <<\n      : [{image: b}]\n",
        ),
        &[
            &format!("f.yaml:8: spec.containers[0][\"<<\"]: {message}"),
            &format!("f.yaml:9: spec.containers[1][\"<<\"]: {message}"),
        ],
    );
    // In quotes it is a key as any other, to all.
    assert_eq!(found(&object("v1", "Pod", "spec: {\"<<\": {}, containers: [{image: a}]}")).len(), 1);
}

#[test]
fn a_line_that_only_other_readers_see_is_refused() {
    let text = object(
        "v1",
        "Pod",
        "spec:\n  containers: [{image: a.example/a}]\n  #\u{2028}  initContainers: [{image: b.example/b}]",
    );
    assert_mistakes(
        &text,
        &[
            "f.yaml:7: U+2028 ends a line to some readers of YAML only; remove it, or write \"\\u2028\" in double quotes",
        ],
    );
}
