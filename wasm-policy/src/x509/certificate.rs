//! A certificate (RFC 5280 section 4.1), borrowed from the bytes that were received.

use core::fmt;

use super::{Name, Verifier, algorithm::SignatureAlgorithm, extensions::Extensions};
use crate::{
    asn1::{Elements, Malformed, constructed_context, primitive_context},
    code::{Code, Failure},
    crypto::PublicKey,
    limits::Limits,
    text::shown,
    time::Instant,
};

/// A certificate whose form was checked. What it may be used for was not: see [`CodeSigningChain`](super::CodeSigningChain).
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    der: &'a [u8],
    tbs: &'a [u8],
    serial: &'a [u8],
    signature_algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: Name<'a>,
    subject: Name<'a>,
    not_before: Instant,
    not_after: Instant,
    public_key: Result<PublicKey<'a>, Failure>,
    extensions: Extensions<'a>,
}

impl<'a> Certificate<'a> {
    /// Reads a certificate, the whole of the bytes: DER, of version 1, 2 or 3, without repeated extensions.
    ///
    /// # Errors
    /// [`Code::CertificateMalformed`], naming the part that is wrong.
    pub fn parse(der: &'a [u8], limits: &Limits) -> Result<Self, Failure> {
        if der.len() > limits.certificate_bytes {
            let most = limits.certificate_bytes;
            return Err(malformed(&format!("it has more than {most} bytes")));
        }
        let outside = |_| malformed("it is not DER, or something follows it");
        let mut document = Elements::new(der).map_err(outside)?;
        let mut parts = document.sequence().map_err(outside)?;
        document.finish().map_err(outside)?;
        let tbs = parts.raw().map_err(outside)?;
        let signature_algorithm = parts.raw().map_err(outside)?;
        let signature = parts.octet_aligned_bits().map_err(outside)?;
        parts.finish().map_err(outside)?;

        let mut fields = Elements::new(tbs).and_then(|mut tbs| tbs.sequence()).map_err(outside)?;
        let version = version(&mut fields).map_err(in_field("version"))?;
        let serial = fields.integer().map_err(in_field("serial number"))?;
        // Only the inner one is covered by the signature.
        if fields.raw() != Ok(signature_algorithm) {
            return Err(malformed("its two signature algorithms differ"));
        }
        let issuer = fields.raw().and_then(Name::parse).map_err(in_field("issuer"))?;
        let (not_before, not_after) = validity(&mut fields).map_err(in_field("validity"))?;
        let subject = fields.raw().and_then(Name::parse).map_err(in_field("subject"))?;
        let public_key = PublicKey::parse(fields.raw().map_err(in_field("public key"))?, limits);
        let extensions = extensions(version, &mut fields).map_err(in_field("extensions"))?;
        fields.finish().map_err(in_field("end"))?;
        Ok(Self {
            der,
            tbs,
            serial,
            signature_algorithm,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            extensions,
        })
    }

    /// The bytes that were received.
    pub const fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Who issued it.
    pub const fn issuer(&self) -> &Name<'a> {
        &self.issuer
    }

    /// Whose it is.
    pub const fn subject(&self) -> &Name<'a> {
        &self.subject
    }

    /// Its serial number, shown as hex octets with colons.
    pub fn serial(&self) -> impl fmt::Display + use<'a> {
        Serial(self.serial)
    }

    /// The first moment at which it is valid.
    pub const fn not_before(&self) -> Instant {
        self.not_before
    }

    /// The last second in which it is valid.
    pub const fn not_after(&self) -> Instant {
        self.not_after
    }

    /// Its key.
    ///
    /// # Errors
    /// As [`PublicKey::parse`]; the message names the certificate.
    pub fn public_key(&self) -> Result<PublicKey<'a>, Failure> {
        self.public_key.clone().map_err(|failure| self.about(&failure))
    }

    /// Whether its basic constraints say that it is a CA.
    pub fn is_ca(&self) -> bool {
        matches!(self.extensions.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca)
    }

    /// Whether it is issued by its own subject and signed with its own key. A key or algorithm that is not supported signs nothing.
    ///
    /// # Errors
    /// [`Code::BudgetExceeded`].
    pub fn is_self_signed(&self, verifier: &mut Verifier<'_>) -> Result<bool, Failure> {
        match (self.is_self_issued(), &self.public_key) {
            (true, Ok(own)) => verifier.is_signed_by(self, own),
            _ => Ok(false),
        }
    }

    /// Whether it names where its revocation is published: an OCSP responder's URL or a CRL's.
    pub fn names_revocation_source(&self) -> bool {
        self.extensions.names_revocation_source()
    }

    /// Whether subject and issuer are the same bytes.
    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// What is signed.
    pub(super) const fn tbs(&self) -> &'a [u8] {
        self.tbs
    }

    /// The issuer's signature.
    pub(super) const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    pub(super) fn signature_algorithm(&self) -> Result<SignatureAlgorithm, Failure> {
        SignatureAlgorithm::parse(self.signature_algorithm).map_err(|failure| self.about(&failure))
    }

    pub(super) const fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// The same failure, saying which certificate it is about.
    fn about(&self, failure: &Failure) -> Failure {
        Failure::new(failure.code, format!("the certificate {self}: {}", failure.message))
    }
}

