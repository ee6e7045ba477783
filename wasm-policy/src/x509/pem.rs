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

#[cfg(test)]
mod tests {
    use image_integrity_test_maker::{authority, certificate};

    use super::*;

    fn read(text: &str) -> Result<usize, Code> {
        certificates(text, &Limits::default()).map(|found| found.len()).map_err(|failure| failure.code)
    }

    #[test]
    fn blocks_are_read_in_order_with_white_space_around_them() {
        let (first, second) = (authority("first").build(), certificate().build());
        let text = format!("\n  {}\n\t\n{}\n", first.pem(), second.pem());
        assert_eq!(certificates(&text, &Limits::default()), Ok(vec![first.der, second.der]));
    }

    #[test]
    fn line_ends_may_be_of_any_kind_and_lines_of_any_length() {
        let made = certificate().build();
        let lines = made.pem();
        let one_line = lines.replace('\n', "").replace("E-----M", "E-----\nM").replace("-----E", "\n-----E");
        for text in [lines.replace('\n', "\r\n"), lines.replace('\n', "\r"), lines.trim_end().into(), one_line] {
            assert_eq!(certificates(&text, &Limits::default()), Ok(vec![made.der.clone()]), "{text}");
        }
    }

    #[test]
    fn text_around_blocks_and_other_labels_reject() {
        let pem = certificate().build().pem();
        for text in [
            String::new(),
            " \n".into(),
            "no certificate".into(),
            format!("# our root\n{pem}"),
            format!("{pem}# our root\n"),
            format!("{pem}# between\n{pem}"),
            format!("\u{feff}{pem}"),
            pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
            pem.replace("CERTIFICATE", "PRIVATE KEY"),
            pem.replace("CERTIFICATE", "certificate"),
            format!("{pem}{}", pem.replace("CERTIFICATE", "PRIVATE KEY")),
            pem.replace("END CERTIFICATE", "END X509 CRL"),
            pem.replace("-----END CERTIFICATE-----\n", ""),
            pem.replace("-----BEGIN CERTIFICATE-----\n", ""),
            format!("{}{pem}", pem.replace("-----END CERTIFICATE-----\n", "")),
            pem.replace("CERTIFICATE-----\nM", "CERTIFICATE-----M"),
            pem.trim_end().to_owned() + &pem,
            pem.replace("-----END", "  -----END"),
        ] {
            assert_eq!(read(&text), Err(Code::CertificateMalformed), "{text}");
        }
    }

    #[test]
    fn digits_are_padded_standard_base64() {
        let block = |digits: &str| format!("-----BEGIN CERTIFICATE-----\n{digits}\n-----END CERTIFICATE-----\n");
        assert_eq!(read(&block("AAE=")), Ok(1));
        for digits in ["AAE", "AAF=", "AAE=AAE=", "A-E=", "A_E=", "====", "", "Proc-Type: 4,ENCRYPTED\n\nAAE="] {
            assert_eq!(read(&block(digits)), Err(Code::CertificateMalformed), "{digits}");
        }
    }

    #[test]
    fn the_limits_of_certificates_and_bytes_are_kept() {
        let pem = certificate().build().pem();
        let limits = Limits { store_certificates: 2, ..Limits::default() };
        assert_eq!(certificates(&pem.repeat(2), &limits).map(|found| found.len()), Ok(2));
        assert_eq!(certificates(&pem.repeat(3), &limits).unwrap_err().code, Code::CertificateMalformed);
        let limits = Limits { certificate_bytes: 100, ..Limits::default() };
        assert_eq!(certificates(&pem, &limits).unwrap_err().code, Code::CertificateMalformed);
    }
}
