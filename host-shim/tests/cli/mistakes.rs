//! What people write wrongly, or somebody writes on purpose: references, docker configs, credential helpers, hosts.toml. It is told where it is.

use std::fs;

use tempfile::TempDir;

use super::{Ended, ended, hostile::Server, run, shim};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo/verify-config.yaml");

fn written(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_reference_that_is_none_is_told_with_care() {
    // K2
    let long = format!("registry.example/{}", "a".repeat(4096));
    for (reference, told) in [
        ("", "the image reference is empty"),
        ("registry.example/App:v1", "upper-case letters"),
        ("registry.example:port/app:v1", "no host name with an optional port"),
        ("registry.example:65536/app:v1", "no host name with an optional port"),
        ("[::1]:5000/app:v1", "has an IPv6 address"),
        ("registry.example/app\u{1b}[31m:v1", r"app\u{1b}[31m"),
        ("registry.example/app:v1\n", r"v1\n"),
        ("registry.example/\u{202e}ppa:v1", r"\u{202e}"),
        ("registry.example/аpp:v1", "only ASCII letters"),
        ("registry.example/../app:v1", "not well-formed"),
        ("registry.example/app@sha256:abc", "64 lower-case hex digits"),
        ("user:word@registry.example/app", "is not well-formed"),
        (&long, "has 4113 bytes"),
    ] {
        let ended = run(["verify", "--config", CONFIG, "--", reference]);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{reference:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{reference:?}: {}", ended.err);
        assert!(!ended.err.contains(['\u{1b}', '\u{202e}']) && ended.err.len() < 2_000, "{}", ended.err);
    }
}

#[test]
fn a_docker_config_that_cannot_be_read_is_told_with_file_and_key() {
    let folder = TempDir::new().unwrap();
    for (text, told) in [
        ("{\"auths\":", "config.json"),
        (r#"{"auths":{"r.example":{"auth":"s3cret!"}}}"#, r#"auths["r.example"].auth is not base64"#),
        (
            r#"{"auths":{"r.example":{"auth":"czNjcmV0"}}}"#,
            r#"auths["r.example"].auth is not the base64 of user:password"#,
        ),
        (r#"{"auths":{"r.example":["s3cret"]}}"#, r#"auths["r.example"]"#),
        (r#"{"credHelpers":{"r.example":"../s3cret"}}"#, r#"credHelpers["r.example"] is no name"#),
    ] {
        let path = written(&folder, "config.json", text);
        let ended = run(["verify", "--config", CONFIG, "--registry-config", &path, "r.example/app:v1"]);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{text}: {}", ended.err);
        assert!(ended.err.contains(&path) && ended.err.contains(told), "{text}: {}", ended.err);
        assert!(!ended.err.contains("s3cret") && !ended.err.contains("czNjcmV0"), "{}", ended.err);
    }
}

#[test]
fn a_hosts_toml_with_mistakes_is_told_with_file_and_line() {
    let folder = TempDir::new().unwrap();
    for (text, told) in [
        ("server = \"https://r.example\"\ncapabilitys = [\"pull\"]\n", "hosts.toml:2"),
        ("[host.\"https://m.example\"]\n\nskip_verify = true\n", "hosts.toml:3"),
        ("server = ", "hosts.toml:1"),
    ] {
        written(&folder, "r.example/hosts.toml", text);
        let dir = folder.path().to_str().unwrap();
        let ended = run(["verify", "--config", CONFIG, "--hosts-dir", dir, "r.example/app:v1"]);
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{text}: {}", ended.err);
        assert!(ended.err.contains(told), "{text}: {}", ended.err);
    }
    written(&folder, "r.example/hosts.toml", "skip_verify = true\n");
    let told = run(["verify", "--config", CONFIG, "--hosts-dir", folder.path().to_str().unwrap(), "r.example/app:v1"]);
    assert!(told.err.contains("--insecure-skip-verify"), "{}", told.err);
}

#[test]
fn a_proxy_that_is_none_is_told_without_its_password() {
    let mut command = shim(["verify", "--config", CONFIG, "r.example/app:v1"]);
    command.env("HTTPS_PROXY", "socks4://user:s3cret@proxy.example");
    let ended = ended(command, "");
    assert_eq!(ended.code, 64, "{}", ended.err);
    assert!(ended.err.contains("HTTPS_PROXY") && !ended.err.contains("s3cret"), "{}", ended.err);
}

/// What comes of a registry that asks for a login which a helper keeps; without a script there is no such program.
#[cfg(unix)]
fn with_helper(script: Option<&str>) -> Ended {
    use std::os::unix::fs::PermissionsExt as _;

    let (folder, registry) = (TempDir::new().unwrap(), Server::asking_for_a_login());
    let config = written(&folder, "config.json", r#"{"credsStore":"test"}"#);
    if let Some(script) = script {
        let path = written(&folder, "docker-credential-test", script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let image = format!("{}/app:v1", registry.address);
    let mut command =
        shim(["verify", "--config", CONFIG, "--registry-config", &config, "--plain-http", "--timeout=1s", &image]);
    command.env("PATH", folder.path());
    ended(command, "")
}

#[cfg(unix)]
#[test]
fn a_helper_that_is_absent_hangs_or_writes_rubbish_leaves_the_verdict_open() {
    for (script, told) in [
        (None, "is in no folder of PATH"),
        (Some("#!/bin/sh\nexec /bin/sleep 60\n"), "gave no answer before the deadline"),
        (Some("#!/bin/sh\necho '{\"Secret\":\"s3cret'\n"), "gave an answer that is none"),
        (Some("#!/bin/sh\necho s3cret; echo 'no keychain' >&2; exit 1\n"), "no keychain"),
        (Some("no program\n"), "docker-credential-test"),
    ] {
        let ended = with_helper(script);
        assert_eq!(ended.code, 2, "{script:?}: {}{}", ended.out, ended.err);
        assert!(ended.out.contains("CREDENTIAL_UNAVAILABLE") && ended.out.contains(told), "{script:?}: {}", ended.out);
        assert!(!ended.out.contains("s3cret") && !ended.err.contains("s3cret"), "{}{}", ended.out, ended.err);
    }
}
