//! The certificate authority of a cluster, and what it issues.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

use image_integrity_e2e::remove_in_the_end;

/// A CA, with a folder for what it issues.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key, as PEM files that are named as in a Secret: `tls.crt` and `tls.key`.
#[derive(Clone, Debug)]
pub struct Identity {
    folder: PathBuf,
}

impl Authority {
    /// A new CA by this name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        remove_in_the_end(folder.path());
        let authority = Self { issuer, folder };
        fs::write(authority.certificate(), authority.pem()).unwrap();
        authority
    }

    /// Its certificate, a PEM file.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Its certificate.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a server on this machine that also shows it as a client, as Gatekeeper does: on 127.0.0.1, localhost, and these other names.
    pub fn server(&self, name: &str, others: &[&str]) -> Identity {
        let names = ["127.0.0.1", "localhost"].iter().chain(others).map(|&name| name.to_owned());
        let mut params = CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
        params.distinguished_name = common_name(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(name, params)
    }

    /// A certificate for a client: a user of Kubernetes by this name, in this group if any.
    pub fn client(&self, name: &str, group: Option<&str>) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(name, params)
    }

    /// Issues a certificate; one by the same name before it is replaced.
    fn issue(&self, name: &str, mut params: CertificateParams) -> Identity {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let identity = Identity { folder: self.folder.path().join(name) };
        fs::create_dir_all(&identity.folder).unwrap();
        put(&identity.key(), &key.serialize_pem());
        put(&identity.certificate(), &certificate.pem());
        identity
    }
}

impl Identity {
    /// The folder of both files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Puts another certificate and key into these files.
    pub fn become_like(&self, other: &Self) {
        put(&self.key(), &fs::read_to_string(other.key()).unwrap());
        put(&self.certificate(), &fs::read_to_string(other.certificate()).unwrap());
    }

    /// The certificate's file.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("tls.crt")
    }

    /// The key's file.
    pub fn key(&self) -> PathBuf {
        self.folder.join("tls.key")
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Replaces a file in one step, since a server may be watching it.
fn put(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}
