//! The binary against registries that attack it: whatever one of them sends as manifest, list, token or blob, the call ends in time with its own code,
//! in little memory, and its credential stays where it belongs.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Ended, ended};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/demo");
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The signed image of the demo, its signature's manifest and that one's envelope.
const IMAGE: &str = "c0feb77ec644970dff132349d7a71fe592f760146728283ff0b3e5e68c78017c";
const SIGNATURE: &str = "c3c05df042abe1854c3bb20bf6e22d6704c5d01d0c9ec65d8afa40e253a41757";
/// `alice:h0stile-pass`
const ALICE: &str = "YWxpY2U6aDBzdGlsZS1wYXNz";
const SECRETS: [&str; 4] = ["h0stile-pass", ALICE, "t0ken-of-alice", "alice"];

/// What is answered in an odd way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Manifest,
    Referrers,
    Token,
    Blob,
}

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attack {
    /// The answer has no end.
    Endless,
    /// It says that it has many bytes.
    Huge,
    /// It never comes to its end.
    Slow,
    /// It is compressed, although nobody asked for that.
    Compressed,
    /// It holds something else than it should.
    Lying,
    /// It leads to itself.
    Looping,
    /// It leads to another server.
    Elsewhere,
}

use At::{Blob, Manifest, Referrers, Token};
use Attack::{Compressed, Elsewhere, Endless, Huge, Looping, Lying, Slow};

#[test]
fn without_an_attack_the_image_is_verified() {
    let told = World::new(None).verify();
    assert_eq!(told.code, 0, "{}{}", told.out, told.err);
}

#[test]
fn attacks_at_the_manifest_end_with_their_codes() {
    expect(
        Manifest,
        [
            (Endless, "CONTENT_TOO_LARGE"),
            (Huge, "CONTENT_TOO_LARGE"),
            (Slow, "REGISTRY_TIMEOUT"),
            (Compressed, "REGISTRY_RESPONSE_INVALID"),
            (Lying, "DIGEST_MISMATCH"),
            (Looping, "REGISTRY_REDIRECT_REFUSED"),
            (Elsewhere, "IMAGE_NOT_FOUND"),
        ],
    );
}

#[test]
fn attacks_at_the_list_of_referrers_end_with_their_codes() {
    expect(
        Referrers,
        [
            (Endless, "CONTENT_TOO_LARGE"),
            (Huge, "CONTENT_TOO_LARGE"),
            (Slow, "REGISTRY_TIMEOUT"),
            (Compressed, "REGISTRY_RESPONSE_INVALID"),
            (Lying, "DIGEST_MISMATCH"),
            (Looping, "REGISTRY_RESPONSE_INVALID"),
            (Elsewhere, "REGISTRY_RESPONSE_INVALID"),
        ],
    );
}

#[test]
fn attacks_at_the_token_end_with_their_codes() {
    expect(
        Token,
        [
            (Endless, "CONTENT_TOO_LARGE"),
            (Huge, "CONTENT_TOO_LARGE"),
            (Slow, "REGISTRY_TIMEOUT"),
            (Compressed, "REGISTRY_RESPONSE_INVALID"),
            (Lying, "REGISTRY_RESPONSE_INVALID"),
            (Looping, "REGISTRY_REDIRECT_REFUSED"),
            (Elsewhere, "REGISTRY_REDIRECT_REFUSED"),
        ],
    );
}

#[test]
fn attacks_at_the_blob_end_with_their_codes() {
    expect(
        Blob,
        [
            (Endless, "CONTENT_TOO_LARGE"),
            (Huge, "CONTENT_TOO_LARGE"),
            (Slow, "REGISTRY_TIMEOUT"),
            (Compressed, "DIGEST_MISMATCH"),
            (Lying, "DIGEST_MISMATCH"),
            (Looping, "REGISTRY_REDIRECT_REFUSED"),
            (Elsewhere, "BLOB_NOT_FOUND"),
        ],
    );
}

