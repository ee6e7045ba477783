//! A stock OPA with our bundle, by its command line and over REST.

use std::{
    fs,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Instant,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    built::{bundle, peer},
    bundles::Bundles,
    ports::listening_port,
    process::{Ended, PATIENCE, Service, run},
};

/// An OPA that serves over a socket in a folder of its own, so that no port has to be found for it.
pub struct Opa {
    service: Service,
    folder: TempDir,
}

impl Opa {
    /// The `opa` command.
    pub fn command() -> Command {
        peer("opa")
    }

    /// Asks `opa eval` for the verdict on the exact bytes of a file.
    pub fn eval(input: &Path) -> Ended {
        run(Self::command()
            .args(["eval", "--format", "raw", "--bundle"])
            .arg(bundle())
            .arg("--input")
            .arg(input)
            .arg("data.image_integrity.verify"))
    }

    /// Starts `opa run` with the bundle, and decision logs on.
    pub fn serve() -> Self {
        Self::try_serve(&bundle(), &[]).expect("OPA loads the bundle")
    }

    /// Starts `opa run` with a bundle, where OPA loads it; else tells how it ended.
    pub fn try_serve(bundle: &Path, options: &[&str]) -> Result<Self, Ended> {
        Self::run(&[options, &["--bundle", bundle.to_str().unwrap()]].concat())
    }

    /// Starts `opa run` with the bundle plugin, which asks for a bundle once a second.
    pub fn fetching(bundles: &Bundles) -> Self {
        let settings = [
            format!("services.test.url={}", bundles.origin()),
            "bundles.test.service=test".to_owned(),
            "bundles.test.resource=bundle.tar.gz".to_owned(),
            "bundles.test.polling.min_delay_seconds=1".to_owned(),
            "bundles.test.polling.max_delay_seconds=1".to_owned(),
        ];
        let options: Vec<_> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        Self::run(&options).expect("OPA starts without a bundle")
    }

    fn run(options: &[&str]) -> Result<Self, Ended> {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix://{}", socket(&folder).display());
        let mut command = Self::command();
        command
            .args(["run", "--server", "--skip-version-check", "--set", "decision_logs.console=true"])
            .args(["--addr", &address, "--addr", "127.0.0.1:0"])
            .args(options);
        let service = Service::start(&mut command);
        // It has loaded the bundle once it initializes, and opens the socket next; else it says why not, and ends.
        let line = service.wait_for(|line| {
            (line.contains("Initializing server.") || line.starts_with("error: ")).then(|| line.to_owned())
        });
        if line.starts_with("error: ") {
            return Err(run(&mut command));
        }
        let opa = Self { service, folder };
        opa.wait_until_it_listens();
        Ok(opa)
    }

    /// Where it listens on loopback.
    pub fn address(&self) -> String {
        let start = Instant::now();
        loop {
            if let Some(port) = listening_port(self.service.id()) {
                return format!("127.0.0.1:{port}");
            }
            assert!(start.elapsed() < PATIENCE, "OPA does not listen");
            thread::yield_now();
        }
    }

    /// The answer's status and body on an input: `result` is the verdict.
    pub fn ask(&self, input: &[u8]) -> (u16, Value) {
        self.query("image_integrity/verify", input)
    }

    /// The answer's status and body of a rule, by its path below `data`.
    pub fn query(&self, path: &str, input: &[u8]) -> (u16, Value) {
        self.post(&format!("/v1/data/{path}"), &[br#"{"input":"#, input, b"}"].concat()).unwrap()
    }

    /// The first event of the decision log.
    pub fn first_decision(&self) -> Value {
        let event = |line: &str| line.contains("Decision Log").then(|| serde_json::from_str(line).unwrap());
        self.service.wait_for(event)
    }

    /// Waits until it has logged this.
    pub fn wait_for(&self, text: &str) {
        self.service.wait_for(|line| line.contains(text).then_some(()));
    }

    fn wait_until_it_listens(&self) {
        let start = Instant::now();
        while UnixStream::connect(socket(&self.folder)).is_err() {
            assert!(start.elapsed() < PATIENCE, "OPA does not listen");
            thread::yield_now();
        }
    }

    /// HTTP/1.0, in which the body ends with the connection.
    fn post(&self, path: &str, body: &[u8]) -> io::Result<(u16, Value)> {
        let mut stream = UnixStream::connect(socket(&self.folder))?;
        write!(stream, "POST {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).expect("an answer has a status").parse().unwrap();
        Ok((status, serde_json::from_str(body).unwrap()))
    }
}

/// The canonical form of a document: members sorted, no insignificant space.
pub fn canonical(document: &str) -> String {
    // serde_json keeps the members of an object in order of their bytes.
    serde_json::from_str::<Value>(document).unwrap_or_else(|error| panic!("{error}: {document}")).to_string()
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("opa")
}

/// A file with these bytes, which lives as long as its folder.
pub(crate) fn written(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}
