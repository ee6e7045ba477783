//! `replay`: verdicts of recorded documents.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    process::Stdio,
};

use image_integrity_test_corpus::{World, cases};
use serde_json::Value;

use super::{ended, run, shim};

fn signed() -> Vec<u8> {
    World::signed().rounds().0
}

fn unsigned() -> Vec<u8> {
    World::signed().unsigned().rounds().0
}

/// Its signatures are still to be fetched, so it cannot be told.
fn incomplete() -> Vec<u8> {
    let mut input: Value = serde_json::from_slice(&signed()).unwrap();
    input["blobs"] = serde_json::json!({});
    input.to_string().into_bytes()
}

#[test]
fn json_is_exactly_the_document_of_the_verdict() {
    for case in cases() {
        let ended = ended(shim(["replay", "--output", "json", "-"]), case.input.clone());
        let verdict = String::from_utf8(wasm_policy::verify(&case.input)).unwrap();
        assert_eq!(ended.out, verdict + "\n", "{}", case.name);
        assert_eq!(ended.code == 0, case.code == "VERIFIED", "{}", case.name);
    }
}

#[test]
fn the_exit_code_is_that_of_the_worst_document() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, input: Vec<u8>| {
        let path = folder.path().join(name);
        fs::write(&path, input).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, bad, unsure) = (write("good", signed()), write("bad", unsigned()), write("unsure", incomplete()));
    for (files, code) in
        [(&[&good][..], 0), (&[&bad], 1), (&[&unsure], 2), (&[&good, &unsure], 2), (&[&unsure, &bad, &good], 1)]
    {
        let args = ["replay"].into_iter().chain(files.iter().map(|file| file.as_str()));
        assert_eq!(run(args).code, code, "{files:?}");
    }
}

#[test]
fn a_document_that_is_refused_is_denied() {
    for input in [&b""[..], b"\xff", b"{", b"[]", b"{}", b"{\"images\":{}}", &[b'['; 1000]] {
        let ended = ended(shim(["replay", "-"]), input);
        assert_eq!(ended.code, 1, "{input:?}");
        assert!(ended.out.starts_with("✗ -  denied  "), "{}", ended.out);
        assert!(ended.out.contains("\n  → "), "{}", ended.out);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for path in ["/no/such/file", "/"] {
        for args in [&["replay", path][..], &["replay", "--jsonl", path]] {
            let ended = run(args.iter().copied());
            assert_eq!((ended.code, ended.out.as_str()), (64, ""));
            assert!(ended.err.contains(&format!("cannot read {path}: ")), "{}", ended.err);
        }
    }
}

#[test]
fn text_tells_the_checks_and_the_reason() {
    let good = ended(shim(["replay", "-"]), signed()).out;
    assert!(good.starts_with("✓ registry.example/app:v1  verified  VERIFIED\n"), "{good}");
    assert!(good.contains("✓ integrity   – plugin") || good.contains("✓ integrity   ✓ plugin"), "{good}");
    assert!(good.contains("signed by CN="), "{good}");
    assert!(good.contains("  valid until  2"), "{good}");
    assert!(!good.contains('→'), "{good}");

    let bad = ended(shim(["replay", "-"]), unsigned()).out;
    assert!(bad.starts_with("✗ registry.example/app:v1  denied  SIGNATURE_NOT_FOUND\n"), "{bad}");
    assert!(bad.contains("\n  → Sign the image"), "{bad}");
    assert!(!bad.contains('\u{1b}'), "no colour where there is no terminal");
}

#[test]
fn colour_can_be_forced_and_no_color_counts() {
    let coloured = |args: &[&'static str], no_color: bool| {
        let mut command = shim(args.iter().copied());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        ended(command, signed()).out.contains("\u{1b}[")
    };
    assert!(coloured(&["replay", "--color", "always", "-"], false));
    assert!(!coloured(&["replay", "--color", "never", "-"], false));
    assert!(!coloured(&["replay", "-"], true));
}

#[test]
fn yaml_is_the_same_document() {
    let ended = ended(shim(["replay", "--output", "yaml", "-"]), signed());
    assert_eq!(ended.code, 0);
    let image = "apiVersion: image-integrity/v1\nimages:\n  \"registry.example/app:v1\":\n    class: verified\n";
    assert!(ended.out.contains(image), "{}", ended.out);
    assert!(ended.out.contains("    isSuccess: true\n"), "{}", ended.out);
}

#[test]
fn now_replaces_the_recorded_time_and_is_said() {
    let later = "2221-01-01T00:00:00Z";
    let text = ended(shim(["replay", "--now", later, "-"]), signed());
    assert_eq!(text.code, 1);
    assert!(text.out.starts_with(&format!("judged as of {later} (--now)\n")), "{}", text.out);
    assert!(text.out.contains("CERTIFICATE_EXPIRED"), "{}", text.out);

    let json = ended(shim(["replay", "--now", later, "--output", "json", "-"]), signed());
    let mut input: Value = serde_json::from_slice(&signed()).unwrap();
    input["now"] = later.into();
    let verdict = wasm_policy::verify(input.to_string().as_bytes());
    assert_eq!(json.out, String::from_utf8(verdict).unwrap() + "\n");
    assert_eq!(json.err, format!("judged as of {later} (--now)\n"));
}

#[test]
fn now_does_not_mend_a_document_that_is_refused() {
    let text = String::from_utf8(signed()).unwrap();
    let twice = text.replacen('{', "{\"now\":\"2026-11-24T12:00:00Z\",", 1);
    let mut without: Value = serde_json::from_slice(&signed()).unwrap();
    without.as_object_mut().unwrap().remove("now");
    let escaped = text.replacen("\"now\":\"2", "\"now\":\"\\u0032", 1);
    assert_ne!(escaped, text);
    for (input, code) in [
        (twice, "DUPLICATE_MEMBER"),
        (without.to_string(), "INPUT_MALFORMED"),
        (escaped, "INPUT_MALFORMED"),
        (String::new(), "INPUT_MALFORMED"),
    ] {
        let ended = ended(shim(["replay", "--now", "2026-11-25T00:00:00Z", "-"]), input);
        assert_eq!(ended.code, 1);
        assert!(ended.out.contains(code), "{code}: {}", ended.out);
    }
}

#[test]
fn jsonl_answers_each_line_in_order_however_broken_it_is() {
    let (signed, unsigned) = (signed(), unsigned());
    let lines: Vec<&[u8]> =
        vec![&signed, b"", b"{", b"\xff\xfe", &unsigned, b"null", &signed, b"\"\\ud800\"", b"{}\r", &unsigned];
    let input = lines.join(&b'\n');
    let ended = ended(shim(["replay", "--jsonl", "-"]), input);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let expected: Vec<_> = lines.iter().map(|line| String::from_utf8(wasm_policy::verify(line)).unwrap()).collect();
    assert_eq!(ended.out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn jsonl_answers_a_line_before_the_next_is_sent() {
    let mut child = shim(["replay", "--jsonl", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for input in [signed(), unsigned(), signed()] {
        stdin.write_all(&[&input[..], b"\n"].concat()).unwrap();
        let mut verdict = String::new();
        stdout.read_line(&mut verdict).unwrap();
        assert_eq!(verdict.trim_end().as_bytes(), wasm_policy::verify(&input));
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_the_work_quietly() {
    let mut child = shim(["replay", "--jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(child.stdout.take());
    // Standard input stays open: the process must not wait for it.
    let _ = stdin.write_all(b"{}\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    drop(stdin);
}
