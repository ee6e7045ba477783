//! Files and folders.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

fn pod(image: &str) -> String {
    object("v1", "Pod", &format!("spec: {{containers: [{{name: c, image: {image}}}]}}"))
}

/// What is told of sources in a folder, with the folder's path taken out.
fn told(folder: &TempDir, sources: &[&str]) -> Vec<String> {
    let sources: Vec<PathBuf> = sources.iter().map(|source| folder.path().join(source)).collect();
    let path = format!("{}/", folder.path().display());
    lines(&Manifests::load(&sources).unwrap_err()).iter().map(|line| line.replace(&path, "")).collect()
}

#[test]
fn a_folder_is_read_in_the_order_of_names_and_empty_files_in_it_are_nothing() {
    let folder = TempDir::new().unwrap();
    for (name, text) in [
        ("b.yml", pod("b")),
        ("a.yaml", pod("a")),
        ("c.json", r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "c"}]}}"#.to_owned()),
        ("d.txt", "not: [read".to_owned()),
        ("e.yaml", "# nothing\n".to_owned()),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let manifests = Manifests::load(&[folder.path().to_owned()]).unwrap();
    let names: Vec<_> = manifests.images.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn folders_in_a_folder_are_noted_since_their_files_are_not_read() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), pod("a")).unwrap();
    for name in ["z", "b.yaml", "..2026_11"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let manifests = Manifests::load(&[folder.path().to_owned()]).unwrap();
    let path = format!("{}/", folder.path().display());
    let notes: Vec<_> = manifests.notes.lines().map(|line| line.replace(&path, "")).collect();
    let told = "the files of this folder in a folder are not read; name it as well where they count";
    assert_eq!(notes, [format!("note: b.yaml: {told}"), format!("note: z: {told}")]);
}

#[test]
fn what_cannot_be_read_is_told_with_the_rest() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bad.yaml"), "a: [").unwrap();
    fs::create_dir(folder.path().join("none")).unwrap();
    assert_eq!(
        told(&folder, &["none", "missing.yaml", "bad.yaml"]),
        [
            "bad.yaml:2: this is not YAML: while parsing a node, did not find expected node content",
            "missing.yaml: cannot be read: No such file or directory (os error 2)",
            "none: the folder holds no file that ends in .yaml, .yml or .json; its own folders are not read",
        ]
    );
}

#[test]
fn a_hundred_mebibytes_of_yaml_are_refused_without_reading_them() {
    let folder = TempDir::new().unwrap();
    // Without blocks on the disk.
    fs::File::create(folder.path().join("f.yaml")).unwrap().set_len(100 << 20).unwrap();
    let message = "the files are larger than 16 MiB in all; name only those that are needed";
    assert_eq!(told(&folder, &["f.yaml"]), [format!("f.yaml: {message}")]);
}
