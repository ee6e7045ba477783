//! Wrong usage, help, version and completions.

use super::{ended, run, shim};

#[test]
fn wrong_usage_ends_with_64_and_says_what_to_do() {
    for (args, told) in [
        (&["frobnicate"][..], "unrecognized subcommand"),
        (&["replay"], "required"),
        (&["replay", "--output", "xml", "-"], "possible values: text, json, yaml, github"),
        (&["replay", "--now", "yesterday", "-"], "2026-11-23T12:00:00Z"),
        (&["replay", "--now", "2026-11-23T12:00:00", "-"], "RFC 3339"),
        (&["replay", "--jsonl", "--output", "yaml", "-"], "cannot be used with"),
        (&["replay", "--log-level", "loud", "-"], "possible values"),
        (&["replay", "--color", "sometimes", "-"], "possible values"),
        (&["completions", "cobol"], "possible values"),
        (&["completions"], "required"),
        (&["replay", "--no-such-option", "-"], "unexpected argument"),
        (&renewing("a.svc", "60"), "a certificate would expire before it is renewed"),
        (&renewing("a..svc", "30"), "write a DNS name such as"),
        (&renewing("a.svc", "-1"), "unexpected argument"),
    ] {
        let ended = run(args.iter().copied());
        assert_eq!(ended.code, 64, "{args:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{args:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{args:?}");
    }
}

/// A certificate for 60 days.
fn renewing<'a>(name: &'a str, after: &'a str) -> [&'a str; 13] {
    [
        "renew-certificate",
        "--namespace",
        "a",
        "--ca-secret",
        "ca",
        "--secret",
        "tls",
        "--dns",
        name,
        "--valid-days",
        "60",
        "--renew-after-days",
        after,
    ]
}

#[test]
fn no_command_at_all_shows_the_help_on_standard_error() {
    let ended = run([]);
    assert_eq!((ended.code, ended.out.as_str()), (64, ""));
    assert!(ended.err.contains("Usage: image-integrity"), "{}", ended.err);
}

#[test]
fn help_that_was_asked_for_is_a_success_on_standard_output() {
    for args in [&["--help"][..], &["-h"], &["help"], &["replay", "--help"], &["help", "replay"]] {
        let ended = run(args.iter().copied());
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{args:?}");
        assert!(ended.out.contains("Usage: image-integrity"), "{args:?}: {}", ended.out);
    }
}

#[test]
fn the_version_names_the_contract() {
    let ended = run(["--version"]);
    assert_eq!(ended.code, 0);
    assert_eq!(ended.out, format!("image-integrity {} (contract image-integrity/v1)\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = run(["completions", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{shell}");
        assert!(ended.out.contains("replay"), "{shell}");
    }
}

#[test]
fn an_option_can_be_set_in_the_environment_and_a_mistake_there_is_named() {
    let mut command = shim(["replay", "-"]);
    command.env("IMAGE_INTEGRITY_OUTPUT", "json");
    assert!(ended(command, "").out.starts_with("{\"apiVersion\""));

    let mut command = shim(["replay", "--jsonl", "-"]);
    command.env("IMAGE_INTEGRITY_OUTPUT", "yaml");
    assert!(ended(command, "{}\n").out.starts_with("{\"apiVersion\""), "lines are documents all the same");

    let mut command = shim(["replay", "-"]);
    command.env("IMAGE_INTEGRITY_OUTPUT", "xml");
    let ended = ended(command, "");
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("note: set in the environment: IMAGE_INTEGRITY_OUTPUT"), "{}", ended.err);
}
