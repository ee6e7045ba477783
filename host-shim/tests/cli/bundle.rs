//! `bundle`: what is written, and what is refused before anything is.

use std::{fs, path::Path};

use tempfile::TempDir;

use super::{Ended, ended, run, shim};

/// The SHA-256 of [`MODULE`].
const REVISION: &str = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";
/// An empty module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const RSA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo/keys/demo.key.pem");
const PUBLIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo/root.pem");

/// A folder with a module and a policy.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.wasm"), MODULE).unwrap();
    fs::create_dir(folder.path().join("policies")).unwrap();
    fs::write(folder.path().join("policies/images.rego"), "package acme.images\n").unwrap();
    folder
}

fn bundle(folder: &TempDir, args: &[&str]) -> Ended {
    let mut command = shim(["bundle", "--module", "policy.wasm", "--out", "bundle.tar.gz"]);
    command.args(args).current_dir(folder);
    ended(command, "")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_bundle_is_written_and_told_in_one_line() {
    let folder = folder();
    let ended = bundle(&folder, &["policies"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(
        ended.out,
        format!("bundle.tar.gz: revision {REVISION}, roots acme/images image_integrity system/log\n")
    );
    let first = fs::read(folder.path().join("bundle.tar.gz")).unwrap();
    assert_eq!(bundle(&folder, &["policies"]).code, 0);
    assert_eq!(fs::read(folder.path().join("bundle.tar.gz")).unwrap(), first, "the same bytes");
    assert_eq!(names(folder.path()), ["bundle.tar.gz", "policies", "policy.wasm"], "nothing else is left");
}

#[test]
fn revision_roots_and_signature_are_told() {
    let ended = bundle(&folder(), &["--revision", "v1", "--root", "acme", "--signing-key", RSA, "policies"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(
        ended.out,
        format!("bundle.tar.gz: revision {REVISION}+v1, roots acme image_integrity system/log, signed by RS256\n")
    );
}

#[test]
fn a_bundle_goes_to_standard_output_where_that_is_asked_for() {
    let folder = folder();
    fs::write(folder.path().join("policies/more.json"), "{}").unwrap();
    let mut command = shim(["bundle", "--module", "policy.wasm", "--out", "-", "policies"]);
    command.current_dir(&folder);
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(output.stdout.starts_with(&[0x1f, 0x8b]), "it is gzip and nothing else");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        told,
        format!(
            "note: policies/more.json is left out: OPA reads only data.json, data.yaml and data.yml in a bundle\n\
             revision {REVISION}, roots acme/images image_integrity system/log\n"
        )
    );
    assert_eq!(names(folder.path()), ["policies", "policy.wasm"]);
}

#[test]
fn options_can_be_set_in_the_environment() {
    let folder = folder();
    let mut command = shim(["bundle", "policies"]);
    command.current_dir(&folder).envs([
        ("IMAGE_INTEGRITY_MODULE", "policy.wasm"),
        ("IMAGE_INTEGRITY_OUT", "bundle.tar.gz"),
        ("IMAGE_INTEGRITY_ROOT", "acme:zoo"),
        ("IMAGE_INTEGRITY_REVISION", "v1"),
        ("IMAGE_INTEGRITY_SIGNING_KEY", RSA),
        ("IMAGE_INTEGRITY_SIGNING_ALG", "PS256"),
    ]);
    let ended = ended(command, "");
    assert_eq!(
        ended.out,
        format!("bundle.tar.gz: revision {REVISION}+v1, roots acme image_integrity system/log zoo, signed by PS256\n"),
        "{}",
        ended.err
    );
}

#[test]
fn what_is_wrong_ends_with_64_and_leaves_the_bundle_that_was_there() {
    let folder = folder();
    fs::write(folder.path().join("bundle.tar.gz"), "before").unwrap();
    fs::write(folder.path().join("ours.rego"), "# a rule\npackage image_integrity.verify\n").unwrap();
    for (args, told) in [
        (&["ours.rego"][..], "error: ours.rego:2: package image_integrity.verify lies in image_integrity"),
        (&["absent"], "error: absent: cannot be read"),
        (&["--root", "acme/", "policies"], "error: --root acme/: write names with one slash"),
        (&["--root", "zoo", "policies"], "error: policies/images.rego:1: package acme.images is outside the roots"),
        (&["--signing-key", PUBLIC, "policies"], "holds no private key, but something else in PEM"),
        (&["--signing-key", "absent", "policies"], "error: absent: cannot be read"),
        (&["--signing-key", RSA, "--signing-alg", "ES256", "policies"], "does not sign by ES256; it signs by RS256"),
        (&["--signing-key", RSA, "--signing-alg", "none", "policies"], "possible values: RS256"),
        (&["--signing-alg", "RS256", "policies"], "--signing-key"),
        (&["--scope", "prod", "policies"], "--signing-key"),
        (&["--revision", "", "policies"], "1 to 128 visible ASCII characters"),
        (&["--revision", "a b", "policies"], "1 to 128 visible ASCII characters"),
    ] {
        let ended = bundle(&folder, args);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{args:?}: {}", ended.err);
    }
    assert_eq!(fs::read(folder.path().join("bundle.tar.gz")).unwrap(), b"before");
    assert_eq!(names(folder.path()), ["bundle.tar.gz", "ours.rego", "policies", "policy.wasm"]);
}

#[test]
fn a_module_and_a_place_for_the_bundle_are_needed() {
    let folder = folder();
    for args in [&["bundle", "--out", "bundle.tar.gz"][..], &["bundle", "--module", "policy.wasm"]] {
        let ended = run(args.iter().copied());
        assert_eq!(ended.code, 64);
        assert!(ended.err.contains("required"), "{}", ended.err);
    }
    let mut command = shim(["bundle", "--module", "policies/images.rego", "--out", "bundle.tar.gz"]);
    command.current_dir(&folder);
    let ended = ended(command, "");
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("policies/images.rego: is no WebAssembly module"), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_written_is_told_and_is_not_replaced() {
    use std::os::unix::net::UnixListener;
    let folder = folder();
    let _listening = UnixListener::bind(folder.path().join("socket")).unwrap();
    for out in ["policies", "socket", "absent/bundle.tar.gz"] {
        let mut command = shim(["bundle", "--module", "policy.wasm", "--out", out]);
        command.current_dir(&folder);
        let ended = ended(command, "");
        assert_eq!((ended.code, ended.out.as_str()), (64, ""));
        assert!(ended.err.contains(&format!("cannot write {out}: ")) && ended.err.contains("--out"), "{}", ended.err);
    }
    assert_eq!(names(folder.path()), ["policies", "policy.wasm", "socket"]);
}

#[cfg(target_os = "linux")]
#[test]
fn standard_output_that_is_full_ends_with_74() {
    let folder = folder();
    let mut command = shim(["bundle", "--module", "policy.wasm", "--out", "-"]);
    command.current_dir(&folder).stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(74));
}

#[cfg(unix)]
#[test]
fn a_reader_that_went_away_has_no_bundle_and_ends_with_74() {
    let folder = folder();
    let mut command = shim(["bundle", "--module", "policy.wasm", "--out", "-"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.current_dir(&folder).stdout(writer);
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{told}");
    assert_eq!(told, "error: cannot write to standard output: Broken pipe (os error 32)\n");
}
