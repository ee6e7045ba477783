//! The examples of containerd's own documentation and tests, read as containerd reads them.

use super::*;

const ALL: &str = "pull resolve referrers";

/// `TestParseHostFile` of containerd, with the paths of its certificates made relative.
const PARSED: &str = r#"
server = "https://test-default.registry"
ca = "default.pem"
[header]
  x-custom-1 = "custom header"

[host."https://mirror.registry"]
  capabilities = ["pull"]
  ca = "mirror.pem"
  skip_verify = false
  [host."https://mirror.registry".header]
    x-custom-2 = ["value1", "value2"]

[host."https://mirror-bak.registry/us"]
  capabilities = ["pull"]
  skip_verify = true

[host."http://mirror.registry"]
  capabilities = ["pull"]

[host."https://test-1.registry"]
  capabilities = ["pull", "resolve", "push", "referrers"]
  ca = ["test-1-ca.pem", "special.pem"]
  client = [["client.cert", "client.key"],["client.pem", ""]]

[host."https://test-2.registry"]
  client = "client.pem"

[host."https://test-3.registry"]
  client = ["client-1.pem", "client-2.pem"]

[host."https://no-referrers.registry"]
  capabilities = ["pull", "resolve", "push"]
  client = ["client-1.pem", "client-2.pem"]

[host."https://noncompliantmirror.registry/v2/namespaceprefix"]
  capabilities = ["pull"]
  override_path = true

[host."https://noprefixnoncompliant.registry"]
  override_path = true

[host."https://onlyheader.registry".header]
  x-custom-1 = "justaheader"

[host."https://dial-timeout.registry"]
  dial_timeout = "3s"
"#;

