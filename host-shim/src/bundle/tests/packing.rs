use super::*;

const POLICY: &str = "package acme.images\n";

#[test]
fn a_bundle_without_files_of_a_user_holds_the_module_and_what_is_ours() {
    let bundle = packed([""; 0]).unwrap();
    let members = members(&bundle);
    let names: Vec<_> = members.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            ".manifest",
            "image_integrity/admission.rego",
            "image_integrity/admission_test.rego",
            "image_integrity/mask_test.rego",
            "policy.wasm",
            "system/log/mask.rego",
        ]
    );
    assert_eq!(members["policy.wasm"], "\0asm");
    assert_eq!(
        members[".manifest"],
        r#"{"revision":"cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f","roots":["image_integrity","system/log"],"wasm":[{"entrypoint":"image_integrity/verify","module":"policy.wasm"}]}"#
    );
}

#[test]
fn a_folder_is_packed_as_it_is_laid_out_and_its_data_is_one_file() {
    let folder = folder(&[
        ("acme/images.rego", POLICY),
        ("acme/images_test.rego", "package acme.images_test\n"),
        ("acme/allowed/data.yaml", "names: [a]\n"),
        ("data.json", r#"{"zoo": {"size": 1}}"#),
        ("README.md", "words"),
    ]);
    let bundle = packed([folder.path()]).unwrap();
    let members = members(&bundle);
    assert_eq!(members["acme/images.rego"], POLICY);
    assert_eq!(members["acme/images_test.rego"], "package acme.images_test\n");
    assert_eq!(members["data.json"], r#"{"acme":{"allowed":{"names":["a"]}},"zoo":{"size":1}}"#);
    assert_eq!(members.len(), 6 + 3);
    assert_eq!(
        bundle.roots,
        ["acme/allowed", "acme/images", "acme/images_test", "image_integrity", "system/log", "zoo"]
    );
    assert_eq!(bundle.notes, Vec::<String>::new());
}

#[test]
fn a_file_that_is_named_lies_at_the_top() {
    let folder = folder(&[("a/b/policy.rego", POLICY), ("c/data.json", r#"{"acme": {"x": 1}}"#)]);
    let bundle = packed([folder.path().join("a/b/policy.rego"), folder.path().join("c/data.json")]).unwrap();
    let members = members(&bundle);
    assert_eq!(members["policy.rego"], POLICY);
    assert_eq!(members["data.json"], r#"{"acme":{"x":1}}"#);
    assert_eq!(bundle.roots, ["acme", "image_integrity", "system/log"]);
}

#[test]
fn the_same_content_gives_the_same_bytes_whenever_it_was_written() {
    let files = [("b.rego", POLICY), ("a.rego", POLICY), ("data.json", r#"{"b": 1, "a": 2}"#)];
    let first = folder(&files);
    let again = folder(&[files[2], files[1], files[0]]);
    assert_eq!(packed([first.path()]).unwrap().bytes, packed([again.path()]).unwrap().bytes);
}

#[test]
fn what_a_person_may_miss_is_noted() {
    let folder = folder(&[
        ("acme/policy.rego", POLICY),
        ("acme/allowed.json", "{}"),
        ("acme/.draft.rego", POLICY),
        (".git/hook.rego", "no package"),
        (".regal.yaml", "{}"),
    ]);
    let bundle = packed([folder.path()]).unwrap();
    let notes: Vec<_> = bundle.notes.iter().map(|note| without(folder.path(), note)).collect();
    assert_eq!(
        notes,
        [
            "acme/.draft.rego is left out: its name begins with a dot",
            "acme/allowed.json is left out: OPA reads only data.json, data.yaml and data.yml in a bundle",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_volume_of_a_config_map_is_read_through_its_links() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[("..2026/policy.rego", POLICY)]);
    symlink("..2026", folder.path().join("..data")).unwrap();
    symlink("..data/policy.rego", folder.path().join("policy.rego")).unwrap();
    assert_eq!(members(&packed([folder.path()]).unwrap())["policy.rego"], POLICY);
}

#[test]
fn long_names_are_kept() {
    let name = format!("{}/{}.rego", ["segment"; 20].join("/"), "n".repeat(120));
    let folder = folder(&[(&name, POLICY)]);
    assert!(members(&packed([folder.path()]).unwrap()).contains_key(&name));
}
