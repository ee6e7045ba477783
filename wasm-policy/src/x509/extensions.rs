//! The extensions that are evaluated (RFC 5280 section 4.2): basic constraints, key usage, extended key usage and where revocation is published.
//!
//! Every other extension is passed over, critical or not, well-formed or not: the specification says so for code-signing chains.

use std::collections::BTreeSet;

use der::Tag;

use crate::asn1::{Elements, Malformed, Oid, constructed_context, primitive_context};

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const CRL_DISTRIBUTION_POINTS: &[u8] = &[0x55, 0x1d, 31];
const AUTHORITY_INFORMATION_ACCESS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 1, 1];
const OCSP_ACCESS_METHOD: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1];

/// The extensions of one certificate, each still as it was received: a malformed one matters only where it is evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extensions<'a> {
    basic_constraints: Option<Extension<'a>>,
    key_usage: Option<Extension<'a>>,
    extended_key_usage: Option<Extension<'a>>,
    crl_distribution_points: Option<Extension<'a>>,
    authority_information_access: Option<Extension<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Extension<'a> {
    critical: bool,
    value: &'a [u8],
}

/// An extension that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marked<T> {
    pub(super) critical: bool,
    pub(super) value: T,
}

/// Whether a certificate may issue others, and how long a path below it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BasicConstraints {
    pub(super) ca: bool,
    pub(super) path_len: Option<u32>,
}

/// The bits of KeyUsage; bit 0 of the specification is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyUsage(u16);

