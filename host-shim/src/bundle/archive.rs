//! The archive that a bundle is: a gzip-compressed tar (POSIX ustar), the same bytes for the same members.

use std::io;

use flate2::{Compression, GzBuilder};

use super::Members;

/// A tar.gz without times, owners or the name of a system.
pub(super) fn pack(members: &Members) -> io::Result<Vec<u8>> {
    const UNKNOWN_SYSTEM: u8 = 255;
    let gzip = GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice())?;
    }
    tar.into_inner()?.finish()
}