fn malformed(what: &str) -> Failure {
    Failure::new(Code::CertificateMalformed, format!("a certificate cannot be read: {what}"))
}

fn in_field(field: &'static str) -> impl Fn(Malformed) -> Failure {
    move |_| malformed(&format!("its {field} is not as RFC 5280 says"))
}

/// 1, 2 or 3. A written version 1 is tolerated, though DER omits it.
fn version(fields: &mut Elements<'_>) -> Result<u32, Malformed> {
    let Some(explicit) = fields.optional(constructed_context(0))? else { return Ok(1) };
    let mut explicit = Elements::new(explicit)?;
    let version = explicit.small_integer()?;
    explicit.finish()?;
    if version > 2 { Err(Malformed) } else { Ok(version + 1) }
}

fn validity(fields: &mut Elements<'_>) -> Result<(Instant, Instant), Malformed> {
    let mut times = fields.sequence()?;
    let validity = (times.time()?, times.time()?);
    times.finish()?;
    Ok(validity)
}

/// The unique identifiers, which say nothing, and the extensions: from version 2 and 3 on.
fn extensions<'a>(version: u32, fields: &mut Elements<'a>) -> Result<Extensions<'a>, Malformed> {
    if version >= 2 {
        fields.optional(primitive_context(1))?;
        fields.optional(primitive_context(2))?;
    }
    match fields.optional(constructed_context(3))? {
        Some(list) if version == 3 => Extensions::parse(list),
        Some(_) => Err(Malformed),
        None => Ok(Extensions::default()),
    }
}

/// For messages: the subject, the serial number and the day on which it ends, as `CN=build,O=acme (serial 4a:01, until 2027-03-01)`.
impl fmt::Display for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (serial {}, until ", shown(&self.subject.to_string()), Serial(self.serial))?;
        let until = self.not_after.to_string();
        f.write_str(until.get(..10).unwrap_or(&until))?;
        f.write_str(")")
    }
}

/// A serial number as hex octets with colons. RFC 5280 allows twenty octets; what follows them is cut.
struct Serial<'a>(&'a [u8]);

