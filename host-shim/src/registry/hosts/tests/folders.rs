//! Which folder is whose.

use std::os::unix::fs::symlink;

use super::*;

const MIRROR: &str = "server = \"https://m.example\"\n";

#[test]
fn a_registry_with_a_port_has_a_folder_in_either_spelling() {
    let world = World::new()
        .file("r.example_5000_/hosts.toml", "server = \"https://a.example\"\n")
        .file("s.example:5000/hosts.toml", "server = \"https://b.example\"\n")
        .file("s.example/hosts.toml", "server = \"https://c.example\"\n");
    assert_eq!(places(&world.hosts("r.example:5000")), ["https://a.example/v2"]);
    assert_eq!(places(&world.hosts("s.example:5000")), ["https://b.example/v2"]);
    assert_eq!(places(&world.hosts("s.example")), ["https://c.example/v2"]);
    assert!(world.load().of("r.example").is_none());
}

#[test]
fn the_default_is_for_registries_without_a_folder() {
    let world = World::new().file("_default/hosts.toml", MIRROR).file("r.example/README", "nothing here");
    assert_eq!(places(&world.hosts("other.example:5000")), ["https://m.example/v2"]);
    assert_eq!(places(&world.hosts("docker.io")), ["https://m.example/v2"]);
    // As containerd: a folder without a hosts.toml is a folder.
    assert_eq!(places(&world.hosts("r.example")), ["registry"]);
}

#[test]
fn a_volume_of_kubernetes_is_read_through_its_links() {
    let world = World::new().file("..2026_01_01/r.example/hosts.toml", MIRROR).file(".git/config", "");
    symlink("..2026_01_01", world.path("..data")).unwrap();
    symlink("..data/r.example", world.path("r.example")).unwrap();
    fs::create_dir(world.path("s.example")).unwrap();
    symlink("../..data/r.example/hosts.toml", world.path("s.example/hosts.toml")).unwrap();
    for registry in ["r.example", "s.example"] {
        assert_eq!(places(&world.hosts(registry)), ["https://m.example/v2"]);
    }
}

#[test]
fn a_registry_that_has_two_folders_is_told() {
    let world = World::new().file("r.example:5000/hosts.toml", MIRROR).file("r.example_5000_/hosts.toml", MIRROR);
    assert_eq!(
        world.mistakes(),
        ["r.example_5000_: the folder \"r.example:5000\" is for the same registry; take one out"]
    );
}

#[test]
fn a_folder_whose_name_is_of_no_registry_is_told() {
    for (name, hint) in [
        ("default", "; did you mean \"_default\"?"),
        ("Docker.io", "; did you mean \"docker.io\"?"),
        ("index.docker.io", ""),
        ("r.example:", ""),
        ("r.example_x_", ""),
        ("r.example_0_", ""),
        ("https:__r.example", ""),
        ("registry", ""),
    ] {
        assert_eq!(
            World::new().file(&format!("{name}/hosts.toml"), MIRROR).mistakes(),
            [format!(
                "{name}: the folder's name is of no registry: HOST, HOST_PORT_ or HOST:PORT in lower case as in the names of images, or _default{hint}"
            )]
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_no_text_is_told() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let world = World::new();
    fs::create_dir(world.0.path().join(OsStr::from_bytes(b"r\xff.example"))).unwrap();
    assert_eq!(
        world.mistakes(),
        [
            "r\u{fffd}.example: the folder's name is of no registry: HOST, HOST_PORT_ or HOST:PORT in lower case as in the names of images, or _default"
        ]
    );
}

#[test]
fn a_folder_that_is_not_there_or_is_a_registrys_own_is_told() {
    let missing = RegistryHosts::load(&World::new().path("certs.d"), SkipVerify::Refused).unwrap_err().to_string();
    assert!(
        missing.ends_with("certs.d: the folder cannot be read: No such file or directory (os error 2)"),
        "{missing}"
    );
    assert_eq!(
        World::new().file("hosts.toml", MIRROR).mistakes(),
        [
            "hosts.toml: stands beside the folders of the registries; name the folder that holds a folder for each registry, as docker.io/hosts.toml"
        ]
    );
}

#[test]
fn a_link_that_leads_nowhere_is_told_and_not_taken_for_nothing() {
    let world = World::new();
    symlink("gone", world.path("r.example")).unwrap();
    fs::create_dir(world.path("s.example")).unwrap();
    symlink("gone", world.path("s.example/hosts.toml")).unwrap();
    assert_eq!(
        world.mistakes(),
        [
            "r.example: cannot be read: No such file or directory (os error 2)",
            "s.example/hosts.toml: cannot be read: No such file or directory (os error 2)",
        ]
    );
}

#[test]
fn a_file_that_is_no_text_or_no_file_or_too_large_is_told() {
    let world = World::new()
        .file("a.example/hosts.toml", b"server = \"https://m.example\"\n# \xff\n")
        .file("b.example/hosts.toml/x", "")
        .file("c.example/hosts.toml", "#".repeat(300 << 10));
    assert_eq!(
        world.mistakes(),
        [
            "a.example/hosts.toml: line 2 is not UTF-8; save the file as UTF-8",
            "b.example/hosts.toml: is not a file",
            "c.example/hosts.toml: is larger than 256 KiB",
        ]
    );
}

#[test]
fn more_folders_than_are_read_are_told() {
    let world = World::new();
    for index in 0..=1_000 {
        fs::create_dir(world.path(&format!("r{index}.example"))).unwrap();
    }
    let mistakes = world.mistakes();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].ends_with(": the folder holds more than 1000 entries"), "{mistakes:?}");
}

#[test]
fn all_files_together_are_bounded() {
    let bundle = format!("{}{}", certificate_and_key().0, " ".repeat(3 << 20));
    let mut world = World::new().file("ca.pem", bundle);
    for index in 10..32 {
        world = world.file(&format!("r{index}.example/hosts.toml"), "ca = \"../ca.pem\"\n");
    }
    assert_eq!(
        world.mistakes(),
        [
            "r31.example/hosts.toml:1: ca: \"r31.example/../ca.pem\" cannot be used: the files of all registries together are larger than 64 MiB"
        ]
    );
}
