//! Credential helpers: programs that keep logins for Docker (docker-credential-helpers, the verb `get`).

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::Stdio,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::try_join3;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::OnceCell,
    time::{Instant, timeout},
};
use tracing::debug;
use wasm_policy::text::shown;

use super::{
    ANSWER_LASTS, Credential, GRACE, HELPER_TIME, Login, MAX_HELPER_BYTES, MAX_KEPT,
    error::{CredentialError, HelperFault},
    json::Json,
    pattern::Authority,
};
use crate::deadline::Deadline;

/// What a helper says where it has no credential.
const NOT_FOUND: &[u8] = b"credentials not found in native keychain";
/// The user of an identity token.
const TOKEN_USER: &str = "<token>";
/// Under which name Docker keeps the login of Docker Hub.
const DOCKER_HUB_SERVER: &str = "https://index.docker.io/v1/";

/// Whether credential helpers are run: programs that a docker config names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Helpers {
    /// They are, and found in the absolute folders of this list, which is written as PATH is.
    Run {
        /// As PATH.
        search_path: OsString,
    },
    /// A registry for which there is a helper is an error.
    Refuse,
}

/// What follows `docker-credential-` in the program's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct HelperName(String);

/// Which helper a config names for which registry.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// An empty name turns the store off for that registry, as in Docker.
    pub(super) by_registry: BTreeMap<Authority, Option<HelperName>>,
    pub(super) store: Option<HelperName>,
}

/// Runs helpers, each once for a registry and some time.
#[derive(Debug)]
pub(super) struct Runner {
    helpers: Helpers,
    kept: Mutex<HashMap<(HelperName, Authority), Kept>>,
}

/// An answer, and since when it is kept.
#[derive(Debug)]
struct Kept {
    cell: Cell,
    since: Instant,
}

/// Empty while a helper runs.
type Cell = Arc<OnceCell<Answer>>;

type Answer = Result<Option<Arc<Credential>>, CredentialError>;

impl FromStr for HelperName {
    type Err = ();

    /// With dots, since Docker Desktop writes `desktop.exe` where Linux runs inside of Windows.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
        if !text.is_empty() && text.bytes().all(is_allowed) { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl HelperName {
    fn program(&self) -> String {
        format!("docker-credential-{}", self.0)
    }
}

impl Choice {
    pub(super) fn for_registry(&self, registry: &Authority) -> Option<&HelperName> {
        self.by_registry.get(registry).unwrap_or(&self.store).as_ref()
    }
}

impl Runner {
    pub(super) fn new(helpers: Helpers) -> Self {
        Self { helpers, kept: Mutex::default() }
    }

    /// What the helper has for the registry. Whoever asks at the same time shares one run; only a failed one is repeated by those who ask later.
    pub(super) async fn ask(
        &self,
        helper: &HelperName,
        registry: &Authority,
        origin: &str,
        deadline: Deadline,
    ) -> Answer {
        let failed = |fault| CredentialError {
            program: helper.program(),
            registry: registry.to_string(),
            origin: origin.to_owned(),
            fault,
        };
        let Helpers::Run { search_path } = &self.helpers else { return Err(failed(HelperFault::Refused)) };
        let key = (helper.clone(), registry.clone());
        let cell = self.cell(&key);
        let run = async {
            let login = run(helper, search_path, registry).await.map_err(failed)?;
            let found_in = || format!("credential helper {} for {registry}", helper.program());
            let given = Some(Instant::now());
            Ok(login.map(|login| Arc::new(Credential { login, found_in: found_in(), given })))
        };
        let answer = deadline.bound(cell.get_or_init(|| run)).await.map_err(|_| failed(HelperFault::DeadlinePassed))?;
        if answer.is_err() {
            self.forget(|kept| Arc::ptr_eq(kept, &cell));
        }
        answer.clone()
    }

    /// Forgets the answer with this login.
    pub(super) fn forget_login(&self, credential: &Arc<Credential>) {
        self.forget(|kept| matches!(kept.get(), Some(Ok(Some(kept))) if Arc::ptr_eq(kept, credential)));
    }

    fn cell(&self, key: &(HelperName, Authority)) -> Cell {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Images name registries at will, so there is no end to them.
        if kept.len() >= MAX_KEPT && !kept.contains_key(key) {
            kept.clear();
        }
        if kept.get(key).is_some_and(|kept| kept.since.elapsed() >= ANSWER_LASTS) {
            kept.remove(key);
        }
        let new = || Kept { cell: Cell::default(), since: Instant::now() };
        Arc::clone(&kept.entry(key.clone()).or_insert_with(new).cell)
    }

    fn forget(&self, is_meant: impl Fn(&Cell) -> bool) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| !is_meant(&kept.cell));
    }
}

