//! The module that a bundle is about.

use std::{fs::File, io::Read as _, path::Path, sync::Arc};

use super::error::{Error, Place};

/// The module's name in the bundle. OPA looks for exactly the manifest's text among the tar's members, and wants this base name.
pub(super) const NAME: &str = "policy.wasm";

/// The module is some 500 KB; this is enough for one with its debug information.
const MAX_BYTES: u64 = 64 << 20;

/// The eight bytes that a binary module of version 1 begins with (WebAssembly core specification, 5.5.16).
const PREAMBLE: &[u8] = b"\0asm\x01\0\0\0";

/// A WebAssembly module.
#[derive(Debug)]
pub struct Module(Vec<u8>);

impl Module {
    /// Reads the file that `./build.sh build` writes.
    ///
    /// # Errors
    /// It cannot be read, or is no module.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = Place::file(&Arc::from(path.to_string_lossy()));
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|opened| opened.take(MAX_BYTES + 1).read_to_end(&mut bytes));
        match read {
            Err(error) => Err(Error::Unreadable(file, error)),
            Ok(_) if bytes.len() as u64 > MAX_BYTES => {
                Err(Error::Wrong(file, format!("is larger than {} MiB", MAX_BYTES >> 20)))
            }
            Ok(_) if !bytes.starts_with(PREAMBLE) => {
                Err(Error::Wrong(file, "is no WebAssembly module; name the policy.wasm of a release".to_owned()))
            }
            Ok(_) => Ok(Self(bytes)),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_owned())
    }
}