impl KeyUsage {
    pub(super) const DIGITAL_SIGNATURE: (u16, &'static str) = (0, "digitalSignature");
    pub(super) const KEY_CERT_SIGN: (u16, &'static str) = (5, "keyCertSign");
    /// What a certificate that signs images must not be for.
    pub(super) const NOT_OF_A_SIGNER: [(u16, &'static str); 7] = [
        (2, "keyEncipherment"),
        (3, "dataEncipherment"),
        (4, "keyAgreement"),
        Self::KEY_CERT_SIGN,
        (6, "cRLSign"),
        (7, "encipherOnly"),
        (8, "decipherOnly"),
    ];

    pub(super) const fn has(self, usage: (u16, &'static str)) -> bool {
        self.0 >> usage.0 & 1 == 1
    }
}

impl<'a> Extensions<'a> {
    /// Reads the list and finds those that are evaluated. One that occurs twice rejects, whichever it is.
    pub(super) fn parse(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut document = Elements::new(list)?;
        let mut rest = document.sequence()?;
        document.finish()?;
        let mut found = Self::default();
        let mut seen = BTreeSet::new();
        while !rest.is_empty() {
            let mut fields = rest.sequence()?;
            let oid = fields.oid()?;
            let extension = Extension { critical: fields.boolean_or_false()?, value: fields.tagged(Tag::OctetString)? };
            fields.finish()?;
            if !seen.insert(oid) {
                return Err(Malformed);
            }
            match oid.as_bytes() {
                BASIC_CONSTRAINTS => found.basic_constraints = Some(extension),
                KEY_USAGE => found.key_usage = Some(extension),
                EXTENDED_KEY_USAGE => found.extended_key_usage = Some(extension),
                CRL_DISTRIBUTION_POINTS => found.crl_distribution_points = Some(extension),
                AUTHORITY_INFORMATION_ACCESS => found.authority_information_access = Some(extension),
                _ => {}
            }
        }
        Ok(found)
    }

    pub(super) fn basic_constraints(&self) -> Result<Option<Marked<BasicConstraints>>, Malformed> {
        evaluate(self.basic_constraints, |mut document| {
            let mut fields = document.sequence()?;
            let ca = fields.boolean_or_false()?;
            let path_len = if fields.is_empty() { None } else { Some(fields.small_integer()?) };
            fields.finish()?;
            document.finish()?;
            Ok(BasicConstraints { ca, path_len })
        })
    }

    pub(super) fn key_usage(&self) -> Result<Option<Marked<KeyUsage>>, Malformed> {
        evaluate(self.key_usage, |mut document| {
            let bits = document.tagged(Tag::BitString)?;
            document.finish()?;
            named_bits(bits).map(KeyUsage)
        })
    }

    pub(super) fn extended_key_usage(&self) -> Result<Option<Marked<Vec<Oid<'a>>>>, Malformed> {
        evaluate(self.extended_key_usage, |mut document| {
            let mut rest = document.sequence()?;
            document.finish()?;
            let mut purposes = Vec::new();
            while !rest.is_empty() {
                purposes.push(rest.oid()?);
            }
            // SIZE (1..MAX): an empty list would forbid every purpose, or none; who knows.
            if purposes.is_empty() { Err(Malformed) } else { Ok(purposes) }
        })
    }

    /// Whether there is a URL of an OCSP responder or of a CRL. An extension that cannot be read counts as one: it might name a source.
    pub(super) fn names_revocation_source(&self) -> bool {
        let ocsp = self.authority_information_access.map(|access| names_ocsp_url(access.value));
        let crl = self.crl_distribution_points.map(|points| names_crl_url(points.value));
        ocsp.is_some_and(|found| found != Ok(false)) || crl.is_some_and(|found| found != Ok(false))
    }
}

fn evaluate<'a, T>(
    extension: Option<Extension<'a>>,
    read: impl FnOnce(Elements<'a>) -> Result<T, Malformed>,
) -> Result<Option<Marked<T>>, Malformed> {
    let Some(Extension { critical, value }) = extension else { return Ok(None) };
    let value = read(Elements::new(value)?)?;
    Ok(Some(Marked { critical, value }))
}

/// A BIT STRING of up to nine named bits. Zeros at the end are tolerated, though DER omits them.
fn named_bits(contents: &[u8]) -> Result<u16, Malformed> {
    let [unused @ 0..=7, octets @ ..] = contents else { return Err(Malformed) };
    let padding = octets.last().map_or(*unused != 0, |last| last & ((1 << unused) - 1) != 0);
    if padding {
        return Err(Malformed);
    }
    let octet = |position: usize| octets.get(position).map_or(0, |octet| u16::from(octet.reverse_bits()));
    Ok(octet(0) | octet(1) << 8)
}

/// AuthorityInfoAccessSyntax (RFC 5280 section 4.2.2.1).
fn names_ocsp_url(value: &[u8]) -> Result<bool, Malformed> {
    let mut document = Elements::new(value)?;
    let mut rest = document.sequence()?;
    document.finish()?;
    let mut found = false;
    while !rest.is_empty() {
        let mut description = rest.sequence()?;
        let method = description.oid()?;
        let (location, _) = description.any()?;
        description.finish()?;
        found |= method.as_bytes() == OCSP_ACCESS_METHOD && location == URL;
    }
    Ok(found)
}

/// CRLDistributionPoints (RFC 5280 section 4.2.1.13).
fn names_crl_url(value: &[u8]) -> Result<bool, Malformed> {
    let mut document = Elements::new(value)?;
    let mut rest = document.sequence()?;
    document.finish()?;
    let mut found = false;
    while !rest.is_empty() {
        let mut point = rest.sequence()?;
        let Some(name) = point.optional(constructed_context(0))? else { continue };
        let mut name = Elements::new(name)?;
        let Some(full_name) = name.optional(constructed_context(0))? else { continue };
        let mut general_names = Elements::new(full_name)?;
        while !general_names.is_empty() {
            found |= general_names.any()?.0 == URL;
        }
    }
    Ok(found)
}

/// The choice uniformResourceIdentifier of GeneralName.
const URL: Tag = primitive_context(6);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_bits_are_counted_from_the_highest_of_the_first_octet() {
        for (contents, set) in [
            (&[7, 0x80][..], &[0][..]),
            (&[5, 0xa0], &[0, 2]),
            (&[7, 0, 0x80], &[8]),
            (&[0, 0x01], &[7]),
            (&[0], &[]),
            // Zeros that DER omits.
            (&[0, 0x80, 0, 0], &[0]),
        ] {
            let bits = named_bits(contents).unwrap();
            let found: Vec<u16> = (0..16).filter(|bit| bits >> bit & 1 == 1).collect();
            assert_eq!(found, set, "{contents:x?}");
        }
    }

    #[test]
    fn bits_that_are_declared_unused_are_zero() {
        for contents in [&[][..], &[8, 0], &[1], &[7, 0xc0], &[1, 0x81]] {
            assert_eq!(named_bits(contents), Err(Malformed), "{contents:x?}");
        }
    }
}
