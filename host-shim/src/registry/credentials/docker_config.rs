//! A docker `config.json`, and the two forms in which Kubernetes keeps one in a secret.
//!
//! It is read strictly and as a whole, so that a login with a mistake in it is told, and not left out. Members that are not about logins are
//! ignored: Docker's file has many.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{GeneralPurpose, general_purpose::PAD_INDIFFERENT},
};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use wasm_policy::text::shown;

use super::{
    Credential, Login, MAX_ENTRIES,
    error::{ConfigFault, DockerConfigError},
    helper::{Choice, HelperName},
    json::{Json, Object, Wrong, wrong},
    pattern::{Authority, Pattern},
};

/// With or without padding, as the kubelet; bits after the last byte are ignored, as by Docker.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD_INDIFFERENT.with_decode_allow_trailing_bits(true));

/// What a config says.
#[derive(Debug, Default)]
pub(super) struct DockerConfig {
    pub(super) logins: Vec<Entry>,
    pub(super) helpers: Choice,
}

/// A login that is written in the config.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pattern: Pattern,
    pub(super) credential: Arc<Credential>,
}

/// Where in a document the logins are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A user's `config.json`.
    File,
    /// The same in a secret. It names no helpers, as for the kubelet: a secret must not choose which programs run.
    Secret,
    /// Only what would be in `auths`.
    AuthsOnly,
}

impl DockerConfig {
    /// Reads a config; `origin` is what people call it.
    pub(super) fn read(text: &[u8], form: Form, origin: &str) -> Result<Self, DockerConfigError> {
        let read = || -> Result<Self, ConfigFault> {
            // Docker takes an empty file for one without logins.
            if text.trim_ascii().is_empty() {
                return Ok(Self::default());
            }
            let document = Json::read(text)?;
            let document = document.object("it")?;
            if form == Form::AuthsOnly {
                return Ok(Self { logins: logins(document, "", origin)?, helpers: Choice::default() });
            }
            let logins = match document.member("auths")? {
                Some(auths) => logins(auths.object("auths")?, "auths", origin)?,
                None => Vec::new(),
            };
            let helpers = if form == Form::File { choice(document)? } else { Choice::default() };
            Ok(Self { logins, helpers })
        };
        read().map_err(|reason| DockerConfigError { origin: origin.to_owned(), reason })
    }
}

fn logins(auths: &Object, member: &str, origin: &str) -> Result<Vec<Entry>, Wrong> {
    check_names(auths, member)?;
    let mut logins = Vec::new();
    for (key, entry) in &auths.0 {
        let at = at(member, key);
        let members = match entry {
            Json::Null => continue,
            entry => entry.object(&at)?,
        };
        if let Some(login) = login(members, &at)? {
            let credential = Arc::new(Credential { login, found_in: format!("{origin}: {at}"), given: None });
            logins.push(Entry { pattern: Pattern::new(key), credential });
        }
    }
    Ok(logins)
}

/// Refuses too many names, repeated ones, and URLs with a user in them: names are shown, and so may be no place for a password.
fn check_names(object: &Object, member: &str) -> Result<(), Wrong> {
    let member_or_it = if member.is_empty() { "it" } else { member };
    if object.0.len() > MAX_ENTRIES {
        return Err(wrong(member_or_it, format!("has more than {MAX_ENTRIES} entries")));
    }
    let mut names = BTreeSet::new();
    for (name, _) in &object.0 {
        if name.contains('@') {
            return Err(wrong(member_or_it, "has a key with @ in it: write the registry's host alone"));
        }
        if !names.insert(name) {
            return Err(wrong(&at(member, name), "is there twice"));
        }
    }
    Ok(())
}

/// The login of an entry; none where it holds nothing of one, as Docker leaves it where a helper keeps the login.
fn login(entry: &Object, at: &str) -> Result<Option<Login>, Wrong> {
    let name = |member: &str| format!("{at}.{member}");
    let text = |member: &str| -> Result<Option<&SecretString>, Wrong> {
        let value = entry.member(member).map_err(|wrong| Wrong { member: name(member), ..wrong })?;
        let text = value.map(|value| value.text(&name(member))).transpose()?;
        Ok(text.filter(|text| !text.expose_secret().is_empty()))
    };
    let (auth, user, password) = (text("auth")?, text("username")?, text("password")?);
    let (identity_token, registry_token) = (text("identitytoken")?, text("registrytoken")?);
    let basic = auth.map(|auth| user_and_password(auth).map_err(|reason| wrong(&name("auth"), reason))).transpose()?;
    if let Some(token) = registry_token {
        return Login::registry_token(token.clone()).map(Some).map_err(|reason| wrong(&name("registrytoken"), reason));
    }
    if let Some(token) = identity_token {
        return Login::identity_token(token.clone()).map(Some).map_err(|reason| wrong(&name("identitytoken"), reason));
    }
    match (basic, user, password) {
        // Where the fields say something else, Docker takes `auth` as well.
        (Some(basic), _, _) => Ok(Some(basic)),
        (None, Some(user), Some(password)) => {
            Login::basic(user.expose_secret(), password.clone()).map(Some).map_err(|reason| wrong(at, reason))
        }
        (None, Some(_), None) => Err(wrong(at, "has a username and no password")),
        (None, None, Some(_)) => Err(wrong(at, "has a password and no username")),
        (None, None, None) => Ok(None),
    }
}

/// `user:password` in base64. The first colon ends the user; Docker pads the password with NUL.
fn user_and_password(auth: &SecretString) -> Result<Login, &'static str> {
    // Some tools wrap it.
    let text = Zeroizing::new(auth.expose_secret().replace(['\r', '\n'], ""));
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| "is not base64")?);
    let decoded = std::str::from_utf8(&bytes).map_err(|_| "is not the base64 of a text")?;
    let (user, password) = decoded.split_once(':').ok_or("is not the base64 of user:password: it has no colon")?;
    if user.is_empty() {
        return Err("is not the base64 of user:password: the user is empty");
    }
    Login::basic(user, SecretString::from(password.trim_matches('\0')))
}

fn choice(document: &Object) -> Result<Choice, Wrong> {
    let store = document.member("credsStore")?.map(|name| helper_name(name, "credsStore")).transpose()?.flatten();
    let mut by_registry: BTreeMap<Authority, Option<HelperName>> = BTreeMap::new();
    if let Some(helpers) = document.member("credHelpers")? {
        let helpers = helpers.object("credHelpers")?;
        check_names(helpers, "credHelpers")?;
        for (key, name) in &helpers.0 {
            let at = at("credHelpers", key);
            let name = helper_name(name, &at)?;
            // Docker looks a helper up by the host, so that nothing else is ever found.
            let Some(registry) = Pattern::new(key).registry() else { continue };
            if by_registry.get(&registry).is_some_and(|other| *other != name) {
                return Err(wrong(&at, "is another helper than that of another key for the same registry"));
            }
            by_registry.insert(registry, name);
        }
    }
    Ok(Choice { by_registry, store })
}

fn helper_name(value: &Json, at: &str) -> Result<Option<HelperName>, Wrong> {
    let name = match value {
        Json::Null => return Ok(None),
        value => value.text(at)?.expose_secret(),
    };
    if name.is_empty() {
        return Ok(None);
    }
    let name = name.parse::<HelperName>().map_err(|()| {
        wrong(at, "is no name of a credential helper: only lower-case letters, digits and - _ . are allowed")
    })?;
    Ok(Some(name))
}

fn at(member: &str, key: &str) -> String {
    format!("{member}[\"{}\"]", shown(key))
}