async fn run(helper: &HelperName, search_path: &OsStr, registry: &Authority) -> Result<Option<Login>, HelperFault> {
    let program = find(helper, search_path).ok_or(HelperFault::Absent)?;
    debug!(program = %program.display(), %registry, "asks a credential helper");
    let child = Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(not_run)?;
    let server = if registry.is_docker_hub() { DOCKER_HUB_SERVER.to_owned() } else { registry.to_string() };
    let talk = talk(child, helper, &server);
    Deadline::within(HELPER_TIME).bound(talk).await.map_err(|_| HelperFault::TooSlow)?
}

/// Folders that are relative, and so depend on where the user happens to be, are passed over.
fn find(helper: &HelperName, search_path: &OsStr) -> Option<PathBuf> {
    let file = format!("{}{}", helper.program(), std::env::consts::EXE_SUFFIX);
    std::env::split_paths(search_path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file())
}

async fn talk(mut child: Child, helper: &HelperName, server: &str) -> Result<Option<Login>, HelperFault> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(HelperFault::NotRun("its pipes are missing".to_owned()));
    };
    // As large as it can get, so that no copy of a secret is left behind when it grows.
    let mut answer = Zeroizing::new(Vec::with_capacity(MAX_HELPER_BYTES + 1));
    let mut complaint = Vec::new();
    let status = {
        let tell = async {
            // A helper need not read it; whether it did is seen in its answer.
            let _ = stdin.write_all(server.as_bytes()).await;
            drop(stdin);
            Ok(())
        };
        let mut exchange = std::pin::pin!(try_join3(tell, read(stdout, &mut answer), read(stderr, &mut complaint)));
        tokio::select! {
            read = &mut exchange => {
                read?;
                child.wait().await
            }
            status = child.wait() => {
                // What it wrote is there already; a program that it left behind may hold the pipes open for ever.
                if let Ok(read) = timeout(GRACE, exchange).await {
                    read?;
                }
                status
            }
        }
    }
    .map_err(not_run)?;
    if status.success() {
        return login(&answer).map_err(HelperFault::Rubbish);
    }
    if answer.trim_ascii() == NOT_FOUND {
        return Ok(None);
    }
    let (server, program) = (server.to_owned(), helper.program());
    Err(HelperFault::Failed { status, said: first_line(&complaint), server, program })
}

async fn read(mut pipe: impl AsyncRead + Unpin, bytes: &mut Vec<u8>) -> Result<(), HelperFault> {
    while pipe.read_buf(bytes).await.map_err(not_run)? > 0 {
        if bytes.len() > MAX_HELPER_BYTES {
            return Err(HelperFault::TooMuch);
        }
    }
    Ok(())
}

/// The login in `{"ServerURL","Username","Secret"}`; none where both are empty, which is how some helpers say so.
pub(super) fn login(answer: &[u8]) -> Result<Option<Login>, String> {
    let answer = Json::read(answer).map_err(|error| error.to_string())?;
    let members = answer.object("it").map_err(|wrong| wrong.to_string())?;
    let text = |name: &str| match members.member(name) {
        Ok(Some(value)) => value.text(name).cloned().map_err(|wrong| wrong.to_string()),
        Ok(None) => Ok(SecretString::default()),
        Err(wrong) => Err(wrong.to_string()),
    };
    let (user, secret) = (text("Username")?, text("Secret")?);
    match (user.expose_secret(), secret.expose_secret()) {
        ("", "") => Ok(None),
        ("", _) => Err("it has no Username".to_owned()),
        (_, "") => Err("it has no Secret".to_owned()),
        (TOKEN_USER, _) => Ok(Some(Login::IdentityToken(secret))),
        (user, _) => Login::basic(user, secret.clone()).map(Some).map_err(|reason| format!("it {reason}")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "this is given to map_err")]
fn not_run(error: std::io::Error) -> HelperFault {
    HelperFault::NotRun(error.to_string())
}

fn first_line(complaint: &[u8]) -> String {
    let complaint = String::from_utf8_lossy(complaint);
    match complaint.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => format!(": {}", shown(line)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_so_many_registries_only() {
        let runner = Runner::new(Helpers::Refuse);
        for number in 0..=MAX_KEPT {
            runner.cell(&("test".parse().unwrap(), Authority::new(&format!("{number}.example"))));
        }
        assert_eq!(runner.kept.lock().unwrap().len(), 1);
    }
}
