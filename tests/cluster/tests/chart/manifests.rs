//! Every manifest of the project, and every one in its documents, is taken by the API server as strictly as it can.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image_integrity_cluster::source;
use serde_json::json;

use crate::{CLUSTER, release::Release};

#[test]
fn the_api_server_takes_every_manifest_and_every_one_in_the_documents() {
    // It brings the kinds of the configuration and of the constraints.
    let _release = Release::install(&json!({ "replicas": 1 }));
    CLUSTER.wait_for("constrainttemplate.templates.gatekeeper.sh/imageintegrity");
    let mut manifests: Vec<(PathBuf, String)> = Vec::new();
    // Objects of a namespace that is not there are refused, also where nothing is to be made.
    CLUSTER.admin().apply(&fs::read_to_string(source("deploy/opa/namespace.yaml")).unwrap());
    for file in ["rego/gatekeeper", "deploy/opa"].iter().flat_map(|folder| files(&source(folder), "yaml")) {
        let text = fs::read_to_string(&file).unwrap();
        // Others are values and data; a skeleton is a template's text before its parts are put in; cert-manager's kinds are not ours to install.
        let is_manifest = text.lines().any(|line| line.starts_with("apiVersion: "));
        if is_manifest && !file.ends_with("template.skeleton.yaml") && !text.contains("cert-manager.io/v1") {
            manifests.push((file, text));
        }
    }
    for file in files(&source("docs"), "md") {
        let text = fs::read_to_string(&file).unwrap();
        manifests.extend(blocks(&text).map(|block| (file.clone(), block)));
    }
    assert!(manifests.len() > 10, "the manifests are where they were: {manifests:?}");
    for (file, manifest) in manifests {
        let ended = CLUSTER.admin().with(&["apply", "--dry-run=server", "--validate=strict"], &manifest);
        assert_eq!(ended.code, 0, "{}: {}\n{manifest}", file.display(), ended.err);
    }
}

/// The YAML blocks of a document that are whole objects.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    text.split("\n```yaml\n").skip(1).filter_map(|rest| {
        let block = rest.split_once("\n```")?.0;
        (block.starts_with("apiVersion:") || block.contains("\napiVersion:")).then(|| format!("{block}\n"))
    })
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
