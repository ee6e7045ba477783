//! Files and folders.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

/// A folder with files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// What is told, with the folder's path taken out.
fn told(folder: &TempDir, sources: &[&str]) -> Vec<String> {
    let sources: Vec<PathBuf> = sources.iter().map(|source| folder.path().join(source)).collect();
    let path = format!("{}/", folder.path().display());
    lines(&Configuration::load(&sources, None).unwrap_err()).iter().map(|line| line.replace(&path, "")).collect()
}

#[test]
fn a_folder_is_read_in_the_order_of_names() {
    let documents: Vec<_> = AKS.split("\n---\n").collect();
    let folder = folder(&[
        ("b.yml", documents[0]),
        ("a.yaml", documents[2]),
        ("c.json", "{\"apiVersion\": \"v1\", \"kind\": \"X\"}"),
        ("d.txt", "not: [read"),
    ]);
    fs::create_dir(folder.path().join("sub.yaml")).unwrap();
    let configuration = Configuration::load(&[folder.path().to_owned()], None).unwrap();
    assert_eq!(configuration.config(), read(AKS).unwrap().config());
    let path = format!("{}/", folder.path().display());
    let notes: Vec<_> = notes(&configuration).iter().map(|note| note.replace(&path, "")).collect();
    assert_eq!(
        notes,
        [
            "sub.yaml: the files of this folder in a folder are not read; name it as well where they count",
            "c.json:1: kind: \"X\" of \"v1\" is not a kind that is read here; it is left out",
        ]
    );
}

#[test]
fn files_and_folders_may_be_named_together() {
    let documents: Vec<_> = AKS.split("\n---\n").collect();
    let folder = folder(&[("store.yaml", documents[0]), ("verifier", documents[2])]);
    let sources = [folder.path().to_owned(), folder.path().join("verifier")];
    assert_eq!(Configuration::load(&sources, None).unwrap().config(), read(AKS).unwrap().config());
    assert_eq!(
        told(&folder, &["store.yaml", "verifier", "verifier"]),
        ["verifier:4: metadata.name: Verifier verifier-notary-inline is defined twice, first at verifier:4"]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_the_rest() {
    let folder = folder(&[("bad.yaml", "a: [")]);
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
fn a_file_that_is_not_utf_8_is_told_with_the_line() {
    let folder = folder(&[]);
    fs::write(folder.path().join("f.yaml"), b"a: 1\nb: \xff\xfe\n").unwrap();
    assert_eq!(told(&folder, &["f.yaml"]), ["f.yaml: line 2 is not UTF-8; save the file as UTF-8"]);
}

#[test]
fn a_file_of_a_gibibyte_is_refused() {
    let folder = folder(&[]);
    // Without blocks on the disk.
    fs::File::create(folder.path().join("f.yaml")).unwrap().set_len(1 << 30).unwrap();
    let message = "the files are larger than 16 MiB in all; name only those that are needed";
    assert_eq!(told(&folder, &["f.yaml"]), [format!("f.yaml: {message}")]);
    // Many files count together, and what has no size is refused too.
    let comment = format!("#{}", "x".repeat(10 << 20));
    fs::write(folder.path().join("g.yaml"), format!("{comment}\na: 1\n")).unwrap();
    fs::write(folder.path().join("h.yaml"), &comment).unwrap();
    assert!(told(&folder, &["g.yaml", "h.yaml"]).contains(&format!("h.yaml: {message}")));
    #[cfg(unix)]
    assert_eq!(
        lines(&Configuration::load(&["/dev/zero".into()], None).unwrap_err()),
        [format!("/dev/zero: {message}")]
    );
}

#[test]
fn a_folder_of_too_many_files_is_refused() {
    let folder = folder(&[]);
    for number in 0..=1_000 {
        fs::write(folder.path().join(format!("{number:04}.yaml")), "").unwrap();
    }
    let mistakes = Configuration::load(&[folder.path().to_owned()], None).unwrap_err();
    // A hundred mistakes are listed; this one is among those that are counted, or listed.
    assert_eq!(mistakes.mistakes.len() + mistakes.more, 1_001);
}