#[test]
fn the_file_of_containerds_test_is_read_as_it_expects() {
    let mut world = World::with(PARSED).pair("r.example/client.cert", "r.example/client.key");
    for name in ["default", "mirror", "test-1-ca", "special"] {
        world = world.file(&format!("r.example/{name}.pem"), certificate_and_key().0);
    }
    for name in ["client", "client-1", "client-2"] {
        let (certificate, key) = certificate_and_key();
        world = world.file(&format!("r.example/{name}.pem"), format!("{certificate}{key}"));
    }
    let hosts = world.hosts("r.example");
    assert_eq!(
        places(&hosts),
        [
            "https://mirror.registry/v2",
            "https://mirror-bak.registry/us/v2",
            "http://mirror.registry/v2",
            "https://test-1.registry/v2",
            "https://test-2.registry/v2",
            "https://test-3.registry/v2",
            "https://no-referrers.registry/v2",
            "https://noncompliantmirror.registry/v2/namespaceprefix",
            "https://noprefixnoncompliant.registry/",
            "https://onlyheader.registry/v2",
            "https://dial-timeout.registry/v2",
            "https://test-default.registry/v2",
        ]
    );
    assert_eq!(
        capabilities(&hosts),
        ["pull", "pull", "pull", ALL, ALL, ALL, "pull resolve", "pull", ALL, ALL, ALL, ALL]
    );
    let counts = |count: fn(&TlsSettings) -> usize| hosts.iter().map(|host| count(&host.tls)).collect::<Vec<_>>();
    assert_eq!(counts(|tls| tls.cas.len()), [1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(counts(|tls| tls.clients.len()), [0, 0, 0, 2, 1, 2, 2, 0, 0, 0, 0, 0]);
    assert_eq!(counts(|tls| tls.skip_verify.into()), [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let headers = |index: usize, name| hosts[index].headers.get_all(name).iter().map(|value| value.to_str().unwrap());
    assert_eq!(headers(0, "x-custom-2").collect::<Vec<_>>(), ["value1", "value2"]);
    assert_eq!(headers(9, "x-custom-1").collect::<Vec<_>>(), ["justaheader"]);
    assert_eq!(headers(11, "x-custom-1").collect::<Vec<_>>(), ["custom header"]);
    let timeouts: Vec<_> = hosts.iter().filter_map(|host| host.connect_timeout).collect();
    assert_eq!(timeouts, [Duration::from_secs(3)]);
}

#[test]
fn the_documentations_examples_are_read_as_it_says() {
    let docker = World::new().file(
        "docker.io/hosts.toml",
        r#"
server = "https://registry-1.docker.io"    # Exclude this to not use upstream

[host."https://public-mirror.example.com"]
  capabilities = ["pull"]                  # Requires less trust, won't resolve tag to digest from this host
[host."https://docker-mirror.internal"]
  capabilities = ["pull", "resolve"]
  ca = "docker-mirror.crt"                 # Or absolute path /etc/containerd/certs.d/docker.io/docker-mirror.crt
"#,
    );
    let docker = docker.file("docker.io/docker-mirror.crt", certificate_and_key().0).hosts("docker.io");
    assert_eq!(
        places(&docker),
        [
            "https://public-mirror.example.com/v2",
            "https://docker-mirror.internal/v2",
            "https://registry-1.docker.io/v2"
        ]
    );
    assert_eq!(capabilities(&docker), ["pull", "pull resolve", ALL]);
    assert_eq!(docker.iter().map(|host| host.is_mirror_of("docker.io")).collect::<Vec<_>>(), [true, true, false]);

    let simple = World::new().file(
        "docker.io/hosts.toml",
        "server = \"https://docker.io\"\n\n[host.\"https://registry-1.docker.io\"]\n  capabilities = [\"pull\", \"resolve\"]\n",
    );
    let simple = simple.hosts("docker.io");
    assert_eq!(places(&simple), ["https://registry-1.docker.io/v2", "https://docker.io/v2"]);
    assert!(simple.iter().all(|host| !host.is_mirror_of("docker.io")));

    let insecure = World::new().file(
        "docker.io/hosts.toml",
        "server = \"https://registry-1.docker.io\"\n\n[host.\"http://192.168.31.250:5000\"]\n  capabilities = [\"pull\", \"resolve\", \"push\"]\n  skip_verify = true\n",
    );
    assert_eq!(
        places(&insecure.hosts("docker.io")),
        ["http://192.168.31.250:5000/v2", "https://registry-1.docker.io/v2"]
    );
}

#[test]
fn the_registry_itself_is_asked_last_where_no_server_is_written() {
    let hosts = World::with("[host.\"https://m.example\"]\n").hosts("r.example");
    assert_eq!(places(&hosts), ["https://m.example/v2", "registry"]);
    assert!(hosts[0].is_mirror_of("r.example") && !hosts[1].is_mirror_of("r.example"));
}

#[test]
fn settings_at_the_top_are_the_registrys_own_also_without_a_server() {
    let hosts = World::with("dial_timeout = \"2s\"\nskip_verify = true\n[header]\na = \"b\"\n").hosts("r.example");
    assert_eq!(places(&hosts), ["registry"]);
    assert_eq!(hosts[0].connect_timeout, Some(Duration::from_secs(2)));
    assert!(hosts[0].tls.skip_verify && hosts[0].headers["a"] == "b");
    assert_eq!(capabilities(&hosts), [ALL]);
}

#[test]
fn a_server_elsewhere_is_a_mirror_and_the_registry_is_not_asked() {
    let world = World::new().file("_default/hosts.toml", "server = \"https://registry.example.com\"\n");
    let hosts = world.hosts("r.example:5000");
    assert_eq!(places(&hosts), ["https://registry.example.com/v2"]);
    assert!(hosts[0].is_mirror_of("r.example:5000") && !hosts[0].is_mirror_of("registry.example.com"));
}

#[test]
fn a_host_may_be_the_server_as_well_with_other_settings() {
    let text = "server = \"https://r.example\"\n[host.\"https://r.example\"]\ncapabilities = [\"PULL\", \"Resolve\"]\n";
    let hosts = World::with(text).hosts("r.example");
    assert_eq!(places(&hosts), ["https://r.example/v2", "https://r.example/v2"]);
    assert_eq!(capabilities(&hosts), ["pull resolve", ALL]);
}

#[test]
fn hosts_are_in_the_order_of_their_first_header() {
    let text =
        "[host.\"z.example\".header]\nx = \"1\"\n[host.\"a.example\"]\n[host.\"z.example\"]\n[host.\"m.example\"]\n";
    assert_eq!(
        places(&World::with(text).hosts("r.example")),
        ["https://z.example/v2", "https://a.example/v2", "https://m.example/v2", "registry"]
    );
}

#[test]
fn times_are_read_as_go_reads_them() {
    for (written, millis) in [("3s", 3_000), ("500ms", 500), ("1m30s", 90_000), ("1.5s", 1_500), ("2h", 7_200_000)] {
        let hosts = World::with(&format!("dial_timeout = \"{written}\"\n")).hosts("r.example");
        assert_eq!(hosts[0].connect_timeout, Some(Duration::from_millis(millis)), "{written}");
    }
}
