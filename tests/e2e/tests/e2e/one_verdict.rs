//! One image has one verdict, byte for byte but for its name, through every registry, with every login, and by every detour.

use std::{ffi::OsString, fs, path::Path, process::Command, sync::OnceLock};

use image_integrity_e2e::{
    BlobStore, CredentialHelper, DockerConfig, Ended, HostsDir, IDENTITY_TOKEN, Kind, PASSWORD, Proxy, Registry,
    TokenServer, USER, fixture, shim,
};
use serde_json::{Value, json};

use super::judged;

/// The repository has the same path everywhere.
const REPOSITORY: &str = "deislabs/ratify/notary-image";

/// Images of one root.
struct Images {
    layout: &'static str,
    root: &'static str,
    /// Tags, and the code of each image. Signature manifests are in both forms.
    codes: &'static [(&'static str, &'static str)],
}

const IMAGES: [Images; 2] = [
    Images {
        layout: "demo/layout",
        root: "demo/root.pem",
        codes: &[
            ("signed", "VERIFIED"),
            ("unsigned", "SIGNATURE_NOT_FOUND"),
            ("tampered", "SIGNATURE_INVALID"),
            ("untrusted", "CERTIFICATE_UNTRUSTED"),
            ("expired", "SIGNATURE_EXPIRED"),
        ],
    },
    Images {
        layout: "notation-go/layout",
        root: "notation-go/keys/rsa2048.root.pem",
        codes: &[
            ("rsa2048-jws-x509", "VERIFIED"),
            // With an artifactType of its own, and the empty config.
            ("rsa2048-cose-x509", "VERIFIED"),
            // A stranger's signature as well, which registries list before or after the good one.
            ("two-signatures-jws", "VERIFIED"),
            ("two-signatures-cose", "VERIFIED"),
        ],
    },
];

/// How often the command line is called for all verdicts.
const CALLS: usize = IMAGES.len();

const LAYOUTS: [&str; 2] = [IMAGES[0].layout, IMAGES[1].layout];

/// Copies all images with their signatures.
fn fill(registry: &Registry) {
    for images in &IMAGES {
        for (tag, _) in images.codes {
            registry.copy(images.layout, tag, &format!("{REPOSITORY}:{tag}"));
        }
    }
}

/// The verdicts on the images at a host, with another name in place of the host's: each by itself, and the document that holds them.
fn verdicts(host: &str, verify: &dyn Fn() -> Command) -> Vec<String> {
    let mut verdicts = Vec::new();
    for images in &IMAGES {
        let (ended, verdict) = verdict_on(images, host, verify);
        for (tag, _) in images.codes {
            verdicts.push(format!("{tag}: {}", verdict["images"][format!("{host}/{REPOSITORY}:{tag}")]));
        }
        verdicts.push(format!("{} {}", ended.code, ended.out));
    }
    verdicts.into_iter().map(|verdict| verdict.replace(host, "registry.example")).collect()
}

/// The verdict document of one call, in which each image has its code.
fn verdict_on(images: &Images, host: &str, verify: &dyn Fn() -> Command) -> (Ended, Value) {
    let folder = tempfile::tempdir().unwrap();
    let image = |tag: &str| format!("{host}/{REPOSITORY}:{tag}");
    let mut command = verify();
    command.arg("--config").arg(trusting(images.root, folder.path())).args(["--now", "2026-11-24T12:00:00Z"]);
    command.args(images.codes.iter().map(|(tag, _)| image(tag)));
    let (ended, verdict) = judged(&mut command);
    for (tag, code) in images.codes {
        assert_eq!(verdict["images"][image(tag)]["code"], *code, "{tag}: {ended:?}");
    }
    (ended, verdict)
}

/// The demo's configuration with another root.
fn trusting(root: &str, folder: &Path) -> OsString {
    let pem = |name: &str| fs::read_to_string(fixture(name)).unwrap().trim().replace('\n', "\n      ");
    let config = fs::read_to_string(fixture(super::DEMO)).unwrap();
    let demo = pem("demo/root.pem");
    assert!(config.contains(&demo), "the demo's configuration holds its root");
    let path = folder.join("config.yaml");
    fs::write(&path, config.replace(&demo, &pem(root))).unwrap();
    path.into()
}

