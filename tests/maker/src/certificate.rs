//! A certificate, part by part.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{algorithm::Algorithm, der, key::Key, name};

const KEY_USAGE: &str = "2.5.29.15";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
const AUTHORITY_INFORMATION_ACCESS: &str = "1.3.6.1.5.5.7.1.1";

/// A certificate that was made, with its private key.
#[derive(Clone)]
pub struct Made {
    /// The certificate.
    pub der: Vec<u8>,
    /// Its own key, which signs images or other certificates.
    pub key: Key,
    subject: Vec<u8>,
}

impl Made {
    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        let digits = STANDARD.encode(&self.der);
        let lines: Vec<&str> = digits.as_bytes().chunks(64).map(|line| core::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

/// A certificate that may sign images: P-256, critical digitalSignature, codeSigning; self-signed until [`CertificateBuilder::issued_by`].
pub fn certificate() -> CertificateBuilder {
    let builder = CertificateBuilder {
        version: Some(2),
        serial: vec![0x4a, 0x01],
        algorithm: None,
        inner_algorithm: None,
        issuer: None,
        not_before: "20200101000000Z".into(),
        not_after: "21200101000000Z".into(),
        subject: name::from_text("C=US, ST=WA, O=acme, CN=build"),
        key: Key::p256("leaf"),
        spki: None,
        extensions: Vec::new(),
        after_extensions: Vec::new(),
        signer: None,
        signature: None,
    };
    builder.key_usage(&[0]).extended_key_usage(&["1.3.6.1.5.5.7.3.3"])
}

/// A certificate that may issue others: P-256, critical CA constraints, critical keyCertSign and cRLSign; a root until
/// [`CertificateBuilder::issued_by`]. The name is that of its key, too.
pub fn authority(common_name: &str) -> CertificateBuilder {
    certificate()
        .subject(&format!("C=US, ST=WA, O=acme, CN={common_name}"))
        .key(&Key::p256(common_name))
        .without(EXTENDED_KEY_USAGE)
        .basic_constraints(true, None)
        .key_usage(&[5, 6])
}

/// A leaf, an intermediate and a root, all P-256.
pub fn chain_of_three() -> [Made; 3] {
    let root = authority("root").build();
    let intermediate = authority("intermediate").issued_by(&root).build();
    let leaf = certificate().issued_by(&intermediate).build();
    [leaf, intermediate, root]
}

/// The parts of a certificate that is to be made. Nothing is checked.
#[derive(Clone)]
#[must_use = "a certificate is made by `build`"]
pub struct CertificateBuilder {
    version: Option<u8>,
    serial: Vec<u8>,
    algorithm: Option<Vec<u8>>,
    inner_algorithm: Option<Vec<u8>>,
    issuer: Option<Vec<u8>>,
    not_before: String,
    not_after: String,
    subject: Vec<u8>,
    key: Key,
    spki: Option<Vec<u8>>,
    extensions: Vec<(String, Option<bool>, Vec<u8>)>,
    after_extensions: Vec<u8>,
    signer: Option<(Key, Option<Algorithm>)>,
    signature: Option<Vec<u8>>,
}

impl CertificateBuilder {
    /// The number in the version field, as 2 for version 3; `None` leaves the field out, which is version 1.
    pub const fn version(mut self, number: Option<u8>) -> Self {
        self.version = number;
        self
    }

    /// The contents of the serial number's INTEGER.
    pub fn serial(mut self, contents: &[u8]) -> Self {
        self.serial = contents.to_vec();
        self
    }

    /// The subject as [`name::from_text`] reads it.
    pub fn subject(self, text: &str) -> Self {
        self.subject_der(name::from_text(text))
    }

    /// The subject's DER.
    pub fn subject_der(mut self, name: Vec<u8>) -> Self {
        self.subject = name;
        self
    }

    /// The first and the last second of validity; texts of 13 characters are written as UTCTime, others as GeneralizedTime.
    pub fn validity(mut self, not_before: &str, not_after: &str) -> Self {
        self.not_before = not_before.into();
        self.not_after = not_after.into();
        self
    }

    /// The certificate's own key.
    pub fn key(mut self, key: &Key) -> Self {
        self.key = key.clone();
        self
    }

    /// Another SubjectPublicKeyInfo than that of the key.
    pub fn spki(mut self, spki: Vec<u8>) -> Self {
        self.spki = Some(spki);
        self
    }

    /// The issuer's name and key are those of that certificate.
    pub fn issued_by(self, issuer: &Made) -> Self {
        self.issuer_der(issuer.subject.clone()).signed_by(&issuer.key)
    }

    /// The issuer as [`name::from_text`] reads it.
    pub fn issuer(self, text: &str) -> Self {
        self.issuer_der(name::from_text(text))
    }

    /// The issuer's DER.
    pub fn issuer_der(mut self, name: Vec<u8>) -> Self {
        self.issuer = Some(name);
        self
    }

    /// The key that signs the certificate, in its usual way.
    pub fn signed_by(mut self, key: &Key) -> Self {
        self.signer = Some((key.clone(), None));
        self
    }

    /// The key that signs the certificate, and how.
    pub fn signed_with(mut self, key: &Key, algorithm: Algorithm) -> Self {
        self.signer = Some((key.clone(), Some(algorithm)));
        self
    }

    /// Both AlgorithmIdentifiers, whatever the signature is.
    pub fn algorithm(mut self, identifier: Vec<u8>) -> Self {
        self.algorithm = Some(identifier);
        self
    }

    /// The AlgorithmIdentifier inside what is signed, apart from the other.
    pub fn inner_algorithm(mut self, identifier: Vec<u8>) -> Self {
        self.inner_algorithm = Some(identifier);
        self
    }

    /// The signature, whatever is signed.
    pub fn signature(mut self, octets: Vec<u8>) -> Self {
        self.signature = Some(octets);
        self
    }

    /// A critical key usage with those bits of RFC 5280.
    pub fn key_usage(self, set: &[u8]) -> Self {
        self.without(KEY_USAGE).extension(KEY_USAGE, true, der::named_bits(set))
    }

    /// An extended key usage with those purposes, not critical.
    pub fn extended_key_usage(self, purposes: &[&str]) -> Self {
        let purposes: Vec<_> = purposes.iter().map(|purpose| der::oid(purpose)).collect();
        self.without(EXTENDED_KEY_USAGE).extension(
            EXTENDED_KEY_USAGE,
            false,
            der::element(der::SEQUENCE, &purposes.concat()),
        )
    }

    /// Critical basic constraints.
    pub fn basic_constraints(self, ca: bool, path_len: Option<u8>) -> Self {
        let mut fields = Vec::new();
        if ca {
            fields.extend(der::element(der::BOOLEAN, &[0xff]));
        }
        if let Some(path_len) = path_len {
            fields.extend(der::positive_integer(&[path_len]));
        }
        self.without(BASIC_CONSTRAINTS).extension(BASIC_CONSTRAINTS, true, der::element(der::SEQUENCE, &fields))
    }

    /// Where an OCSP responder is.
    pub fn ocsp_url(self, url: &str) -> Self {
        let access = der::sequence(&[&der::oid("1.3.6.1.5.5.7.48.1"), &der::element(0x86, url.as_bytes())]);
        self.extension(AUTHORITY_INFORMATION_ACCESS, false, der::sequence(&[&access]))
    }

    /// Where a CRL is.
    pub fn crl_url(self, url: &str) -> Self {
        let name = der::explicit(0, &der::explicit(0, &der::element(0x86, url.as_bytes())));
        self.extension(CRL_DISTRIBUTION_POINTS, false, der::sequence(&[&der::sequence(&[&name])]))
    }

    /// One more extension.
    pub fn extension(mut self, oid: &str, critical: bool, value: Vec<u8>) -> Self {
        self.extensions.push((oid.into(), critical.then_some(true), value));
        self
    }

    /// No extension of that type.
    pub fn without(mut self, oid: &str) -> Self {
        self.extensions.retain(|(other, ..)| other != oid);
        self
    }

    /// The extension of that type, marked critical or not. A `false` that is written, where `None` is the usual form of one.
    pub fn marked(mut self, oid: &str, critical: Option<bool>) -> Self {
        for extension in self.extensions.iter_mut().filter(|(other, ..)| other == oid) {
            extension.1 = critical;
        }
        self
    }

    /// No extensions at all.
    pub fn without_extensions(mut self) -> Self {
        self.extensions.clear();
        self
    }

    /// Bytes after the last field of what is signed.
    pub fn after_extensions(mut self, bytes: &[u8]) -> Self {
        self.after_extensions = bytes.to_vec();
        self
    }

    /// Signs it.
    pub fn build(self) -> Made {
        let (signer, algorithm) = self.signer.clone().unwrap_or_else(|| (self.key.clone(), None));
        let algorithm = algorithm.unwrap_or_else(|| signer.usual_algorithm());
        let outer = self.algorithm.clone().unwrap_or_else(|| algorithm.identifier());
        let tbs = self.tbs(self.inner_algorithm.as_deref().unwrap_or(&outer));
        let signature = self.signature.unwrap_or_else(|| signer.sign_certificate(algorithm, &tbs));
        Made { der: der::sequence(&[&tbs, &outer, &der::bits(&signature)]), key: self.key, subject: self.subject }
    }

    fn tbs(&self, algorithm: &[u8]) -> Vec<u8> {
        let version = self.version.map(|number| der::explicit(0, &der::element(der::INTEGER, &[number])));
        let extensions: Vec<_> = self
            .extensions
            .iter()
            .map(|(oid, critical, value)| {
                let critical = critical.map(|critical| der::element(der::BOOLEAN, &[if critical { 0xff } else { 0 }]));
                der::sequence(&[&der::oid(oid), &critical.unwrap_or_default(), &der::element(der::OCTET_STRING, value)])
            })
            .collect();
        let extensions = match extensions.as_slice() {
            [] => Vec::new(),
            list => der::explicit(3, &der::element(der::SEQUENCE, &list.concat())),
        };
        der::sequence(&[
            &version.unwrap_or_default(),
            &der::element(der::INTEGER, &self.serial),
            algorithm,
            self.issuer.as_ref().unwrap_or(&self.subject),
            &der::sequence(&[&time(&self.not_before), &time(&self.not_after)]),
            &self.subject,
            &self.spki.clone().unwrap_or_else(|| self.key.spki()),
            &extensions,
            &self.after_extensions,
        ])
    }
}

fn time(text: &str) -> Vec<u8> {
    let tag = if text.len() == 13 { der::UTC_TIME } else { der::GENERALIZED_TIME };
    der::element(tag, text.as_bytes())
}
