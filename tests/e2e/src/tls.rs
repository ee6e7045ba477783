//! A certificate authority of a test's own.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

/// A CA and a server certificate for 127.0.0.1 that it has issued, as PEM files.
pub struct Tls {
    folder: TempDir,
}

impl Tls {
    /// A new CA, and a certificate of it.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        let tls = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(tls.ca(), ca.pem()).unwrap();
        fs::write(tls.certificate(), certificate.pem()).unwrap();
        fs::write(tls.key(), key.serialize_pem()).unwrap();
        tls
    }

    /// The CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The server's key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key.pem")
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self::new()
    }
}
