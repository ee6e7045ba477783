//! CAs and client certificates: those that a `hosts.toml` names, and those in a folder as Docker lays it out.

use super::*;

#[test]
fn a_folder_without_a_hosts_toml_holds_certificates_as_docker_lays_them_out() {
    let (certificate, key) = certificate_and_key();
    let world = World::new()
        .file("r.example:5000/ca.crt", certificate_and_key().0)
        .file("r.example:5000/other.crt", certificate_and_key().0)
        .pair("r.example:5000/client.cert", "r.example:5000/client.key")
        .file("r.example:5000/both.cert", format!("{certificate}{key}"))
        .file("r.example:5000/hosts.toml", "");
    let hosts = world.hosts("r.example:5000");
    assert_eq!(places(&hosts), ["registry"]);
    assert_eq!((hosts[0].tls.cas.len(), hosts[0].tls.clients.len()), (2, 2));
    assert_eq!(capabilities(&hosts), ["pull resolve referrers"]);
}

#[test]
fn a_hosts_toml_takes_the_place_of_certificates_beside_it() {
    let world = World::with("# nothing\n").file("r.example/ca.crt", certificate_and_key().0);
    assert!(world.hosts("r.example")[0].tls.cas.is_empty());
}

#[test]
fn files_in_dockers_layout_that_cannot_be_used_are_told() {
    let (certificate, _) = certificate_and_key();
    let world = World::new()
        .file("r.example/a.crt", "no PEM")
        .file("r.example/b.cert", &certificate)
        .file("r.example/c.key", "")
        .file("r.example/host.toml", "");
    assert_eq!(
        world.mistakes(),
        [
            "r.example/a.crt: it holds no certificate in PEM",
            "r.example/b.cert: it holds no private key in PEM that is not encrypted",
            "r.example/c.key: the certificate of this key is missing: \"c.cert\" beside it",
            "r.example/host.toml: is not read; rename it to \"hosts.toml\"",
        ]
    );
}

#[test]
fn a_file_that_is_named_and_cannot_be_used_is_told_in_its_line() {
    let (certificate, key) = certificate_and_key();
    let world = World::with(
        "ca = \"missing.pem\"\n[host.\"a.example\"]\nca = [\"empty.pem\", \".\"]\n[host.\"b.example\"]\nclient = [\n  \"cert.pem\",\n  [\"cert.pem\", \"empty.pem\"],\n  [\"cert.pem\", \"other.pem\"],\n]\n",
    )
    .file("r.example/empty.pem", "")
    .file("r.example/cert.pem", &certificate)
    .file("r.example/other.pem", certificate_and_key().1);
    assert_eq!(
        world.mistakes(),
        [
            "r.example/hosts.toml:1: ca: \"r.example/missing.pem\" cannot be used: No such file or directory (os error 2)",
            "r.example/hosts.toml:3: host[\"a.example\"].ca[0]: \"r.example/empty.pem\" cannot be used: it holds no certificate in PEM",
            "r.example/hosts.toml:3: host[\"a.example\"].ca[1]: \"r.example/.\" cannot be used: it is not a file",
            "r.example/hosts.toml:6: host[\"b.example\"].client[0]: \"r.example/cert.pem\" cannot be used: it holds no private key in PEM that is not encrypted",
            "r.example/hosts.toml:7: host[\"b.example\"].client[1]: \"r.example/cert.pem\" cannot be used: its key \"r.example/empty.pem\": it holds no private key in PEM that is not encrypted",
            "r.example/hosts.toml:8: host[\"b.example\"].client[2]: \"r.example/cert.pem\" cannot be used: certificate and key do not go together (keys may not be consistent: KeyMismatch)",
        ]
    );
    let world = world.file("r.example/missing.pem", &certificate).file("r.example/other.pem", key);
    assert!(!world.mistakes().iter().any(|line| line.contains("toml:1:") || line.contains("toml:8:")));
}

#[test]
fn nothing_of_a_key_or_a_header_is_shown() {
    let (certificate, key) = certificate_and_key();
    let broken = key.replace("-----END", "-----ENDE");
    let world = World::with("client = \"client.pem\"\n").file("r.example/client.pem", format!("{certificate}{broken}"));
    let told = world.mistakes().join("\n");
    assert!(key.lines().filter(|line| !line.starts_with('-')).all(|line| !told.contains(line)), "{told}");

    let world = World::with("client = \"client.pem\"\n[header]\nauthorization = \"Basic c2VjcmV0\"\n");
    let world = world.file("r.example/client.pem", format!("{certificate}{key}"));
    let shown = format!("{:?}", world.load());
    assert!(!shown.contains("c2VjcmV0") && shown.contains("\"authorization\": Sensitive"), "{shown}");
    assert!(shown.contains("TlsSettings { cas: 0, clients: 1, skip_verify: false }"), "{shown}");
}
