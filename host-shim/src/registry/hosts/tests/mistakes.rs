//! Each mistake in a `hosts.toml` with its line, its field and what is said.

use super::*;

fn assert_mistakes(text: &str, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|line| format!("r.example/hosts.toml:{line}")).collect();
    assert_eq!(World::with(text).mistakes(), expected, "{text}");
}

#[test]
fn an_unknown_field_is_told_with_what_was_meant() {
    assert_mistakes(
        "sever = \"https://m.example\"\n\n[host.\"https://m.example\"]\n  capabilites = [\"pull\"]\n  Skip_Verify = false\n  zzz = 1\n",
        &[
            "1: sever: unknown field; did you mean \"server\"?",
            "4: host[\"https://m.example\"].capabilites: unknown field; did you mean \"capabilities\"?",
            "5: host[\"https://m.example\"].Skip_Verify: unknown field; did you mean \"skip_verify\"?",
            "6: host[\"https://m.example\"].zzz: unknown field",
        ],
    );
    assert_mistakes(
        "[hosts.\"https://m.example\"]\ncapabilities = [\"pull\"]\n",
        &["1: hosts: unknown field; did you mean \"host\"?"],
    );
    // containerd's documentation: recursion is not supported.
    assert_mistakes(
        "[host.\"http://a.example\"]\n  capabilities = [\"pull\"]\n  [host.\"http://a.example\".host.\"http://b.example\"]\n",
        &["3: host[\"http://a.example\"].host: unknown field"],
    );
}

#[test]
fn a_value_of_the_wrong_type_is_told_without_the_value() {
    assert_mistakes(
        "server = 5000\ncapabilities = \"pull\"\nca = true\nclient = 1.5\nskip_verify = \"true\"\noverride_path = []\ndial_timeout = 3\nheader = \"a: b\"\n",
        &[
            "1: server: must be a string, not a number",
            "2: capabilities: must be a list, not a string",
            "3: ca: must be a path or a list of paths, not true or false",
            "4: client: must be a path, a list of paths or a list of pairs of paths, not a number",
            "5: skip_verify: must be true or false, without quotes, not a string",
            "6: override_path: must be true or false, without quotes, not a list",
            "7: dial_timeout: must be a string, not a number",
            "8: header: must be a table, not a string",
        ],
    );
    assert_mistakes("host = \"https://m.example\"\n", &["1: host: must be a table, not a string"]);
    assert_mistakes("[[host]]\n", &["1: host: must be a table, not a list"]);
    assert_mistakes(
        "ca = \"\"\nclient = [[\"a\"], 1979-05-27]\nserver = \"\"\n",
        &[
            "1: ca: must not be empty",
            "2: client[0]: must be a pair of paths: a certificate and its key",
            "2: client[1]: must be a string, not a date or time",
            "3: server: must not be empty",
        ],
    );
}

#[test]
fn every_error_of_syntax_is_told_and_nothing_of_the_text() {
    assert_mistakes(
        "server = \"https://m.example\nca = secret\n[header]\nauthorization = Basic_c2VjcmV0\n[header]\n",
        &[
            "1: not well-formed TOML: invalid basic string, expected `\"`",
            "2: not well-formed TOML: string values must be quoted, expected literal string",
            "4: not well-formed TOML: string values must be quoted, expected literal string",
            "5: not well-formed TOML: duplicate key",
        ],
    );
    assert_mistakes(
        "[host.\"https://m.example\"]\n[host.\"https://m.example\"]\n",
        &["2: not well-formed TOML: duplicate key"],
    );
}

#[test]
fn deep_nesting_is_refused() {
    let mistakes = World::with(&format!("a = {}\n", "[".repeat(100_000))).mistakes();
    assert_eq!(
        mistakes[0],
        "r.example/hosts.toml:1: not well-formed TOML: cannot recurse further; max recursion depth met"
    );
}

#[test]
fn a_capability_that_is_not_known_is_told_and_an_empty_list_is_not_taken_for_all() {
    assert_mistakes(
        "server = \"r.example\"\ncapabilities = []\n[host.\"m.example\"]\ncapabilities = [\n  \"pull\",\n  \"resovle\",\n  1,\n]\n",
        &[
            "2: capabilities: the list is empty, which containerd takes for all capabilities; write them, or take the field out",
            "6: host[\"m.example\"].capabilities[1]: unknown capability \"resovle\"; there are pull, resolve, push, referrers; did you mean \"resolve\"?",
            "7: host[\"m.example\"].capabilities[2]: must be a string, not a number",
        ],
    );
}

#[test]
fn what_says_how_the_server_is_asked_needs_a_server() {
    assert_mistakes(
        "capabilities = [\"pull\"]\noverride_path = true\n",
        &[
            "1: capabilities: has no effect without server, the URL of the registry; add that or take this out",
            "2: override_path: has no effect without server, the URL of the registry; add that or take this out",
        ],
    );
}

#[test]
fn a_url_that_cannot_be_used_is_told_without_its_password() {
    assert_mistakes(
        "server = \"https://u:secret@r.example\"\n[host.\"https://u:secret@m.example\"]\n[host.\"https://n.example?token=secret\"]\n[host.\"ftp://o.example\"]\n",
        &[
            "1: server: the URL must not hold a user or password",
            "2: host[\"…@m.example\"]: the URL must not hold a user or password",
            "3: host[\"https://n.example…\"]: the URL must not hold a query or fragment, after ? or #; containerd does not send it",
            "4: host[\"ftp://o.example\"]: the URL must begin with http:// or https://, or have no scheme at all",
        ],
    );
}

