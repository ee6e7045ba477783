//! Keychains made of configs as people have them, and of those that are wrong.

mod finding;
mod helpers;
mod properties;
mod reading;

use super::*;
use crate::testing::ample;

const PASSWORD: &str = "hunter2:with a colon";
/// `alice:hunter2:with a colon`
const ALICE: &str = "YWxpY2U6aHVudGVyMjp3aXRoIGEgY29sb24=";

fn config(text: &str) -> Result<Keychain, DockerConfigError> {
    Keychain::read(text.as_bytes(), Form::File, "config.json".to_owned(), Helpers::Refuse)
}

fn told(text: &str) -> String {
    let message = config(text).unwrap_err().to_string();
    message.strip_prefix("the credentials in config.json cannot be used: ").unwrap().to_owned()
}

async fn candidates(keychain: &Keychain, registry: &str, repository: &str) -> Vec<Arc<Credential>> {
    keychain.candidates(registry, repository, ample()).await.unwrap()
}

/// The logins for a repository, in the order in which they are tried.
async fn logins(keychain: &Keychain, registry: &str, repository: &str) -> Vec<String> {
    candidates(keychain, registry, repository).await.iter().map(|candidate| in_clear(candidate.login())).collect()
}

fn in_clear(login: &Login) -> String {
    match login {
        Login::Basic { user, password } => format!("basic {user} {}", password.expose_secret()),
        Login::IdentityToken(token) => format!("identity {}", token.expose_secret()),
        Login::RegistryToken(token) => format!("registry {}", token.expose_secret()),
    }
}
