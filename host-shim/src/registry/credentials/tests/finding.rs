//! Which logins are tried for a repository, in which order, and in which files they are.

use std::fs;

use super::*;

fn entry(user: &str) -> String {
    format!(r#"{{"username":"{user}","password":"p"}}"#)
}

async fn users(keychain: &Keychain, registry: &str, repository: &str) -> Vec<String> {
    let logins = logins(keychain, registry, repository).await;
    logins.iter().map(|login| login.split(' ').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn all_logins_whose_keys_match_are_tried_the_most_specific_first() {
    let keychain = config(&format!(
        r#"{{"auths":{{"*.example":{},"reg.example":{},"reg.example/team":{},"reg.example/team/app":{},"reg.example/tea":{}}}}}"#,
        entry("any"),
        entry("registry"),
        entry("team"),
        entry("app"),
        entry("tea")
    ))
    .unwrap();
    assert_eq!(users(&keychain, "reg.example", "team/app").await, ["app", "team", "registry", "any"]);
    assert_eq!(users(&keychain, "reg.example", "team/app2").await, ["team", "registry", "any"]);
    assert_eq!(users(&keychain, "REG.example", "teammate").await, ["registry", "any"]);
    assert_eq!(users(&keychain, "other.example", "team/app").await, ["any"]);
    for (registry, repository) in [("reg.example:443", "team/app"), ("a.reg.example", "app"), ("docker.io", "team/app")]
    {
        assert!(candidates(&keychain, registry, repository).await.is_empty(), "{registry}");
        assert!(!keychain.may_have(registry, repository), "{registry}");
    }
    assert!(keychain.may_have("other.example", "app"));
}

#[tokio::test]
async fn one_login_under_two_keys_is_tried_once() {
    let auths = format!(r#"{{"auths":{{"https://index.docker.io/v1/":{0},"docker.io":{0}}}}}"#, entry("alice"));
    let keychain = config(&auths).unwrap();
    assert_eq!(users(&keychain, "docker.io", "library/alpine").await, ["alice"]);
    assert_eq!(users(&keychain, "registry-1.docker.io", "library/alpine").await, ["alice"]);
}

#[tokio::test]
async fn of_several_configs_the_first_comes_first_where_keys_are_alike() {
    let of = |user: &str, key: &str| config(&format!(r#"{{"auths":{{"{key}":{}}}}}"#, entry(user))).unwrap();
    let keychain = Keychain::joined([
        of("first", "reg.example"),
        Keychain::none(),
        of("second", "reg.example"),
        of("third", "reg.example/team"),
    ]);
    assert_eq!(users(&keychain, "reg.example", "team/app").await, ["third", "first", "second"]);
}

#[tokio::test]
async fn a_credential_says_where_it_was_found_and_not_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{ALICE}"}}}}}}"#)).unwrap();
    let keychain = Keychain::load(&path, Helpers::Refuse).unwrap();
    let found = candidates(&keychain, "ghcr.io", "team/app").await;
    assert_eq!(found[0].to_string(), format!(r#"{}: auths["ghcr.io"]"#, path.display()));
    for debug in [format!("{keychain:?}"), format!("{:?}", found[0])] {
        assert!(debug.contains("alice") && !debug.contains("hunter2") && !debug.contains(ALICE), "{debug}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let told = |path: &Path| Keychain::load(path, Helpers::Refuse).unwrap_err().to_string();
    let absent = folder.path().join("config.json");
    let expected = |path: &Path, reason| format!("the credentials in {} cannot be used: {reason}", path.display());
    assert_eq!(told(&absent), expected(&absent, "No such file or directory (os error 2)"));
    assert_eq!(told(folder.path()), expected(folder.path(), "it is not a file"));
    let large = folder.path().join("large.json");
    fs::write(&large, " ".repeat(MAX_CONFIG_BYTES + 1)).unwrap();
    assert_eq!(told(&large), expected(&large, "it is larger than 1048576 bytes"));
    #[cfg(unix)]
    {
        assert_eq!(told(Path::new("/dev/zero")), expected(Path::new("/dev/zero"), "it is not a file"));
        std::os::unix::fs::symlink("loop.json", folder.path().join("loop.json")).unwrap();
        assert!(told(&folder.path().join("loop.json")).contains("cannot be used: Too many levels of symbolic links"));
    }
}

#[test]
fn the_config_of_a_user_is_where_docker_has_it_and_need_not_be_there() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::write(home.path().join(".docker/config.json"), format!(r#"{{"auths":{{"home.example":{}}}}}"#, entry("a")))
        .unwrap();
    let of_user = |docker_config: Option<&Path>, home: Option<&Path>| {
        let variable = |name: &str| match name {
            "DOCKER_CONFIG" => docker_config.map(|path| path.as_os_str().to_owned()),
            "HOME" => home.map(|path| path.as_os_str().to_owned()),
            _ => None,
        };
        Keychain::of_user(variable, Helpers::Refuse)
    };
    let has_home = |keychain: Keychain| keychain.may_have("home.example", "app");
    assert!(has_home(of_user(None, Some(home.path())).unwrap()));
    assert!(has_home(of_user(Some(Path::new("")), Some(home.path())).unwrap()));
    assert!(!has_home(of_user(Some(other.path()), Some(home.path())).unwrap()));
    assert!(!has_home(of_user(None, None).unwrap()));
    fs::write(other.path().join("config.json"), "{").unwrap();
    let error = of_user(Some(other.path()), Some(home.path())).unwrap_err().to_string();
    let path = other.path().join("config.json");
    let expected =
        format!("the credentials in {} cannot be used: line 1, column 1: EOF while parsing an object", path.display());
    assert_eq!(error, expected);
}
