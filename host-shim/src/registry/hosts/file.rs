//! A `hosts.toml`: the hosts in the order in which they are written, and last the registry's own server.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use toml::de::DeTable;
use wasm_policy::text::shown;

use super::{
    Endpoint, Host, Reading,
    field::{Field, File, Table},
    setting::{self, Scheme},
    url::{ApiRoot, HostUrl},
};

/// Hosts of one registry: each of them may be asked before an answer is had.
const MAX_HOSTS: usize = 64;

/// Settings that say how the URL's host is asked, and so nothing without a URL.
const OF_A_SERVER: [&str; 2] = ["capabilities", "override_path"];

/// Reads the text of a file in a registry's folder.
pub(super) fn read(text: &str, name: &Arc<str>, folder: &Path, reading: &Reading) -> Vec<Host> {
    let file = File::new(text, name, folder, reading);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        file.mistake(at, String::new(), format!("not well-formed TOML: {}", shown(error.message())));
    }
    // What is read after an error of syntax may not be what was meant.
    if !errors.is_empty() {
        return Vec::new();
    }
    let mut root = Table::root(root.get_ref(), &file);
    let mut hosts = root.take("host").map(|field| mirrors(&field)).unwrap_or_default();
    hosts.extend(server(root));
    hosts
}

/// The hosts before the server.
fn mirrors(field: &Field<'_>) -> Vec<Host> {
    let Some(members) = field.members() else { return Vec::new() };
    if members.len() > MAX_HOSTS {
        field.mistake(format!("holds more than {MAX_HOSTS} hosts"));
        return Vec::new();
    }
    let mut lines = BTreeMap::new();
    let mut hosts = Vec::new();
    for (url, field) in members {
        let Some(host) = mirror(url, &field) else { continue };
        if let Endpoint::Written(url) = &host.endpoint
            && let Some(line) = lines.insert(url.base().clone(), field.line())
        {
            field.mistake(format!("this host stands in line {line} already; take one out"));
        }
        hosts.push(host);
    }
    hosts
}

fn mirror(url: &str, field: &Field<'_>) -> Option<Host> {
    let mut table = field.table()?;
    // containerd takes hosts and their order from headers alone, and passes over all others without a word.
    if !field.is_in_header() {
        field.mistake("a host must be a table with a header of its own: [host.\"https://HOST\"]");
        return None;
    }
    let root = api_root(&mut table);
    let url = HostUrl::parse(url, root).map_err(|fault| field.mistake(fault.to_string())).ok();
    let host = setting::read(&mut table, url.as_ref().map_or(Scheme::Unknown, HostUrl::scheme));
    table.finish();
    Some(Host { endpoint: Endpoint::Written(url?), ..host })
}

/// The host that is asked last: `server`, or else the registry itself.
fn server(mut root: Table<'_>) -> Option<Host> {
    let field = root.take("server");
    if field.is_none() {
        for name in OF_A_SERVER {
            if let Some(field) = root.take(name) {
                field.mistake("has no effect without server, the URL of the registry; add that or take this out");
            }
        }
    }
    let api_root = api_root(&mut root);
    let url = field.as_ref().map(|field| {
        let url = field.text()?;
        HostUrl::parse(url, api_root).map_err(|fault| field.mistake(fault.to_string())).ok()
    });
    let scheme = url.as_ref().and_then(Option::as_ref).map_or(Scheme::Unknown, HostUrl::scheme);
    let host = setting::read(&mut root, scheme);
    root.finish();
    match url {
        None => Some(host),
        Some(url) => Some(Host { endpoint: Endpoint::Written(url?), ..host }),
    }
}

fn api_root(table: &mut Table<'_>) -> ApiRoot {
    match table.take("override_path").and_then(|field| field.boolean()) {
        Some(true) => ApiRoot::AsWritten,
        Some(false) | None => ApiRoot::V2,
    }
}
