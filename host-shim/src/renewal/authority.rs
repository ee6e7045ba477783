//! The CA that the chart has made: what it has issued, and what it issues (RFC 5280).

use std::time::Duration;

use p256::{
    SecretKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _},
};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    date_time_ymd,
};
use rustls::{
    RootCertStore, client::verify_server_cert_signed_by_trust_anchor, crypto::ring::default_provider,
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, DnsName, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use x509_cert::{Certificate, der::Decode as _, ext::pkix::BasicConstraints};

use super::{Order, error::RenewalError, leaf, secrets::TlsSecret};
use crate::config::SecretName;

/// How much earlier than now a new certificate begins to be valid: clocks of clients may be late.
const CLOCK_SKEW: Duration = Duration::from_hours(1);
/// Its subject is of no account; its names count.
const COMMON_NAME: &str = "image-integrity";

/// A CA that is valid, with its key.
pub(super) struct Authority {
    name: SecretName,
    pem: Vec<u8>,
    roots: RootCertStore,
    issuer: Issuer<'static, KeyPair>,
    until: UnixTime,
}

/// A new certificate.
pub(super) struct Issued {
    /// The CA's, PEM.
    pub(super) ca: Vec<u8>,
    /// PEM.
    pub(super) certificate: String,
    /// PEM.
    pub(super) key: SecretString,
    pub(super) until: UnixTime,
}

impl Authority {
    /// Reads the CA in a secret.
    ///
    /// # Errors
    /// Where it can issue nothing that anybody would trust now.
    pub(super) fn of(secret: TlsSecret, now: UnixTime) -> Result<Self, RenewalError> {
        let TlsSecret { name, certificate: pem, key, .. } = secret;
        let unusable = |reason: String| RenewalError::UnusableCa { secret: name.clone(), reason };
        let certificate = CertificateDer::from_pem_slice(&pem)
            .map_err(|error| unusable(format!("tls.crt holds no certificate in PEM ({error})")))?;
        let read = Certificate::from_der(&certificate)
            .map_err(|error| unusable(format!("its certificate cannot be read ({error})")))?;
        let until = leaf::end(&read);
        if until <= now {
            return Err(unusable("its certificate has expired".to_owned()));
        }
        // What it issues would be trusted here, and by no other client.
        if !is_ca(&read) {
            return Err(unusable("its certificate is none of a CA".to_owned()));
        }
        let key = signing_key(&key).ok_or_else(|| {
            unusable("tls.key holds no private key on P-256 in PEM, of which the chart makes its CA".to_owned())
        })?;
        let mut roots = RootCertStore::empty();
        roots
            .add(certificate.clone())
            .map_err(|error| unusable(format!("its certificate cannot be read ({error})")))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| unusable(format!("its certificate cannot be read ({error})")))?;
        Ok(Self { name, pem, roots, issuer, until })
    }

    /// Its last moment.
    pub(super) fn until(&self) -> UnixTime {
        self.until
    }

    /// Its certificate, PEM.
    pub(super) fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// Whether it has issued this certificate, and for a server, and whether that is valid now.
    pub(super) fn vouches_for(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
        let algorithms = default_provider().signature_verification_algorithms;
        let parsed = ParsedCertificate::try_from(certificate)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, &[], now, algorithms.all)
    }

    /// Issues a certificate with a new key.
    ///
    /// # Errors
    /// Where the key is not the CA's own: nobody would trust the certificate.
    pub(super) fn issue(&self, order: &Order, now: UnixTime) -> Result<Issued, RenewalError> {
        let unmade = |error: rcgen::Error| RenewalError::Unmade(error.to_string());
        let until = UnixTime::since_unix_epoch(seconds(now) + order.valid_for).min(self.until);
        let names: Vec<_> = order.names.iter().map(|name| DnsName::as_ref(name).to_owned()).collect();
        let mut params = CertificateParams::new(names).map_err(unmade)?;
        params.distinguished_name.push(DnType::CommonName, COMMON_NAME);
        params.not_before = date_time_ymd(1970, 1, 1) + seconds(now).saturating_sub(CLOCK_SKEW);
        params.not_after = date_time_ymd(1970, 1, 1) + seconds(until);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(unmade)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(unmade)?;
        self.vouches_for(certificate.der(), now).map_err(|error| RenewalError::UnusableCa {
            secret: self.name.clone(),
            reason: format!("its key is not that of its certificate ({error})"),
        })?;
        Ok(Issued { ca: self.pem.clone(), certificate: certificate.pem(), key: key.serialize_pem().into(), until })
    }
}

fn is_ca(certificate: &Certificate) -> bool {
    let constraints = certificate.tbs_certificate().get_extension::<BasicConstraints>().ok().flatten();
    constraints.is_some_and(|(_, constraints)| constraints.ca)
}

fn seconds(time: UnixTime) -> Duration {
    Duration::from_secs(time.as_secs())
}

/// A key on P-256 in PEM, in SEC1 as Helm writes it or in PKCS#8. ring, by which it signs, reads only the latter.
fn signing_key(pem: &SecretSlice<u8>) -> Option<KeyPair> {
    let key = match PrivateKeyDer::from_pem_slice(pem.expose_secret()).ok()? {
        PrivateKeyDer::Sec1(key) => SecretKey::from_sec1_der(key.secret_sec1_der()).ok()?,
        PrivateKeyDer::Pkcs8(key) => SecretKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?,
        _ => return None,
    };
    let document = key.to_pkcs8_der().ok()?;
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(document.as_bytes()), &PKCS_ECDSA_P256_SHA256).ok()
}