/// Asserts the verdicts that a registry gives that has the referrers API and wants no login.
fn assert_one_verdict_through(host: &str, verify: &dyn Fn() -> Command) {
    static EXPECTED: OnceLock<Vec<String>> = OnceLock::new();
    let expected = EXPECTED.get_or_init(|| {
        let registry = Registry::plain(Kind::ReferrersApi);
        fill(&registry);
        verdicts(registry.host(), &verify_with(&[&registry.options()]))
    });
    for (verdict, expected) in verdicts(host, verify).iter().zip(expected) {
        assert_eq!(verdict, expected);
    }
}

/// Asserts that each of the calls, which ask for several images of one repository, has asked for one token.
fn assert_asked_once_a_call(tokens: &TokenServer, requests: &[&str]) {
    assert_eq!(tokens.requests(), requests.repeat(CALLS));
}

fn verify_with<'o>(options: &'o [&'o [OsString]]) -> impl Fn() -> Command + 'o {
    move || {
        let mut command = shim();
        command.arg("verify").args(options.iter().copied().flatten());
        command
    }
}

/// Without a login.
fn assert_one_verdict_at(registry: &Registry) {
    fill(registry);
    assert_one_verdict_through(registry.host(), &verify_with(&[&registry.options()]));
}

/// With this docker config.
fn assert_one_verdict_as(registry: &Registry, login: &DockerConfig) {
    fill(registry);
    assert_one_verdict_through(registry.host(), &verify_with(&[&registry.options(), &login.options()]));
}

#[test]
fn through_cuelabs_that_does_not_filter() {
    assert_one_verdict_at(&Registry::plain(Kind::NoFilter));
}

#[test]
fn through_cuelabs_without_the_referrers_api() {
    assert_one_verdict_at(&Registry::plain(Kind::FallbackTag));
}

#[test]
fn through_cuelabs_over_tls() {
    assert_one_verdict_at(&Registry::with_tls(Kind::ReferrersApi));
}

#[test]
fn through_go_containerregistry_which_lists_the_wrong_types() {
    assert_one_verdict_at(&Registry::plain(Kind::ConfigTypes));
}

#[test]
fn through_go_containerregistry_without_the_referrers_api() {
    assert_one_verdict_at(&Registry::plain(Kind::ConfigTypesFallbackTag));
}

#[test]
fn through_cncf_distribution() {
    assert_one_verdict_at(&Registry::plain(Kind::Distribution));
}

#[test]
fn through_cncf_distribution_over_tls() {
    assert_one_verdict_at(&Registry::with_tls(Kind::Distribution));
}

#[test]
fn with_a_password_by_basic() {
    let registry = Registry::with_htpasswd();
    assert_one_verdict_as(&registry, &DockerConfig::password(registry.host(), PASSWORD));
}

#[test]
fn with_the_auth_member_that_docker_login_writes() {
    let registry = Registry::with_htpasswd();
    assert_one_verdict_as(&registry, &DockerConfig::basic(registry.host()));
}

#[test]
fn with_a_credential_helper() {
    let registry = Registry::with_htpasswd();
    let helper = CredentialHelper::saying(registry.host(), USER, PASSWORD);
    let login = DockerConfig::new(&json!({ "credHelpers": { registry.host(): "e2e" } }));
    fill(&registry);
    let (reached, login) = (registry.options(), login.options());
    let options: [&[OsString]; 2] = [&reached, &login];
    let verify = verify_with(&options);
    assert_one_verdict_through(registry.host(), &|| {
        let mut command = verify();
        command.env("PATH", helper.path());
        command
    });
}

#[test]
fn with_a_credential_store() {
    let tokens = TokenServer::start(REPOSITORY, &[]);
    let registry = Registry::with_tokens(&tokens);
    let helper = CredentialHelper::saying(registry.host(), "<token>", IDENTITY_TOKEN);
    let login = DockerConfig::new(&json!({ "credsStore": "e2e" }));
    fill(&registry);
    // Where nothing is said of it, the configuration is that of the user.
    let reached = registry.options();
    let options: [&[OsString]; 1] = [&reached];
    let verify = verify_with(&options);
    assert_one_verdict_through(registry.host(), &|| {
        let mut command = verify();
        command.env("PATH", helper.path()).env("DOCKER_CONFIG", login.folder());
        command
    });
    assert_asked_once_a_call(&tokens, &["POST 200 refresh_token"]);
}

#[test]
fn with_a_token_for_a_password() {
    let tokens = TokenServer::start(REPOSITORY, &[]);
    let registry = Registry::with_tokens(&tokens);
    assert_one_verdict_as(&registry, &DockerConfig::password(registry.host(), PASSWORD));
    assert_asked_once_a_call(&tokens, &["GET 200 basic alice"]);
}

#[test]
fn with_a_token_for_an_identity_token() {
    let tokens = TokenServer::start(REPOSITORY, &[]);
    let registry = Registry::with_tokens(&tokens);
    assert_one_verdict_as(&registry, &DockerConfig::identity_token(registry.host()));
    assert_asked_once_a_call(&tokens, &["POST 200 refresh_token"]);
}

#[test]
fn with_a_token_for_an_identity_token_where_there_is_no_oauth2_form() {
    for status in ["404", "405"] {
        let tokens = TokenServer::start(REPOSITORY, &["--no-post", status]);
        let registry = Registry::with_tokens(&tokens);
        assert_one_verdict_as(&registry, &DockerConfig::identity_token(registry.host()));
        assert_asked_once_a_call(&tokens, &[&format!("POST {status}"), "GET 200 basic"]);
    }
}

#[test]
fn with_a_token_that_everybody_gets() {
    let tokens = TokenServer::start(REPOSITORY, &["--public", REPOSITORY]);
    let registry = Registry::with_tokens(&tokens);
    assert_one_verdict_at(&registry);
    assert_asked_once_a_call(&tokens, &["GET 200 anonymous"]);
}

#[test]
fn with_a_registry_token_as_it_is() {
    let tokens = TokenServer::start(REPOSITORY, &[]);
    let registry = Registry::with_tokens(&tokens);
    assert_one_verdict_as(&registry, &DockerConfig::registry_token(registry.host(), &tokens.registry_token()));
    assert_asked_once_a_call(&tokens, &[]);
}

#[test]
fn by_pages_of_one() {
    let registry = Registry::plain(Kind::NoFilter);
    fill(&registry);
    for links in ["relative", "absolute"] {
        let pages = Proxy::before(&registry, &["--page=1", "--links", links]);
        assert_one_verdict_through(pages.host(), &verify_with(&[&pages.options()]));
        assert!(pages.requests().iter().any(|line| line.contains("page=1")), "{links}: {:#?}", pages.requests());
    }
}

#[test]
fn by_pages_behind_a_login() {
    let tokens = TokenServer::start(REPOSITORY, &[]);
    let registry = Registry::with_tokens(&tokens);
    fill(&registry);
    let pages = Proxy::before(&registry, &["--referrers-api", "--page=1"]);
    let login = DockerConfig::password(pages.host(), PASSWORD);
    assert_one_verdict_through(pages.host(), &verify_with(&[&pages.options(), &login.options()]));
}

#[test]
fn by_a_redirect_of_every_blob() {
    let registry = Registry::plain(Kind::ReferrersApi);
    fill(&registry);
    let storage = BlobStore::of(&LAYOUTS, &registry);
    let redirecting = Proxy::redirecting(&registry, &storage);
    assert_one_verdict_through(redirecting.host(), &verify_with(&[&redirecting.options()]));
}

#[test]
fn by_a_redirect_behind_a_login() {
    let registry = Registry::with_htpasswd();
    fill(&registry);
    let storage = BlobStore::of(&LAYOUTS, &registry);
    let redirecting = Proxy::redirecting(&registry, &storage);
    let login = DockerConfig::password(redirecting.host(), PASSWORD);
    assert_one_verdict_through(redirecting.host(), &verify_with(&[&redirecting.options(), &login.options()]));
}

#[test]
fn by_a_mirror_of_ghcr_io() {
    let mirror = Registry::plain(Kind::ReferrersApi);
    fill(&mirror);
    let hosts = HostsDir::new("ghcr.io", &[&mirror.origin()], "http://127.0.0.1:1");
    assert_one_verdict_through("ghcr.io", &verify_with(&[&hosts.options()]));
}
