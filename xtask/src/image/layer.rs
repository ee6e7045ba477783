//! The one layer: the binary, its licence, and the CAs by which it trusts registries.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, GzBuilder};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::{
    PROGRAM,
    archive::{self, Member, Members},
    layout::digest,
};

const LICENSE: &str = include_str!("../../../LICENSE");
/// Where the binary looks for CAs, as every program on OpenSSL does on most systems.
const CAS: &str = "etc/ssl/certs/ca-certificates.crt";

/// A compressed layer.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// Of what is not compressed.
    pub(super) diff_id: String,
}

impl Layer {
    pub(super) fn pack(program: &[u8]) -> io::Result<Self> {
        const UNKNOWN_SYSTEM: u8 = 255;
        let cas = cas();
        let members = Members::from([
            ("LICENSE", Member::File(LICENSE.as_bytes())),
            ("etc/", Member::Folder),
            ("etc/ssl/", Member::Folder),
            ("etc/ssl/certs/", Member::Folder),
            (CAS, Member::File(cas.as_bytes())),
            (PROGRAM, Member::Program(program)),
        ]);
        let tar = archive::pack(&members, Vec::new())?;
        let mut gzip =
            GzBuilder::new().mtime(0).operating_system(UNKNOWN_SYSTEM).write(Vec::new(), Compression::best());
        io::Write::write_all(&mut gzip, &tar)?;
        Ok(Self { bytes: gzip.finish()?, diff_id: digest(&tar) })
    }
}

/// Mozilla's, of the version in Cargo.lock, in PEM (RFC 7468).
fn cas() -> String {
    const COLUMNS: usize = 64;
    let mut pem = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut rest = STANDARD.encode(certificate);
        while !rest.is_empty() {
            let next = rest.split_off(COLUMNS.min(rest.len()));
            pem.push_str(&rest);
            pem.push('\n');
            rest = next;
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}
