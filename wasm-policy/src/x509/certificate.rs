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
