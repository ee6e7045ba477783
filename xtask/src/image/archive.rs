//! Tar archives (POSIX ustar) that are the same bytes for the same members.

use std::{collections::BTreeMap, io};

/// What is in an archive, by path. Folders come before what is in them, since a path is less than those that it begins.
pub(super) type Members<'a> = BTreeMap<&'a str, Member<'a>>;

#[derive(Clone, Copy)]
pub(super) enum Member<'a> {
    Folder,
    File(&'a [u8]),
    Program(&'a [u8]),
}

/// Without times; everything is root's, and anybody may read it.
pub(super) fn pack<W: io::Write>(members: &Members<'_>, to: W) -> io::Result<W> {
    let mut tar = tar::Builder::new(to);
    for (path, member) in members {
        let (kind, mode, content) = match *member {
            Member::Folder => (tar::EntryType::Directory, 0o755, &[][..]),
            Member::File(content) => (tar::EntryType::Regular, 0o644, content),
            Member::Program(content) => (tar::EntryType::Regular, 0o755, content),
        };
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content)?;
    }
    tar.into_inner()
}
