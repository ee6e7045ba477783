//! Mirrors by `hosts.toml`: which is asked for what, in which order, and what each of them is shown.

use std::{fs, net::TcpListener};

use super::{
    logins::{alice, of_entries, resolve_of},
    *,
};
use crate::registry::hosts::SkipVerify;

/// Registries of which `registry` has this `hosts.toml`.
fn mirrored(registry: &str, toml: &str, keychain: Keychain) -> Registries {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(registry);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("hosts.toml"), toml).unwrap();
    let hosts = RegistryHosts::load(folder.path(), SkipVerify::Refused).unwrap();
    let options = RegistryOptions { plain_http: PlainHttp::Always, hosts, keychain, ..Default::default() };
    Registries::new(options).unwrap()
}

/// A mirror and the registry itself, which has the name `r.example` and is asked last.
struct Pair {
    mirror: Server,
    upstream: Server,
}

impl Pair {
    async fn of(mirror: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self { mirror: Server::start(mirror).await, upstream: Server::start(registry).await }
    }

    fn registries(&self) -> Registries {
        self.with("", Keychain::none())
    }

    /// With more about the mirror.
    fn with(&self, fields: &str, keychain: Keychain) -> Registries {
        let (mirror, upstream) = (self.mirror.host(), self.upstream.host());
        let fields = fields.replace("HOST", &format!("\"http://{mirror}\""));
        let toml = format!("server = \"http://{upstream}\"\n[host.\"http://{mirror}\"]\n{fields}\n");
        mirrored("r.example", &toml, keychain)
    }

    fn asked(&self) -> (usize, usize) {
        (self.mirror.seen().len(), self.upstream.seen().len())
    }
}

/// The registry itself, which has everything.
fn registry(seen: &Seen) -> Reply {
    match seen.path() {
        path if path.contains("/referrers/") => page("[]", &[]),
        _ => manifest_reply(CONTENT),
    }
}

fn named(name: &str) -> Reference {
    format!("r.example/app{name}").parse().unwrap()
}

async fn listed(registries: &Registries) -> Result<Listing, FetchError> {
    let image = named("");
    registries.repository(&image).referrers(&digest_of(CONTENT), &WantedTypes::Every, &allowance(ample())).await
}

#[tokio::test]
async fn a_mirror_is_asked_first_and_told_which_registry_is_meant() {
    let pair = Pair::of(registry).await;
    assert!(resolve_of(&pair.registries(), &named(":v1")).await.is_ok());
    assert_eq!(pair.mirror.seen()[0].target, "/v2/app/manifests/v1?ns=r.example");
    assert_eq!(pair.asked(), (1, 0));
}

#[tokio::test]
async fn a_mirror_is_asked_only_for_what_it_can() {
    let digest = format!("@{}", digest_of(CONTENT));
    for (capabilities, by_tag, by_digest, list) in [
        ("pull", (0, 1), (1, 0), (0, 1)),
        ("resolve", (1, 0), (0, 1), (1, 0)),
        ("referrers", (0, 1), (0, 1), (1, 0)),
        ("push", (0, 1), (0, 1), (0, 1)),
    ] {
        let fields = format!("capabilities = [\"{capabilities}\"]");
        for (name, expected) in [(":v1", by_tag), (&digest, by_digest)] {
            let pair = Pair::of(registry).await;
            assert!(resolve_of(&pair.with(&fields, Keychain::none()), &named(name)).await.is_ok());
            assert_eq!(pair.asked(), expected, "{capabilities} {name}");
        }
        let pair = Pair::of(registry).await;
        assert!(listed(&pair.with(&fields, Keychain::none())).await.is_ok());
        assert_eq!(pair.asked(), list, "{capabilities}");
    }
}