fn expect(at: At, outcomes: [(Attack, &str); 7]) {
    for (attack, code) in outcomes {
        let world = World::new(Some((at, attack)));
        let started = Instant::now();
        let told = world.verify();
        // The rest is for a machine that does much else.
        assert!(started.elapsed() < Duration::from_secs(2 + 8), "{attack:?}: {:?}", started.elapsed());
        assert!(matches!(told.code, 1 | 2), "{attack:?}: {}{}", told.out, told.err);
        assert!(told.out.contains(code), "{attack:?}: {}{}", told.out, told.err);
        for secret in SECRETS {
            assert!(!told.out.contains(secret) && !told.err.contains(secret), "{attack:?}: {}{}", told.out, told.err);
        }
        let seen = world.elsewhere.log.lock().unwrap().clone();
        // A token is never asked for elsewhere, and the next page neither.
        let is_followed = attack == Elsewhere && matches!(at, Manifest | Blob);
        assert_eq!(!seen.is_empty(), is_followed, "{attack:?}: {seen:?}");
        for request in seen.iter().map(|request| request.to_lowercase()) {
            assert!(!request.contains("authorization"), "{attack:?}: {request}");
            assert!(SECRETS.iter().all(|secret| !request.contains(&secret.to_lowercase())), "{attack:?}: {request}");
        }
    }
}

/// A registry that gives tokens to alice, what it leads to, and her docker config.
struct World {
    registry: Server,
    elsewhere: Server,
    config: TempDir,
}

impl World {
    fn new(attack: Option<(At, Attack)>) -> Self {
        let elsewhere = Server::start(|_, _| reply(404, &[], b""));
        let to = format!("http://{}/taken", elsewhere.address);
        let registry = Server::start(move |address, request| answer(address, request, attack, &to));
        let config = TempDir::new().unwrap();
        let text = format!(r#"{{"auths":{{"{}":{{"auth":"{ALICE}"}}}}}}"#, registry.address);
        fs::write(config.path().join("config.json"), text).unwrap();
        Self { registry, elsewhere, config }
    }

    fn verify(&self) -> Ended {
        let config = self.config.path().join("config.json");
        ended(
            bounded(&[
                "verify",
                "--log-level=trace",
                "--plain-http",
                "--timeout=2s",
                &format!("--config={DEMO}/verify-config.yaml"),
                &format!("--registry-config={}", config.display()),
                &format!("{}/app:signed", self.registry.address),
            ]),
            "",
        )
    }
}

/// The binary with 200 MiB for its data; with more it is killed by what it asks for.
fn bounded(args: &[&str]) -> Command {
    let binary = env!("CARGO_BIN_EXE_image-integrity");
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", r#"ulimit -d 204800 && exec "$0" "$@""#, binary]);
        shell
    } else {
        Command::new(binary)
    };
    command.env_clear().args(args);
    command
}

/// What to send, and what then.
struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Close,
    Hang,
    Endless,
}

fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut reply = head(status, headers, Some(body.len() as u64));
    reply.bytes.extend_from_slice(body);
    reply
}

