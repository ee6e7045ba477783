//! `verify`, `fetch` and `config check` on the demo's layout, and on registries that do not answer as they should.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use tempfile::TempDir;

use super::{Ended, ended, run, shim};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo");

fn demo(file: &str) -> String {
    format!("{DEMO}/{file}")
}

fn layout(tag: &str) -> String {
    format!("oci:{DEMO}/layout:{tag}")
}

/// `verify` under the demo's configuration.
fn verify(args: &[&str]) -> Ended {
    run([&["verify", "--config", &demo("verify-config.yaml")], args].concat())
}

#[test]
fn a_signed_image_ends_with_0_and_others_with_1() {
    for (tag, code, told) in
        [("signed", 0, "VERIFIED"), ("unsigned", 1, "SIGNATURE_NOT_FOUND"), ("tampered", 1, "SIGNATURE_INVALID")]
    {
        let ended = verify(&[&layout(tag)]);
        assert_eq!(ended.code, code, "{tag}: {}{}", ended.out, ended.err);
        assert!(ended.out.lines().next().unwrap().ends_with(told), "{tag}: {}", ended.out);
    }
}

#[test]
fn the_configuration_decides_whom_to_trust() {
    for (config, code) in
        [("aks-verify-config.yaml", "CERTIFICATE_UNTRUSTED"), ("wrong-identity.yaml", "IDENTITY_MISMATCH")]
    {
        let ended = run(["verify", "--config", &demo(config), &layout("signed")]);
        assert_eq!(ended.code, 1);
        assert!(ended.out.lines().next().unwrap().ends_with(code), "{config}: {}", ended.out);
    }
}

#[test]
fn images_are_told_in_the_order_and_by_the_names_they_were_given() {
    let names = [layout("unsigned"), layout("signed"), layout("unsigned")];
    let ended = verify(&names.each_ref().map(String::as_str));
    let headings: Vec<_> = ended.out.lines().filter(|line| line.starts_with(['✓', '✗'])).collect();
    assert_eq!(headings.len(), 3);
    assert!(headings.iter().zip(&names).all(|(heading, name)| heading.contains(name.as_str())), "{}", ended.out);
    assert_eq!(ended.code, 1);
}

#[test]
fn what_was_kept_or_fetched_gives_the_same_verdict_bytes() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (kept, fetched) = (path("kept"), path("fetched"));
    let now = ["--now", "2026-11-24T12:00:00Z", "--output", "json"];
    for tag in ["signed", "unsigned", "tampered"] {
        let image = layout(tag);
        let verdict = verify(&[&now[..], &["--evidence", &kept, &image]].concat());
        assert_eq!(run(["replay", "--output", "json", &kept]).out, verdict.out);

        let config = demo("verify-config.yaml");
        let fetch = ["fetch", "--config", &config, now[0], now[1], &image];
        let document = run(fetch);
        assert_eq!(document.code, 0, "{}", document.err);
        assert_eq!(document.out.trim_end(), fs::read_to_string(&kept).unwrap());
        let to_file = run(fetch.into_iter().chain(["--evidence", &fetched]));
        assert_eq!((to_file.code, to_file.out.as_str()), (0, ""));
        assert_eq!(fs::read(&fetched).unwrap(), fs::read(&kept).unwrap());
    }
}

#[test]
fn now_is_said() {
    let image = layout("signed");
    let text = verify(&["--now", "2200-01-01T00:00:00+01:00", &image]);
    assert_eq!(text.code, 1);
    assert!(text.out.starts_with("judged as of 2199-12-31T23:00:00Z (--now)\n\n✗ "), "{}", text.out);
    let json = verify(&["--now", "2200-01-01T00:00:00Z", "--output", "json", &image]);
    assert_eq!(json.err, "judged as of 2200-01-01T00:00:00Z (--now)\n");
    assert!(json.out.starts_with('{'));
}