#[test]
fn a_host_that_stands_twice_is_told() {
    assert_mistakes(
        "[host.\"https://m.example\"]\n[host.\"http://m.example\"]\n[host.\"m.example/v2\"]\n",
        &["3: host[\"m.example/v2\"]: this host stands in line 1 already; take one out"],
    );
}

#[test]
fn a_host_that_containerd_would_pass_over_is_told() {
    let message = "a host must be a table with a header of its own: [host.\"https://HOST\"]";
    assert_mistakes("host.\"m.example\".skip_verify = false\n", &[&format!("1: host[\"m.example\"]: {message}")]);
    assert_mistakes("[host]\n\"m.example\" = {}\n", &[&format!("2: host[\"m.example\"]: {message}")]);
    assert_mistakes("host = { \"m.example\" = {} }\n", &[&format!("1: host[\"m.example\"]: {message}")]);
}

#[test]
fn skip_verify_counts_only_where_the_command_line_says_so_too() {
    let text = "server = \"https://r.example\"\nskip_verify = true\n[host.\"http://m.example\"]\nskip_verify = true\n[host.\"n.example\"]\nskip_verify = false\n";
    let message = "nobody would check whose certificate the host has; this counts only with --insecure-skip-verify on the command line";
    assert_mistakes(
        text,
        &[&format!("2: skip_verify: {message}"), &format!("4: host[\"http://m.example\"].skip_verify: {message}")],
    );
    let hosts = World::with(text).hosts("r.example");
    assert_eq!(hosts.iter().map(|host| host.tls.skip_verify).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn certificates_for_a_host_without_tls_are_told() {
    let world = World::with("[host.\"http://m.example\"]\nca = \"c.pem\"\nclient = [[\"c.pem\", \"k.pem\"]]\n")
        .pair("r.example/c.pem", "r.example/k.pem");
    let message = "has no effect over http://; write https:// in the URL, or take this out";
    assert_eq!(
        world.mistakes(),
        ["ca", "client"].map(|name| {
            let line = if name == "ca" { 2 } else { 3 };
            format!("r.example/hosts.toml:{line}: host[\"http://m.example\"].{name}: {message}")
        })
    );
}

#[test]
fn a_header_that_cannot_be_sent_is_told_without_its_value() {
    assert_mistakes(
        "[header]\n\"a b\" = \"secret\"\nHost = \"secret\"\nx-a = \"sec\\nret\"\nx-b = 1\nx-c = [\"ok\", 2]\n",
        &[
            "2: header[\"a b\"]: is no name of a header",
            "3: header.Host: each request sets this header itself; take it out",
            "4: header.x-a: the value holds a character that no header may hold",
            "5: header.x-b: must be a string or a list of strings, not a number",
            "6: header.x-c[1]: must be a string, not a number",
        ],
    );
    assert_mistakes(
        &format!("[header]\nx-a = \"{}\"\n", "a".repeat(8_001)),
        &["2: header.x-a: the value is longer than 8000 bytes"],
    );
    let many: Vec<_> = (0..65).map(|index| format!("x-{index} = \"a\"")).collect();
    assert_mistakes(&format!("[header]\n{}\n", many.join("\n")), &["66: header.x-64: there are more than 64 headers"]);
}

#[test]
fn a_time_that_is_none_to_go_is_told() {
    for text in ["", "3", "0s", "-1s", "3 seconds", "1 m", "PT3S", "3S", "3x", "forever"] {
        let message = if text.is_empty() {
            "must not be empty"
        } else {
            "must be a time longer than none, as \"30s\", \"1m30s\" or \"500ms\""
        };
        assert_mistakes(&format!("dial_timeout = \"{text}\"\n"), &[&format!("1: dial_timeout: {message}")]);
    }
}

#[test]
fn a_proxy_is_refused_and_not_passed_over() {
    assert_mistakes(
        "proxy = \"http://proxy.example:8080\"\n",
        &["1: proxy: not supported: a proxy for one host; take the field out"],
    );
}

#[test]
fn more_hosts_or_items_than_are_read_are_told() {
    let hosts: Vec<_> = (0..65).map(|index| format!("[host.\"m{index}.example\"]")).collect();
    assert_mistakes(&hosts.join("\n"), &["1: host: holds more than 64 hosts"]);
    let cas = vec!["\"ca.pem\""; 65].join(", ");
    assert_mistakes(&format!("ca = [{cas}]\n"), &["1: ca: holds more than 64 items"]);
}

#[test]
fn mistakes_of_all_registries_are_told_at_once() {
    let world =
        World::with("x = 1\n").file("docker.io/hosts.toml", "\n\ny = 1\n").file("_default/hosts.toml", "z = 1\n");
    assert_eq!(
        world.mistakes(),
        [
            "_default/hosts.toml:1: z: unknown field",
            "docker.io/hosts.toml:3: y: unknown field",
            "r.example/hosts.toml:1: x: unknown field",
        ]
    );
}
