//! The port of a program that listens on a free one and does not tell which.

use std::{fs, path::Path};

/// The state of a socket that listens, in `/proc/net/tcp` (proc_net_tcp(5)).
const LISTENING: &str = "0A";

/// The port of 127.0.0.1 on which a process listens.
pub(crate) fn listening_port(process: u32) -> Option<u16> {
    let process = Path::new("/proc").join(process.to_string());
    let descriptors = fs::read_dir(process.join("fd")).ok()?;
    let sockets: Vec<_> = descriptors
        .filter_map(|descriptor| fs::read_link(descriptor.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = fs::read_to_string(process.join("net/tcp")).ok()?;
    table.lines().find_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let (address, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
        let port = address.strip_prefix("0100007F:")?;
        let is_it = *state == LISTENING && sockets.iter().any(|socket| socket == inode);
        is_it.then(|| u16::from_str_radix(port, 16).ok()).flatten()
    })
}
