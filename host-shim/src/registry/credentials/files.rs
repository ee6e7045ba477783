//! Docker configs in files that change while a server runs.

use std::{
    collections::HashMap,
    env,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Mutex, task::spawn_blocking, time::Instant};

use super::{ConfigFault, DockerConfigError, Helpers, Keychain};

/// How long what was read counts. A Secret's volume takes up to a minute to change.
const COUNTS_FOR: Duration = Duration::from_secs(5);

/// What was read of each file. While a file says the same, its keychain is the same one.
#[derive(Debug, Default)]
pub struct DockerConfigs(Mutex<HashMap<Option<PathBuf>, Read>>);

#[derive(Debug)]
struct Read {
    at: Instant,
    keychain: Arc<Keychain>,
}

impl DockerConfigs {
    /// The logins in a file, or in that of the user where none is named.
    ///
    /// # Errors
    /// Where the file cannot be read, or is not what it should be; logins of before do not stand in for it.
    pub async fn read(&self, path: Option<&Path>, helpers: &Helpers) -> Result<Arc<Keychain>, DockerConfigError> {
        let key = path.map(Path::to_owned);
        let mut read = self.0.lock().await;
        if let Some(Read { at, keychain }) = read.get(&key)
            && at.elapsed() < COUNTS_FOR
        {
            return Ok(Arc::clone(keychain));
        }
        let (file, helpers) = (key.clone(), helpers.clone());
        let reading = spawn_blocking(move || match file {
            Some(file) => Keychain::load(&file, helpers),
            None => Keychain::of_user(|name| env::var_os(name), helpers),
        });
        let keychain = match reading.await {
            Ok(keychain) => keychain?,
            Err(error) => {
                let origin = key.unwrap_or_default().to_string_lossy().into_owned();
                return Err(DockerConfigError { origin, reason: ConfigFault::Unreadable(error.to_string()) });
            }
        };
        let keychain = match read.get(&key) {
            Some(Read { keychain: before, .. }) if before.is_same_as(&keychain) => Arc::clone(before),
            _ => Arc::new(keychain),
        };
        read.insert(key, Read { at: Instant::now(), keychain: Arc::clone(&keychain) });
        Ok(keychain)
    }
}
