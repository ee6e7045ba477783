//! Keys that mean an image in more than one way, and whose image it is.

use super::world::{VERIFY, World, item};
use crate::{
    config::tests::{certificate_store, object, verifier},
    reference::Selector,
    registry::hosts::{RegistryHosts, SkipVerify},
    testing::{
        fixture,
        registry::{self, demo_layout, plain_demo},
        server::{Seen, Server},
    },
};

fn digest_of(tag: &str) -> String {
    demo_layout().select(Selector::tag(tag).as_ref()).unwrap().subject.digest.to_string()
}

#[tokio::test]
async fn a_short_name_means_the_image_of_docker_hub_that_everybody_else_means() {
    let layout = demo_layout();
    let server = Server::start(move |seen| {
        let target = seen.target.replacen("/v2/library/app/", "/v2/app/", 1).replace("/latest", "/signed");
        if target == seen.target {
            return registry::not_found("NAME_UNKNOWN");
        }
        registry::answer(&layout, &Seen { target, ..seen.clone() })
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let of_hub = folder.path().join("docker.io");
    std::fs::create_dir(&of_hub).unwrap();
    let mirror =
        format!("[host.\"http://{}\"]\ncapabilities = [\"pull\", \"resolve\", \"referrers\"]\n", server.host());
    std::fs::write(of_hub.join("hosts.toml"), mirror).unwrap();
    let hosts = RegistryHosts::load(folder.path(), SkipVerify::Refused).unwrap();
    let asked = World { hosts, ..World::default() }.start().await;
    let subject = format!("docker.io/library/app@{}", digest_of("signed"));
    for key in [
        "app:signed",
        "library/app:signed",
        "docker.io/app:signed",
        "Docker.IO/library/app:signed",
        "index.docker.io/app:signed",
        &format!("app@{}", digest_of("signed")),
    ] {
        let response = asked.keys(VERIFY, &[key]).await;
        let value = &item(&response, key)["value"];
        assert_eq!((&value["code"], &value["subject"]), (&"VERIFIED".into(), &subject.as_str().into()), "{key}");
    }
    // Without a tag it is `latest`, which this registry has.
    assert_eq!(asked.code("app").await, "VERIFIED");
    assert!(server.paths().contains(&"/v2/library/app/manifests/latest".to_owned()), "{:?}", server.paths());
}

#[tokio::test]
async fn beside_a_digest_a_tag_says_nothing() {
    let (server, asked) = (plain_demo().await, World::default().start().await);
    for (tag, of, code) in [
        ("unsigned", "signed", "VERIFIED"),
        ("missing", "signed", "VERIFIED"),
        ("signed", "unsigned", "SIGNATURE_NOT_FOUND"),
    ] {
        let digest = digest_of(of);
        let key = format!("{}/app:{tag}@{digest}", server.host());
        let response = asked.keys(VERIFY, &[&key]).await;
        let value = &item(&response, &key)["value"];
        assert_eq!(value["code"], code, "{key}");
        assert_eq!(value["subject"], format!("{}/app@{digest}", server.host()), "{key}");
    }
    assert!(server.paths().iter().all(|path| path.contains("sha256:")), "{:?}", server.paths());
}

#[tokio::test]
async fn what_one_namespace_demands_is_asked_of_its_images_alone() {
    let cluster = std::fs::read_to_string(fixture("demo/verify-config.yaml")).unwrap();
    let stranger = std::fs::read_to_string(fixture("demo/keys/stranger.root.pem")).unwrap();
    let config = [
        cluster,
        object("Policy", "ratify-policy", "{type: config-policy}"),
        certificate_store("team-a/own", &stranger),
        verifier("NamespacedVerifier", "team-a/v", "team-a/own"),
    ]
    .concat();
    let server = plain_demo().await;
    let key = |namespace: &str| format!("{namespace}{}/app:signed", server.host());
    let expected = [("", "VERIFIED"), ("[team-a]", "CERTIFICATE_UNTRUSTED"), ("[team-b]", "VERIFIED")];
    // Whoever asks first, nobody is given what was decided for another.
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0]] {
        let asked = World { config: config.clone(), ..World::default() }.start().await;
        for (namespace, code) in order.map(|index| expected[index]) {
            assert_eq!(asked.code(&key(namespace)).await, code, "{namespace} in {order:?}");
        }
    }
}
