//! Where images are found.

use super::*;

const SPEC: &str = "{containers: [{name: app, image: a.example/app:v1}]}";

#[test]
fn every_workload_kind_has_its_pods_where_its_api_has_them() {
    let template = format!("spec: {{template: {{spec: {SPEC}}}}}");
    let cron = format!("spec: {{jobTemplate: {{spec: {{template: {{spec: {SPEC}}}}}}}}}");
    for (api_version, kind, rest) in [
        ("v1", "Pod", format!("spec: {SPEC}")),
        ("v1", "PodTemplate", format!("template: {{spec: {SPEC}}}")),
        ("v1", "ReplicationController", template.clone()),
        ("apps/v1", "Deployment", template.clone()),
        ("apps/v1", "ReplicaSet", template.clone()),
        ("apps/v1", "StatefulSet", template.clone()),
        ("apps/v1", "DaemonSet", template.clone()),
        ("extensions/v1beta1", "Deployment", template.clone()),
        ("batch/v1", "Job", template.clone()),
        ("batch/v1", "CronJob", cron),
        // Of kinds that are not known, where they look like one.
        ("argoproj.io/v1alpha1", "Rollout", template.clone()),
        ("serving.knative.dev/v1", "Service", template.clone()),
        ("example.com/v1", "Fleet", format!("spec: {{sets: [{{name: a}}, {{podTemplate: {{spec: {SPEC}}}}}]}}")),
    ] {
        let told = format!("{kind} s/n, container app (f.yaml:5)");
        assert_found(&object(api_version, kind, &rest), &[("a.example/app:v1", &[&told])]);
    }
}

#[test]
fn every_part_of_a_pod_that_has_an_image_is_found_with_its_line() {
    let text = "\
apiVersion: v1
kind: Pod
metadata:
  generateName: web-
spec:
  volumes:
    - name: model
      image:
        pullPolicy: Always
        reference: a.example/model:v1
    - name: other
      emptyDir: {}
  initContainers:
    - name: first
      image: a.example/init:v1
  containers:
    - image: a.example/app:v1
    - name: side
      image: a.example/side@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
  ephemeralContainers:
    - name: debug
      image: busybox
";
    let digest = "a.example/side@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_found(
        text,
        &[
            ("a.example/init:v1", &["Pod web-…, init container first (f.yaml:15)"]),
            ("a.example/app:v1", &["Pod web-…, container without a name (f.yaml:17)"]),
            (digest, &["Pod web-…, container side (f.yaml:19)"]),
            ("docker.io/library/busybox:latest", &["Pod web-…, ephemeral container debug (f.yaml:22)"]),
            ("a.example/model:v1", &["Pod web-…, volume model (f.yaml:10)"]),
        ],
    );
}

#[test]
fn one_image_is_one_however_often_and_in_whatever_spelling_it_is_named() {
    let pod = |image: &str| object("v1", "Pod", &format!("spec: {{containers: [{{name: c, image: {image}}}]}}"));
    let text = pod("nginx") + &pod("b.example/b") + &pod("docker.io/library/nginx:latest");
    let manifests = read(&text).unwrap();
    assert_eq!(manifests.images[0].name, "nginx");
    assert_found(
        &text,
        &[
            (
                "docker.io/library/nginx:latest",
                &["Pod s/n, container c (f.yaml:5)", "Pod s/n, container c (f.yaml:15)"],
            ),
            ("b.example/b:latest", &["Pod s/n, container c (f.yaml:10)"]),
        ],
    );
}

