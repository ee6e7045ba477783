//! Certificates as PEM text (RFC 7468), the form in which trust stores hold them.
//!
//! Stricter than readers that skip what they do not know: in a trust store, a block that is passed over is a root that is missing unnoticed.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    code::{Code, Failure},
    limits::Limits,
};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of one or more PEM blocks labelled CERTIFICATE, between which only white space may stand.
///
/// # Errors
/// [`Code::CertificateMalformed`], saying which block is wrong.
pub fn certificates(text: &str, limits: &Limits) -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        if found.len() == limits.store_certificates {
            return Err(refused(&format!("more than {} certificates", limits.store_certificates)));
        }
        let number = found.len() + 1;
        let (certificate, after) = block(rest, limits).map_err(|what| refused(&format!("block {number} {what}")))?;
        found.push(certificate);
        rest = after.trim_ascii_start();
    }
    if found.is_empty() { Err(refused("it has no PEM block")) } else { Ok(found) }
}

fn refused(what: &str) -> Failure {
    Failure::new(Code::CertificateMalformed, format!("PEM certificates cannot be read: {what}"))
}

/// The block at the beginning of the text, and what follows it.
fn block<'t>(text: &'t str, limits: &Limits) -> Result<(Vec<u8>, &'t str), &'static str> {
    let body = text.strip_prefix(BEGIN).ok_or("does not begin with a line -----BEGIN CERTIFICATE-----")?;
    let (body, after) = body.split_once(END).ok_or("does not end with a line -----END CERTIFICATE-----")?;
    if !body.starts_with(['\n', '\r'])
        || !body.ends_with(['\n', '\r'])
        || !after.is_empty() && !after.starts_with(['\n', '\r'])
    {
        return Err("has its first or last line joined to other text");
    }
    let digits: String = body.split_ascii_whitespace().collect();
    if digits.len() / 4 * 3 > limits.certificate_bytes + 3 {
        return Err("is too large for a certificate");
    }
    let der = STANDARD.decode(digits).map_err(|_| "is not padded standard base64")?;
    if der.is_empty() { Err("is empty") } else { Ok((der, after)) }
}