#[test]
fn a_layout_can_be_judged_as_another_image() {
    let image = layout("signed");
    let ended = verify(&["--as", "registry.example/app:v1", "--output", "json", &image]);
    assert_eq!(ended.code, 0);
    assert!(ended.out.contains(r#""registry.example/app:v1":{"class":"verified""#), "{}", ended.out);
}

#[test]
fn wrong_usage_ends_with_64_and_says_what_to_do() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (empty, kind) = (
        write("empty.yaml", ""),
        write("kind.yaml", "apiVersion: config.ratify.deislabs.io/v1beta1\nkind: Verifyer\nmetadata: {name: a}\n"),
    );
    let (config, image, other) = (demo("verify-config.yaml"), layout("signed"), layout("unsigned"));
    for (args, told) in [
        (&["verify", &image][..], "give --config FILE|DIR"),
        (&["verify", "--config", &config], "no image is named\n  → give IMAGE…, or --filename FILE|DIR"),
        (&["verify", "--config", "/no/such/file", &image], "/no/such/file"),
        (&["verify", "--config", &empty, &image], "the file is empty"),
        (&["verify", "--config", &kind, &image], "Verifyer"),
        (&["verify", "--config", &config, "Registry.example/App:v1"], "lower case"),
        (&["verify", "--config", &config, "oci:"], "names no path"),
        (&["verify", "--config", &config, "--as", "a b", &image], "ASCII"),
        (&["verify", "--config", &config, "--as", "a.example/b", &image, &other], "--as names one image"),
        (&["verify", "--config", &config, "--as", "a.example/b", "c.example/d"], "leave it out"),
        (&["verify", "--config", &config, "--timeout", "0s", &image], "above zero"),
        (&["verify", "--config", &config, "--timeout", "soon", &image], "1m30s"),
        (&["verify", "--config", &config, "--ca-file", "/no/such/file", &image], "/no/such/file"),
        (&["verify", "--config", &config, "--ca-file", &empty, &image], "no certificate"),
        (
            &["verify", "--config", &config, "--evidence", "/no/such/folder/file", &image],
            "cannot write /no/such/folder/file",
        ),
        (&["fetch", &image], "give --config FILE|DIR"),
        (&["config"], "Usage"),
        (&["config", "check"], "<FILE|DIR>"),
    ] {
        let ended = run(args.iter().copied());
        assert_eq!((ended.code, ended.out.as_str()), (64, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{args:?}: {}", ended.err);
    }
}

#[test]
fn lists_in_the_environment_are_separated_as_in_path() {
    let folder = TempDir::new().unwrap();
    let second = folder.path().join("a,b.yaml");
    fs::write(&second, fs::read(demo("verify-config.yaml")).unwrap()).unwrap();
    let both = std::env::join_paths([folder.path().join("missing,c.yaml"), second.clone()]).unwrap();
    let image = layout("signed");

    let mut command = shim(["verify", &image]);
    command.env("IMAGE_INTEGRITY_CONFIG", &second);
    assert_eq!(ended(command, "").code, 0, "a comma is a part of a name");

    let mut command = shim(["verify", &image]);
    command.env("IMAGE_INTEGRITY_CONFIG", &both);
    let ended = ended(command, "");
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("missing,c.yaml") && !ended.err.contains("a,b.yaml"), "{}", ended.err);
}

#[test]
fn a_flag_in_the_environment_is_a_boolean() {
    for (value, code) in [("true", 0), ("1", 0), ("no", 0), ("perhaps", 64)] {
        let mut command = shim(["verify", "--config", &demo("verify-config.yaml"), &layout("signed")]);
        command.env("IMAGE_INTEGRITY_PLAIN_HTTP", value);
        assert_eq!(ended(command, "").code, code, "{value}");
    }
}

#[test]
fn config_check_tells_what_is_meant_or_every_mistake() {
    let good = run(["config", "check", &demo("verify-config.yaml")]);
    assert_eq!((good.code, good.err.as_str()), (0, ""));
    assert!(good.out.contains("verifier-notary-inline"), "{}", good.out);

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("bad.yaml");
    let text = fs::read_to_string(demo("verify-config.yaml")).unwrap();
    fs::write(&path, text.replace("registryScopes", "registryScope").replace("level: strict", "level: lax")).unwrap();
    let bad = run(["config", "check", path.to_str().unwrap()]);
    assert_eq!(bad.code, 1);
    assert!(bad.out.contains("registryScopes") && bad.out.contains("lax"), "{}", bad.out);

    let json = run(["config", "check", "--output", "json", path.to_str().unwrap()]);
    assert_eq!(json.code, 1);
    assert!(json.out.contains(r#""valid":false"#), "{}", json.out);
}

#[test]
fn a_registry_that_cannot_be_reached_ends_with_2() {
    // A port that was free a moment ago, and has no listener.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = verify(&["--plain-http", &format!("{address}/app:v1")]);
    assert_eq!(ended.code, 2, "{}", ended.out);
    assert!(ended.out.starts_with("? "), "{}", ended.out);
    assert!(ended.out.lines().next().unwrap().ends_with("transient  REGISTRY_UNAVAILABLE"), "{}", ended.out);
}

#[test]
fn a_registry_that_hangs_is_left_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/app:v1", listener.local_addr().unwrap());
    let ended = verify(&["--plain-http", "--timeout", "200ms", &image]);
    assert_eq!(ended.code, 2, "{}", ended.out);
    assert!(ended.out.contains("REGISTRY_TIMEOUT"), "{}", ended.out);
}

#[test]
fn a_page_for_people_is_no_answer_of_a_registry() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/app:v1", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let page = "<html>log in</html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                page.len()
            );
            if !request.starts_with(b"HEAD") {
                let _ = stream.write_all(page.as_bytes());
            }
        }
    });
    let ended = verify(&["--plain-http", &image]);
    assert_eq!(ended.code, 2, "{}", ended.out);
    assert!(ended.out.contains("REGISTRY_RESPONSE_INVALID"), "{}", ended.out);
}

#[test]
fn a_login_that_cannot_be_read_does_not_matter_to_an_image_on_disk() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join(".docker")).expect("a folder");
    fs::write(home.path().join(".docker/config.json"), "{").expect("a file");
    let verified = |image: &str| {
        let mut command = shim(["verify", "--config", &demo("verify-config.yaml"), image]);
        command.env("HOME", home.path());
        ended(command, "")
    };
    assert_eq!(verified(&layout("signed")).code, 0);
    let refused = verified("registry.example/app:v1");
    assert_eq!(refused.code, 64);
    assert!(refused.err.contains(".docker/config.json"), "{}", refused.err);
}
