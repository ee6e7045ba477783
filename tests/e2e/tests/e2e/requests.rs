//! How many requests an image costs, by the registries' own logs.

use image_integrity_e2e::{DockerConfig, Kind, PASSWORD, Proxy, Registry, Signer, TokenServer};

use super::{DEMO, DEMO_KEYS, verdict_on, verified};

const SIGNER: Signer = Signer { keys: DEMO_KEYS, envelope: "jws" };

/// The signed image of the demo.
const SIGNED: &str = "c0feb77ec644970dff132349d7a71fe592f760146728283ff0b3e5e68c78017c";

/// A registry with the referrers API whose tokens are those of a token server.
struct Guarded {
    tokens: TokenServer,
    registry: Registry,
    front: Proxy,
    login: DockerConfig,
}

impl Guarded {
    fn new() -> Self {
        Self::by(TokenServer::start("app", &[]), |front| DockerConfig::password(front.host(), PASSWORD))
    }

    /// One whose token server gives everybody a token for `app`, and a user without a login.
    fn public() -> Self {
        Self::by(TokenServer::start("app", &["--public", "app"]), |_| DockerConfig::new(&serde_json::json!({})))
    }

    fn by(tokens: TokenServer, login: impl Fn(&Proxy) -> DockerConfig) -> Self {
        let registry = Registry::with_tokens(&tokens);
        let front = Proxy::before(&registry, &["--referrers-api"]);
        let login = login(&front);
        Self { tokens, registry, front, login }
    }

    /// Pushes and signs an image, and tells its name at the front.
    fn signed(&self, name: &str) -> String {
        let image = self.registry.push(name);
        self.registry.sign(&image, SIGNER);
        self.front.image(name)
    }

    /// The requests of one call that verifies these images.
    fn requests_for(&self, images: &[String]) -> Vec<String> {
        let reached = self.front.options();
        let options = reached.iter().cloned().chain(self.login.options());
        let (ended, verdict) = verified(DEMO, options.chain(images.iter().map(Into::into)));
        assert_eq!(ended.code, 0, "{verdict}");
        // A request is logged once it is answered, which may be after the client has ended: ask for something else, and wait for its line.
        let nobody = DockerConfig::new(&serde_json::json!({}));
        let end = reached.into_iter().chain(nobody.options()).chain([self.front.image("end:v1").into()]);
        assert_eq!(verdict_on(DEMO, end), (2, "REGISTRY_UNAUTHORIZED".to_owned()));
        self.front.wait_for_request("/v2/end/manifests/v1");
        let mut requests = self.front.requests();
        requests.retain(|line| !line.contains("/v2/end/"));
        requests
    }

    /// The requests for tokens of a call with the login.
    fn requests_for_tokens(&self) -> Vec<String> {
        let mut requests = self.tokens.requests();
        requests.retain(|line| !line.ends_with("anonymous"));
        requests
    }
}

fn count(requests: &[String], what: &str, status: &str) -> usize {
    requests.iter().filter(|line| line.contains(what) && line.ends_with(status)).count()
}

#[test]
fn the_first_image_of_a_repository_behind_tokens_costs_six_requests() {
    let guarded = Guarded::new();
    let image = guarded.signed("app:v1");
    let requests = guarded.requests_for(&[image]);
    // The question that is answered with who gives tokens, the token, and the four that every image costs.
    assert_eq!(guarded.requests_for_tokens(), ["GET 200 basic alice"]);
    assert_eq!(requests.len(), 5, "{requests:#?}");
    assert_eq!(count(&requests, "/manifests/v1", " 401"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/manifests/v1", " 200"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/referrers/sha256:", " 200"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/manifests/sha256:", " 200"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/blobs/sha256:", " 200"), 1, "{requests:#?}");
}

#[test]
fn a_later_image_of_the_repository_costs_four() {
    let guarded = Guarded::new();
    let images = ["app:v1", "app:v2", "app:v3"].map(|name| guarded.signed(name));
    let requests = guarded.requests_for(&images);
    assert_eq!(guarded.requests_for_tokens(), ["GET 200 basic alice"]);
    assert_eq!(requests.len(), 5 + 4 + 4, "{requests:#?}");
    assert_eq!(count(&requests, "/v2/app/", " 401"), 1, "{requests:#?}");
}

#[test]
fn each_repository_has_a_token_of_its_own() {
    let guarded = Guarded::new();
    let images = ["app:v1", "other:v1"].map(|name| guarded.signed(name));
    let requests = guarded.requests_for(&images);
    assert_eq!(guarded.requests_for_tokens(), ["GET 200 basic alice"; 2]);
    assert_eq!(requests.len(), 5 + 5, "{requests:#?}");
}

#[test]
fn by_digest_it_is_four_requests_as_well() {
    let registry = Registry::plain(Kind::ReferrersApi);
    registry.copy("demo/layout", "signed", "app:v1");
    let pushed = registry.requests().len();
    let image = |digest: &str| registry.image(&format!("app@sha256:{digest}"));
    let question = |image: String| registry.options().into_iter().chain([image.into()]);
    assert_eq!(verdict_on(DEMO, question(image(SIGNED))), (0, "VERIFIED".to_owned()));
    assert_eq!(verdict_on(DEMO, question(image(&"0".repeat(64)))), (2, "IMAGE_NOT_FOUND".to_owned()));
    registry.wait_for_request(&format!("/v2/app/manifests/sha256:{}", "0".repeat(64)));
    let mut requests = registry.requests().split_off(pushed);
    requests.retain(|line| !line.contains(&"0".repeat(64)));
    assert_eq!(requests.len(), 4, "{requests:#?}");
    assert_eq!(count(&requests, &format!("/manifests/sha256:{SIGNED}"), " 200"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/referrers/sha256:", " 200"), 1, "{requests:#?}");
}

#[test]
fn by_digest_behind_tokens_it_is_six() {
    let guarded = Guarded::new();
    guarded.registry.copy("demo/layout", "signed", "app:v1");
    let requests = guarded.requests_for(&[guarded.front.image(&format!("app@sha256:{SIGNED}"))]);
    assert_eq!(guarded.requests_for_tokens(), ["GET 200 basic alice"]);
    assert_eq!(requests.len(), 5, "{requests:#?}");
}

#[test]
fn by_digest_it_is_six_as_well_where_everybody_is_given_a_token() {
    let guarded = Guarded::public();
    guarded.registry.copy("demo/layout", "signed", "app:v1");
    let requests = guarded.requests_for(&[guarded.front.image(&format!("app@sha256:{SIGNED}"))]);
    // The second is for what ends the log.
    assert_eq!(guarded.tokens.requests(), ["GET 200 anonymous"; 2]);
    assert_eq!(requests.len(), 5, "{requests:#?}");
    assert_eq!(count(&requests, "", " 401"), 1, "{requests:#?}");
}

#[test]
fn where_there_is_no_referrers_api_the_fallback_tag_is_one_request_more() {
    let tokens = TokenServer::start("app", &[]);
    let registry = Registry::with_tokens(&tokens);
    let front = Proxy::before(&registry, &[]);
    let guarded = Guarded { login: DockerConfig::password(front.host(), PASSWORD), tokens, registry, front };
    let image = guarded.signed("app:v1");
    let requests = guarded.requests_for(&[image]);
    assert_eq!(requests.len(), 5 + 1, "{requests:#?}");
    assert_eq!(count(&requests, "/referrers/sha256:", " 404"), 1, "{requests:#?}");
    assert_eq!(count(&requests, "/manifests/sha256-", " 200"), 1, "{requests:#?}");
}
