//! A certificate authority of a test's own.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

/// A CA and a server certificate for 127.0.0.1 and localhost that it has issued, as PEM files.
pub(crate) struct Tls {
    folder: TempDir,
}

impl Tls {
    /// A new CA, and a certificate of it.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1", "localhost"].map(str::to_owned)).unwrap();
        let certificate = certificate.signed_by(&key, &ca).unwrap();
        let tls = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(tls.ca(), ca.pem()).unwrap();
        fs::write(tls.certificate(), certificate.pem()).unwrap();
        fs::write(tls.key(), key.serialize_pem()).unwrap();
        tls
    }

    /// The CA's certificate.
    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The server's key.
    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("server.key.pem")
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}