#[test]
fn lists_are_their_items() {
    let pod = format!("{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {SPEC}}}");
    let nested = format!("{{apiVersion: v1, kind: List, items: [{pod}]}}");
    let bare = format!("{{metadata: {{name: b}}, spec: {SPEC}}}");
    let text = format!(
        "{{apiVersion: v1, kind: List, items: [{nested}]}}\n---\n{{apiVersion: v1, kind: PodList, items: [{bare}]}}\n"
    );
    assert_found(
        &text,
        &[("a.example/app:v1", &["Pod a, container app (f.yaml:1)", "Pod b, container app (f.yaml:3)"])],
    );
    let deployments =
        format!("{{apiVersion: apps/v1, kind: DeploymentList, items: [{{spec: {{template: {{spec: {SPEC}}}}}}}]}}\n");
    assert_found(&deployments, &[("a.example/app:v1", &["Deployment without a name, container app (f.yaml:1)"])]);
}

#[test]
fn whatever_has_items_is_a_list_as_it_is_to_kubectl() {
    let bare = format!("items: [{{metadata: {{name: b}}, spec: {SPEC}}}]");
    let full = format!("items: [{{apiVersion: v1, kind: Pod, metadata: {{name: b}}, spec: {SPEC}}}]");
    assert_found(&object("v1", "Pod", &bare), &[("a.example/app:v1", &["Pod b, container app (f.yaml:5)"])]);
    for (api_version, kind) in
        [("v1", "ConfigMap"), ("kyverno.io/v1", "ClusterPolicy"), ("example.com/v1", "Odd"), ("apps/v1", "Deployment")]
    {
        let text = object(api_version, kind, &full);
        assert_found(&text, &[("a.example/app:v1", &["Pod b, container app (f.yaml:5)"])]);
        assert_eq!(notes(&text), [""; 0], "{kind}");
    }
}

#[test]
fn json_is_read_as_well() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "a.example/app:v1"}]}}"#;
    assert_found(text, &[("a.example/app:v1", &["Pod p, container c (f.yaml:2)"])]);
}

#[test]
fn other_objects_have_none() {
    let text = object("v1", "ConfigMap", "data: {a: 'image: x', containers: '- image: y', t: '{{ .Value }}'}")
        + &object("v1", "Service", "spec: {ports: [{name: http, port: 80}]}")
        + &object("example.com/v1", "Odd", "spec: {containers: [a, b], image: z, initContainers: {image: z}}")
        + &object("v1", "Pod", &format!("spec: {SPEC}"));
    assert_found(&text, &[("a.example/app:v1", &["Pod s/n, container app (f.yaml:20)"])]);
    assert_eq!(notes(&text), [""; 0]);
}

#[test]
fn patterns_of_pods_are_not_images_and_are_noted() {
    let pattern = "spec: {rules: [{validate: {pattern: {spec: {containers: [{name: '*', image: '!*:latest'}]}}}}]}";
    let text = object("kyverno.io/v1", "ClusterPolicy", pattern) + &object("v1", "Pod", &format!("spec: {SPEC}"));
    assert_eq!(found(&text).len(), 1);
    assert_eq!(
        notes(&text),
        [
            "f.yaml:5: spec.rules[0].validate.pattern.spec: a pattern of pods, since \"ClusterPolicy\" of \"kyverno.io/v1\" runs none; \
             images in it are not verified"
        ]
    );
}

#[test]
fn a_container_without_an_image_is_noted() {
    let containers = "[{name: a}, {name: b, image: null}, {name: c, image: ''}, {name: d, image: ' '}, {name: e, image: a.example/e}]";
    let text = object("v1", "Pod", &format!("spec: {{containers: {containers}, volumes: [{{name: v, image: {{}}}}]}}"));
    assert_eq!(found(&text).len(), 1);
    let told = "has no image here; the one that a controller puts there is not verified";
    assert_eq!(
        notes(&text),
        [
            format!("f.yaml:5: spec.containers[0]: container a {told}"),
            format!("f.yaml:5: spec.containers[1]: container b {told}"),
            format!("f.yaml:5: spec.containers[2].image: container c {told}"),
            format!("f.yaml:5: spec.containers[3].image: container d {told}"),
            format!("f.yaml:5: spec.volumes[0].image: volume v {told}"),
        ]
    );
}