#[tokio::test]
async fn where_no_host_can_the_error_says_so() {
    let server = Server::start(registry).await;
    let toml = format!("server = \"http://{}\"\ncapabilities = [\"push\"]\n", server.host());
    let error = resolve_of(&mirrored("r.example", &toml, Keychain::none()), &named(":v1")).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryUnavailable);
    assert!(error.to_string().contains("no host in its hosts.toml has the capability"), "{error}");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn the_next_host_is_asked_where_one_has_no_answer_and_the_bytes_are_checked() {
    // R2: a mirror that lies is found out by the digest.
    let image = named(&format!("@{}", digest_of(CONTENT)));
    for reply in [
        not_found("MANIFEST_UNKNOWN"),
        Reply::new(401, &[("www-authenticate", "Basic")], ""),
        Reply::new(403, &[], ""),
        Reply::new(429, &[("retry-after", "9")], ""),
        Reply::new(500, &[], ""),
        Reply::new(503, &[], ""),
        Reply::new(200, &[("content-type", "text/html")], "<html>"),
        manifest_reply(r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","other":1}"#),
        Reply::new(307, &[("location", "http://169.254.169.254/")], ""),
        Reply::new(401, &[("www-authenticate", r#"Bearer realm="http://10.0.0.7/token""#)], ""),
        Reply::raw(b""),
    ] {
        let shown = format!("{reply:?}");
        let pair = Pair::of(move |_| reply.clone()).await;
        let resolved = resolve_of(&pair.registries(), &image).await;
        assert_eq!(resolved.unwrap().digest, digest_of(CONTENT).as_str(), "{shown}");
        assert_eq!(pair.asked(), (1, 1), "each is asked once: {shown}");
    }
}

#[tokio::test]
async fn one_that_hangs_leaves_time_for_the_next_and_is_passed_over_from_then_on() {
    // R4: half of what is left.
    let pair = Pair::of(|_| Reply::raw(b"").then_hang()).await;
    let (registries, image) = (pair.registries(), named(":v1"));
    let second = allowance(Deadline::within(Duration::from_secs(1)));
    assert!(registries.repository(&image).resolve(&image, &second).await.is_ok());
    assert!(resolve_of(&registries, &image).await.is_ok());
    assert_eq!(pair.asked(), (1, 2));
}

#[tokio::test]
async fn a_mirror_that_nobody_runs_is_named_where_the_registry_fails_too() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstream = Server::start(|_| not_found("MANIFEST_UNKNOWN")).await;
    let toml = format!("server = \"http://{}\"\n[host.\"http://{free}\"]\n", upstream.host());
    let registries = mirrored("r.example", &toml, Keychain::none());
    let error = resolve_of(&registries, &named(":v1")).await.unwrap_err();
    assert_eq!(error.code(), Code::ImageNotFound);
    let (told, upstream) = (error.to_string(), upstream.host());
    assert!(told.starts_with(&format!("{upstream}: image v1 of app: ")), "{told}");
    assert!(told.contains(&format!("; asked before: {free}: image v1 of app: the connection failed")), "{told}");
    // It is down, and not asked again.
    let again = resolve_of(&registries, &named(":v1")).await.unwrap_err().to_string();
    assert!(!again.contains(&free.to_string()), "{again}");
}

#[tokio::test]
async fn one_that_lists_nothing_is_no_proof_that_there_is_nothing() {
    let entry = format!(r#"[{{"mediaType":"{MANIFEST}","digest":"{}","size":7}}]"#, digest_of("x"));
    let list = move |seen: &Seen| match seen.path() {
        path if path.contains("/referrers/") => page(&entry, &[]),
        _ => not_found("MANIFEST_UNKNOWN"),
    };
    for reply in [
        not_found("MANIFEST_UNKNOWN"),
        Reply::new(404, &[], ""),
        Reply::new(500, &[], ""),
        page("[]", &[("link", "<http://elsewhere.example/>; rel=next")]),
    ] {
        let shown = format!("{reply:?}");
        let pair =
            Pair { mirror: Server::start(move |_| reply.clone()).await, upstream: Server::start(list.clone()).await };
        let listing = listed(&pair.registries()).await.unwrap();
        assert_eq!((listing.referrers.len(), listing.incomplete.is_none()), (1, true), "{shown}");
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_everywhere_is_partial() {
    // R13: partial is not none.
    let entry = format!(r#"[{{"mediaType":"{MANIFEST}","digest":"{}","size":7}}]"#, digest_of("x"));
    let mirror = page(&entry, &[("link", "<http://elsewhere.example/>; rel=next")]);
    let pair = Pair {
        mirror: Server::start(move |_| mirror.clone()).await,
        upstream: Server::start(|_| Reply::new(503, &[("retry-after", "60")], "")).await,
    };
    let listing = listed(&pair.registries()).await.unwrap();
    assert_eq!(listing.referrers.len(), 1);
    assert_eq!(listing.incomplete.map(|failure| failure.code), Some(Code::RegistryResponseInvalid));
}

#[tokio::test]
async fn headers_of_a_host_go_to_it_and_nowhere_else() {
    // R8: what is our own goes to the origin that it is meant for.
    let storage = Server::start(|_| manifest_reply(CONTENT)).await;
    let to = format!("http://{}/blob", storage.host());
    let pair = Pair::of(move |_| Reply::new(307, &[("location", &to)], "")).await;
    let registries =
        pair.with("[host.HOST.header]\nx-key = \"k1\"\nauthorization = \"Bearer fixed\"", Keychain::none());
    assert!(resolve_of(&registries, &named(":v1")).await.is_ok());
    let seen = &pair.mirror.seen()[0];
    assert_eq!((seen.header("x-key"), seen.header("authorization")), (Some("k1"), Some("Bearer fixed")));
    let seen = &storage.seen()[0];
    assert_eq!((seen.header("x-key"), seen.header("authorization"), seen.header("user-agent")), (None, None, None));

    let pair = Pair::of(|_| Reply::new(500, &[], "")).await;
    let registries = pair.with("[host.HOST.header]\nx-key = \"k1\"", Keychain::none());
    assert!(resolve_of(&registries, &named(":v1")).await.is_ok());
    assert_eq!(pair.upstream.seen()[0].header("x-key"), None);
    assert!(!format!("{registries:?}").contains("k1"));
}

#[tokio::test]
async fn the_login_of_the_registry_is_not_shown_to_its_mirror() {
    // R8: a mirror has the logins of its own name.
    let basic = Reply::new(401, &[("www-authenticate", "Basic")], "");
    let pair = Pair::of(move |_| basic.clone()).await;
    let keychain = of_entries(&[("r.example", &alice()), (&pair.upstream.host(), &alice())]);
    assert!(resolve_of(&pair.with("", keychain), &named(":v1")).await.is_ok());
    assert!(pair.mirror.seen().iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(pair.asked(), (1, 1));
}

#[tokio::test]
async fn a_login_that_a_mirror_refuses_is_told_and_not_passed_over() {
    let basic = Reply::new(401, &[("www-authenticate", "Basic")], "");
    let pair = Pair::of(move |_| basic.clone()).await;
    let keychain = of_entries(&[(&pair.mirror.host(), &alice())]);
    let error = resolve_of(&pair.with("", keychain), &named(":v1")).await.unwrap_err();
    assert_eq!(error.code(), Code::RegistryLoginFailed, "{error}");
    assert_eq!(pair.asked(), (2, 0));
}

#[tokio::test]
async fn below_a_path_of_its_own_a_repository_is_logged_in_to_by_its_whole_name() {
    let mirror = Server::start(|seen| match (seen.path(), seen.header("authorization")) {
        ("/token", _) if seen.target.ends_with("scope=repository%3Aproxy%2Fapp%3Apull") => super::logins::token("t1"),
        ("/v2/proxy/app/manifests/v1", Some("Bearer t1")) => manifest_reply(CONTENT),
        ("/token", _) => Reply::new(403, &[], ""),
        _ => super::logins::challenge(seen),
    })
    .await;
    let host = mirror.host();
    let toml = format!("server = \"http://{host}/v2/proxy\"\noverride_path = true\n");
    let keychain =
        of_entries(&[(&format!("{host}/proxy"), &alice()), (&format!("{host}/app"), r#""registrytoken":"r""#)]);
    assert!(resolve_of(&mirrored("r.example", &toml, keychain), &named(":v1")).await.is_ok());
    assert_eq!(mirror.seen().len(), 3);
}

#[tokio::test]
async fn a_mirror_that_waits_for_one_registry_is_asked_for_another() {
    let hanging =
        Pair::of(
            |seen| if seen.target.contains("ns=r.example") { Reply::raw(b"").then_hang() } else { registry(seen) },
        )
        .await;
    let (mirror, upstream) = (hanging.mirror.host(), hanging.upstream.host());
    let toml = format!("server = \"http://{upstream}\"\n[host.\"http://{mirror}\"]\n");
    let folder = tempfile::tempdir().unwrap();
    for name in ["r.example", "s.example"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("hosts.toml"), &toml).unwrap();
    }
    let hosts = RegistryHosts::load(folder.path(), SkipVerify::Refused).unwrap();
    let registries = Registries::new(RegistryOptions { plain_http: PlainHttp::Always, hosts, ..Default::default() });
    let registries = registries.unwrap();
    let resolved = async |name: &str, deadline| {
        let image: Reference = name.parse().unwrap();
        registries.repository(&image).resolve(&image, &allowance(deadline)).await
    };
    assert!(resolved("r.example/app:v1", short()).await.is_ok());
    assert_eq!(hanging.asked(), (1, 1));
    assert!(resolved("s.example/app:v1", ample()).await.is_ok());
    assert_eq!(hanging.asked(), (2, 1));
}
