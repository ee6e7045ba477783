//! The folders of registries: `HOST`, `HOST_PORT_` or `HOST:PORT`, and `_default`; in each a `hosts.toml`, or certificates as Docker lays them out.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Capabilities, Endpoint, Host, Reading, file, tls};
use crate::{
    reference::names_registry,
    sources::finding::{Place, did_you_mean, quoted},
};

/// Registries. The largest clusters configure some dozens.
const MAX_FOLDERS: usize = 1_000;
/// Files of one folder: `hosts.toml` and what it names.
const MAX_FILES: usize = 1_000;
/// Bytes of a `hosts.toml`; a host takes some 300.
const MAX_HOSTS_BYTES: u64 = 256 << 10;
const HOSTS_FILE: &str = "hosts.toml";
const DEFAULT: &str = "_default";

/// What a folder of folders holds.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) by_registry: BTreeMap<String, Vec<Host>>,
    pub(super) default: Option<Vec<Host>>,
}

/// Reads the folders of all registries.
pub(super) fn read(dir: &Path, reading: &Reading) -> Contents {
    let mut contents = Contents::default();
    let mut seen = BTreeMap::new();
    for path in entries(dir, MAX_FOLDERS, reading) {
        match fs::metadata(&path) {
            Err(error) => mistake(&path, format!("cannot be read: {error}"), reading),
            Ok(metadata) if metadata.is_dir() => {
                if let Some(registry) = registry_of(&path, reading)
                    && is_first(&registry, &path, &mut seen, reading)
                {
                    let hosts = folder(&path, reading);
                    if registry == DEFAULT {
                        contents.default = Some(hosts);
                    } else {
                        contents.by_registry.insert(registry, hosts);
                    }
                }
            }
            Ok(_) if path.ends_with(HOSTS_FILE) => {
                let message = "stands beside the folders of the registries; name the folder that holds a folder for each registry, as docker.io/hosts.toml";
                mistake(&path, message, reading);
            }
            // As a README.
            Ok(_) => {}
        }
    }
    contents
}

/// What is in a folder, in the order of names, without what is hidden: a volume of Kubernetes keeps its files under `..data`, with links to them.
fn entries(dir: &Path, most: usize, reading: &Reading) -> Vec<PathBuf> {
    let names = |dir: &Path| -> io::Result<Vec<OsString>> {
        let is_shown = |name: &OsString| !name.as_encoded_bytes().starts_with(b".");
        let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name()));
        names.filter(|name| name.as_ref().map_or(true, is_shown)).take(most + 1).collect()
    };
    match names(dir) {
        Ok(names) if names.len() > most => {
            mistake(dir, format!("the folder holds more than {most} entries"), reading);
            Vec::new()
        }
        Ok(mut names) => {
            names.sort();
            names.iter().map(|name| dir.join(name)).collect()
        }
        Err(error) => {
            mistake(dir, format!("the folder cannot be read: {error}"), reading);
            Vec::new()
        }
    }
}

/// The registry that a folder is for, or `_default`.
fn registry_of(path: &Path, reading: &Reading) -> Option<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let registry = match name.strip_suffix('_').and_then(|name| name.rsplit_once('_')) {
        Some((host, port)) => format!("{host}:{port}"),
        None => name.clone().into_owned(),
    };
    if registry == DEFAULT || names_registry(&registry) {
        return Some(registry);
    }
    let hint = did_you_mean(&name, [DEFAULT, "docker.io"]);
    let message = format!(
        "the folder's name is of no registry: HOST, HOST_PORT_ or HOST:PORT in lower case as in the names of images, or {DEFAULT}{hint}"
    );
    mistake(path, message, reading);
    None
}

/// containerd reads `HOST_PORT_` and passes over `HOST:PORT` where there are both.
fn is_first(registry: &str, path: &Path, seen: &mut BTreeMap<String, PathBuf>, reading: &Reading) -> bool {
    match seen.entry(registry.to_owned()) {
        Entry::Vacant(vacant) => {
            vacant.insert(path.to_owned());
            true
        }
        Entry::Occupied(first) => {
            let first = first.get().file_name().unwrap_or_default().to_string_lossy();
            mistake(path, format!("the folder {} is for the same registry; take one out", quoted(&first)), reading);
            false
        }
    }
}

/// The hosts of a registry.
fn folder(path: &Path, reading: &Reading) -> Vec<Host> {
    let file = path.join(HOSTS_FILE);
    match hosts_file(&file, reading) {
        // As containerd: an empty file is as none.
        Ok(text) if text.is_empty() => vec![by_certificates(path, reading)],
        Ok(text) => file::read(&text, &name(&file), path, reading),
        Err(message) => {
            mistake(&file, message, reading);
            Vec::new()
        }
    }
}

/// The text of a `hosts.toml`; an empty one where there is none.
fn hosts_file(path: &Path, reading: &Reading) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => return Ok(String::new()),
        Err(error) => return Err(unreadable(error)),
        Ok(metadata) if !metadata.is_file() => return Err("is not a file".to_owned()),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_HOSTS_BYTES + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_HOSTS_BYTES {
        return Err(format!("is larger than {} KiB", MAX_HOSTS_BYTES >> 10));
    }
    reading.spend(bytes.len() as u64)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(valid).filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8; save the file as UTF-8")
    })
}

/// The registry itself, with the certificates of its folder: `*.crt` are CAs, `NAME.cert` and `NAME.key` are ours.
fn by_certificates(path: &Path, reading: &Reading) -> Host {
    let mut tls = tls::TlsSettings::default();
    for file in entries(path, MAX_FILES, reading) {
        let told = |message| mistake(&file, message, reading);
        match file.extension().and_then(|extension| extension.to_str()) {
            _ if file.is_dir() => {}
            Some("crt") => tls.cas.extend(tls::cas(&file, reading).map_err(told).unwrap_or_default()),
            Some("cert") => {
                let key = file.with_extension("key");
                let key = key.exists().then_some(key);
                tls.clients.extend(tls::client(&file, key.as_deref(), reading).map_err(told));
            }
            Some("key") if !file.with_extension("cert").exists() => {
                let certificate = file.with_extension("cert");
                let certificate = certificate.file_name().unwrap_or_default().to_string_lossy();
                told(format!("the certificate of this key is missing: {} beside it", quoted(&certificate)));
            }
            Some("toml") if !file.ends_with(HOSTS_FILE) => {
                told(format!("is not read; rename it to {}", quoted(HOSTS_FILE)));
            }
            _ => {}
        }
    }
    Host {
        endpoint: Endpoint::Registry,
        capabilities: Capabilities::ALL,
        tls,
        headers: http::HeaderMap::new(),
        connect_timeout: None,
    }
}

fn mistake(path: &Path, message: impl Into<String>, reading: &Reading) {
    reading.findings.mistake(Place::file(&name(path)), message);
}

fn name(path: &Path) -> Arc<str> {
    path.to_string_lossy().into()
}
