use super::*;

#[test]
fn a_rule_or_data_at_our_paths_is_refused_with_its_file_and_line() {
    for (name, text, expected) in [
        ("p.rego", "# why\npackage image_integrity\n", "p.rego:2: package image_integrity lies in image_integrity"),
        (
            "p.rego",
            "package image_integrity.verify",
            "p.rego:1: package image_integrity.verify lies in image_integrity",
        ),
        (
            "p.rego",
            "package image_integrity[\"verify\"]",
            "p.rego:1: package image_integrity.verify lies in image_integrity",
        ),
        ("p.rego", "\n\npackage system.log", "p.rego:3: package system.log lies in system/log"),
        ("p.rego", "package system", "p.rego:1: package system holds system/log"),
        (
            "data.json",
            "{\"acme\": 1,\n\"image_integrity\": {}}",
            "data.json:2: data.image_integrity lies in image_integrity",
        ),
        (
            "image_integrity/data.json",
            "{}",
            "image_integrity/data.json:1: data.image_integrity lies in image_integrity",
        ),
        (
            "image_integrity/x/data.yaml",
            "a: 1",
            "image_integrity/x/data.yaml:1: data.image_integrity.x lies in image_integrity",
        ),
        ("system/data.yaml", "b: 1\nlog: 1\n", "system/data.yaml:2: data.system.log lies in system/log"),
        ("data.yaml", "system: 1\n", "data.yaml:1: data.system holds system/log"),
    ] {
        let folder = folder(&[(name, text)]);
        let told = told(&folder, &[""]);
        assert!(told.starts_with(expected), "{name}: {told}");
    }
}

#[test]
fn a_file_without_a_package_is_told_by_its_name() {
    let folder = folder(&[("acme/p.rego", "allow := true\n")]);
    assert_eq!(told(&folder, &[""]), "acme/p.rego:1: a Rego file begins with its package, as in `package acme.images`");
}

#[test]
fn two_files_of_one_name_are_told_with_both() {
    let folder = folder(&[("a/p.rego", "package a"), ("b/p.rego", "package b")]);
    assert_eq!(
        told(&folder, &["a", "b"]),
        "a/p.rego and b/p.rego would both be p.rego in the bundle; name the folder that holds both"
    );
    assert_eq!(packed([folder.path()]).unwrap().roots, ["a", "b", "image_integrity", "system/log"]);
}

#[test]
fn a_file_of_ours_is_not_replaced() {
    let folder = folder(&[("image_integrity/admission.rego", "package acme")]);
    assert!(told(&folder, &[""]).starts_with("image_integrity/admission.rego: would replace a file"));
}

#[test]
fn parts_of_a_packed_bundle_are_refused() {
    for name in [".manifest", "acme/.manifest", ".signatures.json", "policy.wasm"] {
        let folder = folder(&[("acme/p.rego", "package acme"), (name, "{}")]);
        let told = told(&folder, &[""]);
        assert!(told.starts_with(&format!("{name}: ")) && told.contains("is part of a packed bundle"), "{told}");
    }
}

#[test]
fn a_file_that_opa_would_not_read_is_refused_where_it_is_named() {
    let folder = folder(&[("allowed.json", "{}"), ("README.md", "")]);
    for name in ["allowed.json", "README.md"] {
        assert!(told(&folder, &[name]).starts_with(&format!("{name}: OPA reads only files that end in .rego")));
    }
    assert!(told(&folder, &[""]).contains("holds no Rego and no data.json"), "{}", told(&folder, &[""]));
    assert!(told(&folder, &["absent.rego"]).starts_with("absent.rego: cannot be read: "));
}

#[test]
fn a_text_that_is_not_utf_8_is_told_with_its_line() {
    let folder = folder(&[]);
    fs::write(folder.path().join("p.rego"), b"package acme\n# \xff").unwrap();
    assert_eq!(told(&folder, &["p.rego"]), "p.rego:2: is not UTF-8; save the file as UTF-8");
}

#[test]
fn more_bytes_than_a_bundle_may_hold_are_not_read() {
    let folder = folder(&[("a.rego", "package a")]);
    fs::File::create(folder.path().join("b.rego")).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(told(&folder, &[""]), "b.rego: with it the files are larger than 64 MiB in all");
}

#[test]
fn folders_in_folders_end_somewhere() {
    let folder = folder(&[(&format!("{}/p.rego", ["f"; 40].join("/")), "package a")]);
    assert!(told(&folder, &[""]).ends_with(": lies more than 32 folders deep"));
}

#[cfg(unix)]
#[test]
fn what_would_be_left_out_or_waited_for_is_refused() {
    use std::os::unix::{fs::symlink, net::UnixListener};
    let linked = folder(&[("elsewhere/p.rego", "package a")]);
    symlink("elsewhere", linked.path().join("link")).unwrap();
    assert!(told(&linked, &[""]).starts_with("link: is a link to a folder"));

    let odd = folder(&[("a\\b.rego", "package a")]);
    assert!(told(&odd, &[""]).contains("its name has a control character or a backslash"));
    assert!(told(&odd, &["a\\b.rego"]).contains("its name has a control character or a backslash"));

    let socket = folder(&[]);
    let _listening = UnixListener::bind(socket.path().join("p.rego")).unwrap();
    assert_eq!(told(&socket, &[""]), "p.rego: is no regular file");

    let broken = folder(&[]);
    symlink("absent", broken.path().join("p.rego")).unwrap();
    assert!(told(&broken, &[""]).starts_with("p.rego: cannot be read"));
}

#[test]
fn what_is_no_module_is_refused() {
    let folder = folder(&[("text", "module"), ("empty", "")]);
    for name in ["text", "empty"] {
        let error = Module::read(&folder.path().join(name)).unwrap_err().to_string();
        assert_eq!(
            without(folder.path(), &error),
            format!("{name}: is no WebAssembly module; name the policy.wasm of a release")
        );
    }
    fs::File::create(folder.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let error = Module::read(&folder.path().join("huge")).unwrap_err().to_string();
    assert_eq!(without(folder.path(), &error), "huge: is larger than 64 MiB");
}