fn head(status: u16, headers: &[(&str, &str)], length: Option<u64>) -> Reply {
    let mut text = format!("HTTP/1.1 {status} -\r\nconnection: close\r\n");
    text.extend(headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
    text.extend(length.map(|length| format!("content-length: {length}\r\n")));
    Reply { bytes: format!("{text}\r\n").into_bytes(), then: Then::Close }
}

fn answer(address: SocketAddr, request: &str, attack: Option<(At, Attack)>, elsewhere: &str) -> Reply {
    let path = request.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let at = match path.rsplit('/').nth(1) {
        _ if path == "/token" => Token,
        Some("manifests") => Manifest,
        Some("referrers") => Referrers,
        _ => Blob,
    };
    if at != Token && !request.contains("Bearer t0ken-of-alice") {
        let challenge = format!(r#"Bearer realm="http://{address}/token",service="s""#);
        return reply(401, &[("www-authenticate", &challenge)], b"");
    }
    let (content_type, mut body) = match at {
        Token => ("application/json", br#"{"token":"t0ken-of-alice"}"#.to_vec()),
        Manifest if path.ends_with("/signed") => (MANIFEST, blob(IMAGE)),
        Manifest => (MANIFEST, blob(SIGNATURE)),
        Referrers => (INDEX, list(866)),
        Blob => ("application/octet-stream", blob(path.rsplit(':').next().unwrap_or_default())),
    };
    let typed = [("content-type", content_type)];
    match attack.filter(|(attacked, _)| *attacked == at).map(|(_, attack)| attack) {
        None => reply(200, &typed, &body),
        Some(Endless) => Reply { then: Then::Endless, ..head(200, &typed, None) },
        Some(Huge) => Reply { then: Then::Endless, ..head(200, &typed, Some(99_999_999_999)) },
        Some(Slow) => {
            let mut slow = head(200, &typed, Some(body.len() as u64));
            slow.bytes.push(body[0]);
            Reply { then: Then::Hang, ..slow }
        }
        // 20 bytes that unpack to "{}".
        Some(Compressed) => {
            let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
            reply(200, &[typed[0], ("content-encoding", "gzip")], gzip)
        }
        Some(Lying) => {
            match at {
                Token => body = br#"{"token":"a\r\nx-injected: 1"}"#.to_vec(),
                Referrers => body = list(867),
                Manifest => body.push(b' '),
                Blob => *body.last_mut().unwrap() ^= 1,
            }
            // The header is that of what should have come.
            let digest = format!("sha256:{IMAGE}");
            reply(200, &[typed[0], ("docker-content-digest", &digest)], &body)
        }
        Some(Looping | Elsewhere) if at == Referrers => {
            let to = if attack == Some((Referrers, Looping)) { path } else { elsewhere };
            reply(
                200,
                &[typed[0], ("link", &format!("<{to}>; rel=\"next\""))],
                br#"{"schemaVersion":2,"manifests":[]}"#,
            )
        }
        Some(Looping) => reply(307, &[("location", path)], b""),
        Some(Elsewhere) => reply(307, &[("location", elsewhere)], b""),
    }
}

fn blob(hex: &str) -> Vec<u8> {
    fs::read(Path::new(DEMO).join("layout/blobs/sha256").join(hex)).unwrap_or_default()
}

/// A list of the one signature, with a size of its manifest, which has 866 bytes.
fn list(size: u64) -> Vec<u8> {
    let entry = format!(
        r#"{{"mediaType":"{MANIFEST}","digest":"sha256:{SIGNATURE}","size":{size},"artifactType":"application/vnd.cncf.notary.signature"}}"#
    );
    format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{entry}]}}"#).into_bytes()
}

/// A server on loopback; what it was asked is in its log, as it came.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(SocketAddr, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (log, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::new(answer));
        let seen = Arc::clone(&log);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    converse(stream, |request| {
                        seen.lock().unwrap().push(request.to_owned());
                        answer(address, request)
                    })
                });
            }
        });
        Self { address, log }
    }

    /// One that asks everybody for a user and password.
    pub(super) fn asking_for_a_login() -> Self {
        Self::start(|_, _| reply(401, &[("www-authenticate", "Basic")], b""))
    }
}

/// One request and its answer; `None` where the other side went away.
fn converse(mut stream: TcpStream, answer: impl Fn(&str) -> Reply) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.extend(byte);
    }
    let Reply { bytes, then } = answer(&String::from_utf8(head).ok()?);
    stream.write_all(&bytes).ok()?;
    match then {
        Then::Close => {}
        // Until the other side goes away.
        Then::Hang => drop(stream.read(&mut [0])),
        Then::Endless => while stream.write_all(&[b' '; 8192]).is_ok() {},
    }
    Some(())
}