impl fmt::Display for Serial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = match self.0 {
            // The sign's zero, which only keeps the number positive.
            [0, rest @ ..] if !rest.is_empty() => rest,
            octets => octets,
        };
        for (position, octet) in octets.iter().take(20).enumerate() {
            write!(f, "{}{octet:02x}", if position == 0 { "" } else { ":" })?;
        }
        if octets.len() > 20 { f.write_str(":…") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::{CertificateBuilder, Key, authority, certificate, der};

    use super::*;
    use crate::crypto::RustCrypto;

    #[track_caller]
    fn assert_malformed(builder: CertificateBuilder, part: &str) {
        let made = builder.build();
        let failure = Certificate::parse(&made.der, &Limits::default()).expect_err("it is malformed");
        assert_eq!(failure.code, Code::CertificateMalformed);
        assert!(failure.message.contains(part), "{failure}");
    }

    #[track_caller]
    fn assert_readable(builder: CertificateBuilder) {
        Certificate::parse(&builder.build().der, &Limits::default()).expect("it can be read");
    }

    #[test]
    fn the_parts_of_a_certificate_are_read() {
        let root = authority("root").build();
        let made = certificate().validity("500101000000Z", "99991231235959Z").issued_by(&root).build();
        let read = Certificate::parse(&made.der, &Limits::default()).unwrap();
        assert_eq!(read.der(), made.der);
        assert_eq!(read.subject().to_string(), "CN=build,O=acme,ST=WA,C=US");
        assert_eq!(read.issuer().to_string(), "CN=root,O=acme,ST=WA,C=US");
        assert_eq!(read.not_before().to_string(), "1950-01-01T00:00:00Z");
        assert_eq!(read.not_after().to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(read.public_key().unwrap().spki(), made.key.spki());
        assert_eq!(read.to_string(), "CN=build,O=acme,ST=WA,C=US (serial 4a:01, until 9999-12-31)");
        assert!(!read.is_ca());
        assert!(Certificate::parse(&root.der, &Limits::default()).unwrap().is_ca());
    }

    #[test]
    fn anything_before_inside_or_after_the_der_rejects() {
        let made = certificate().build().der;
        let parse = |bytes: &[u8]| Certificate::parse(bytes, &Limits::default()).map(drop).map_err(|f| f.code);
        assert_eq!(parse(&made), Ok(()));
        assert_eq!(parse(&[&made[..], &[0]].concat()), Err(Code::CertificateMalformed));
        assert_eq!(parse(&[&[0], &made[..]].concat()), Err(Code::CertificateMalformed));
        for length in 0..made.len() {
            assert_eq!(parse(&made[..length]), Err(Code::CertificateMalformed), "{length}");
        }
        assert_malformed(certificate().after_extensions(&[5, 0]), "its end");
    }

    #[test]
    fn a_certificate_above_the_limit_of_bytes_is_refused() {
        let made = certificate().build().der;
        let at = |certificate_bytes| {
            let limits = Limits { certificate_bytes, ..Limits::default() };
            Certificate::parse(&made, &limits).map(drop).map_err(|failure| failure.code)
        };
        assert_eq!(at(made.len()), Ok(()));
        assert_eq!(at(made.len() - 1), Err(Code::CertificateMalformed));
    }

    #[test]
    fn versions_are_1_to_3_and_only_the_third_has_extensions() {
        assert_readable(certificate());
        assert_readable(certificate().version(None).without_extensions());
        assert_readable(certificate().version(Some(0)).without_extensions());
        assert_readable(certificate().version(Some(1)).without_extensions());
        assert_readable(
            certificate().version(Some(1)).without_extensions().after_extensions(&[0x81, 2, 0, 7, 0x82, 2, 0, 7]),
        );
        assert_malformed(certificate().version(None), "its extensions");
        assert_malformed(certificate().version(Some(1)), "its extensions");
        assert_malformed(certificate().version(Some(3)), "its version");
        assert_malformed(certificate().version(Some(0xff)), "its version");
        assert_malformed(
            certificate().version(None).without_extensions().after_extensions(&[0x81, 2, 0, 7]),
            "its end",
        );
    }

    #[test]
    fn a_repeated_extension_rejects_whichever_it_is() {
        for oid in ["2.5.29.15", "1.2.3.4"] {
            let twice = certificate().extension(oid, false, vec![]).extension(oid, false, vec![]);
            assert_malformed(twice, "its extensions");
        }
    }

    #[test]
    fn a_serial_number_is_an_integer_and_shown_in_hex() {
        assert_malformed(certificate().serial(&[]), "its serial number");
        assert_malformed(certificate().serial(&[0, 1]), "its serial number");
        for (contents, shown) in [
            (&[0][..], "00"),
            (&[0, 0xff], "ff"),
            (&[0xff], "ff"),
            (&[1; 20], "01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01"),
            (&[1; 21], "01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:01:…"),
        ] {
            let made = certificate().serial(contents).build();
            let text = Certificate::parse(&made.der, &Limits::default()).unwrap().to_string();
            assert!(text.contains(&format!("(serial {shown}, ")), "{text}");
        }
    }

    #[test]
    fn times_must_be_times() {
        assert_malformed(certificate().validity("200230000000Z", "21200101000000Z"), "its validity");
        assert_malformed(certificate().validity("200101000000Z", "21200101000000+"), "its validity");
    }

    #[test]
    fn a_long_or_hostile_subject_is_cut_and_escaped_in_messages() {
        let made = certificate().subject(&format!("CN=\u{202e}{}", "x".repeat(1000))).build();
        let text = Certificate::parse(&made.der, &Limits::default()).unwrap().to_string();
        assert!(text.starts_with(r"CN=\E2\80\AExxx"), "{text}");
        assert!(text.ends_with("x… (serial 4a:01, until 2120-01-01)"), "{text}");
        assert_eq!(text.chars().count(), 256 + "… (serial 4a:01, until 2120-01-01)".chars().count());
    }

    #[test]
    fn a_key_that_is_not_supported_is_told_when_it_is_asked_for() {
        let made =
            certificate().spki(der::sequence(&[&der::sequence(&[&der::oid("1.3.101.112")]), &der::bits(&[1])])).build();
        let read = Certificate::parse(&made.der, &Limits::default()).unwrap();
        let failure = read.public_key().unwrap_err();
        assert_eq!(failure.code, Code::KeyUnsupported);
        assert!(failure.message.starts_with("the certificate CN=build,"), "{failure}");
    }

    #[test]
    fn self_signed_is_decided_by_name_and_signature() {
        let limits = Limits::default();
        let is_self_signed = |builder: CertificateBuilder| {
            let made = builder.build();
            let certificate = Certificate::parse(&made.der, &limits).unwrap();
            certificate.is_self_signed(&mut Verifier::new(&RustCrypto, &limits)).unwrap()
        };
        assert!(is_self_signed(certificate()));
        assert!(is_self_signed(certificate().version(None).without_extensions()));
        assert!(!is_self_signed(certificate().signed_by(&Key::p256("another"))));
        assert!(!is_self_signed(certificate().issuer("CN=other")));
        let unsupported = der::sequence(&[&der::oid("1.3.101.112")]);
        assert!(!is_self_signed(certificate().algorithm(unsupported)));
    }

    #[test]
    fn a_revocation_source_is_an_ocsp_or_crl_url_or_what_cannot_be_read() {
        let names_source = |builder: CertificateBuilder| {
            let made = builder.build();
            Certificate::parse(&made.der, &Limits::default()).unwrap().names_revocation_source()
        };
        let (aia, crl) = ("1.3.6.1.5.5.7.1.1", "2.5.29.31");
        let access = |method, location: &[u8]| der::sequence(&[&der::sequence(&[&der::oid(method), location])]);
        let url = der::element(0x86, b"http://example.org");
        let directory_name = der::explicit(4, &der::sequence(&[]));
        let point = |name: &[u8]| der::sequence(&[&der::sequence(&[&der::explicit(0, &der::explicit(0, name))])]);
        for (builder, expected) in [
            (certificate(), false),
            (certificate().ocsp_url("http://example.org"), true),
            (certificate().crl_url("http://example.org"), true),
            (certificate().crl_url("ldap://example.org"), true),
            // The issuer's certificate says nothing about revocation.
            (certificate().extension(aia, false, access("1.3.6.1.5.5.7.48.2", &url)), false),
            (certificate().extension(aia, false, access("1.3.6.1.5.5.7.48.1", &directory_name)), false),
            (certificate().extension(crl, false, point(&directory_name)), false),
            (certificate().extension(crl, false, point(&[directory_name.clone(), url.clone()].concat())), true),
            (certificate().extension(aia, false, b"junk".to_vec()), true),
            (certificate().extension(crl, false, b"junk".to_vec()), true),
            (certificate().extension(crl, false, vec![]), true),
        ] {
            assert_eq!(names_source(builder), expected);
        }
    }

    #[test]
    fn a_ca_is_one_by_its_basic_constraints_alone() {
        let is_ca =
            |builder: CertificateBuilder| Certificate::parse(&builder.build().der, &Limits::default()).unwrap().is_ca();
        assert!(is_ca(authority("ca").without("2.5.29.15")));
        assert!(is_ca(authority("ca").marked("2.5.29.19", None)));
        assert!(!is_ca(authority("ca").without("2.5.29.19")));
        assert!(!is_ca(authority("ca").without("2.5.29.19").extension("2.5.29.19", true, b"junk".to_vec())));
    }
}
