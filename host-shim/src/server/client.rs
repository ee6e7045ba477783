//! Who asks: the names in a client's certificate, which TLS has verified.

use std::sync::Arc;

use der::Decode as _;
use x509_cert::{
    Certificate, der,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

/// The object identifier of a common name (X.520).
const COMMON_NAME: der::oid::ObjectIdentifier = der::oid::ObjectIdentifier::new_unwrap("2.5.4.3");

/// Who has sent a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Client {
    /// Nobody in particular: the server asks for no certificates.
    #[default]
    Anonymous,
    /// Somebody whose certificate one of the clients' CAs has issued.
    Verified(Names),
}

/// The names in a certificate: DNS names and URIs of its subject alternative name, and its common names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(Arc<[String]>);

impl Client {
    /// The client of a certificate that was verified. One whose names cannot be read has none.
    pub(crate) fn of(certificate: &[u8]) -> Self {
        Self::Verified(Certificate::from_der(certificate).map(|read| Names(names(&read).into())).unwrap_or_default())
    }

    /// Whether the certificate has been verified.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Verified(_))
    }

    /// Whether it is one of these.
    pub fn is_one_of(&self, names: &[String]) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Verified(Names(own)) => own.iter().any(|own| names.contains(own)),
        }
    }
}

fn names(certificate: &Certificate) -> Vec<String> {
    let certificate = certificate.tbs_certificate();
    let alternative = certificate.get_extension::<SubjectAltName>().ok().flatten();
    let alternative = alternative.map(|(_, SubjectAltName(names))| names).unwrap_or_default();
    let alternative = alternative.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
        _ => None,
    });
    let attributes = certificate.subject().iter_rdn().flat_map(x509_cert::name::RelativeDistinguishedName::iter);
    let common = attributes.filter(|attribute| attribute.oid == COMMON_NAME).filter_map(|attribute| {
        let text = attribute.value.value();
        std::str::from_utf8(text).ok().map(str::to_owned)
    });
    alternative.chain(common).collect()
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    use super::*;

    #[test]
    fn a_client_is_called_by_its_alternative_and_common_names() {
        let mut params = CertificateParams::new(vec!["opa.team-a.svc".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "opa");
        params.subject_alt_names.push(SanType::URI("spiffe://cluster/ns/team-a".try_into().unwrap()));
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let client = Client::of(certificate.der());
        for name in ["opa.team-a.svc", "spiffe://cluster/ns/team-a", "opa"] {
            assert!(client.is_one_of(&[name.to_owned()]), "{name}");
        }
        assert!(!client.is_one_of(&["team-a".to_owned()]));
        assert!(!client.is_one_of(&[]));
    }

    #[test]
    fn who_has_no_certificate_or_no_names_is_nobody() {
        assert!(!Client::Anonymous.is_one_of(&[String::new()]));
        assert!(!Client::of(b"junk").is_one_of(&[String::new()]));
        assert!(Client::of(b"junk").is_verified());
    }
}
