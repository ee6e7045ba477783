//! The certificates in a PEM text (RFC 7468), without the text around the blocks that tools such as `openssl pkcs12` write (`Bag Attributes`).

use wasm_policy::{
    limits::Limits,
    x509::{Certificate, pem},
};

use super::{field::Field, finding::quoted};

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const CERTIFICATE: &str = "CERTIFICATE";

const LINE_BREAKS_LOST: &str =
    "the line breaks of the PEM text are lost; write `value: |` and the text below, each line indented";

/// A PEM block as it is written, between lines without leading or trailing space.
pub(super) struct Block<'t> {
    pub(super) label: &'t str,
    /// With its first and last line, and an end of line after each.
    pub(super) text: String,
    /// The index of the first line in the text.
    pub(super) line: usize,
}

/// The CERTIFICATE blocks of a field, one after the other; `None` where there is a mistake in them, which has been told.
pub(super) fn certificates(field: &Field<'_>) -> Option<String> {
    let text = field.text()?;
    let blocks = match blocks(&text) {
        Ok(blocks) => blocks,
        Err((line, message)) => {
            field.mistake_in_line(line, message);
            return None;
        }
    };
    let mut good = true;
    let mut certificates = String::new();
    for block in &blocks {
        match refusal(block) {
            None => certificates.push_str(&block.text),
            Some(message) => {
                field.mistake_in_line(block.line, message);
                good = false;
            }
        }
    }
    if blocks.is_empty() {
        field.mistake("holds no certificate; put one or more PEM blocks here, from -----BEGIN CERTIFICATE----- on");
        return None;
    }
    good.then_some(certificates)
}

/// Why a block is not accepted. Nothing of its content is shown: it may be a secret.
fn refusal(block: &Block<'_>) -> Option<String> {
    let label = block.label;
    if label == CERTIFICATE {
        return unreadable(&block.text);
    }
    Some(if label.contains("PRIVATE KEY") {
        "this is a PRIVATE KEY: take it out of the file, and replace the key if anybody else could read it; \
         only certificates belong here"
            .to_owned()
    } else if label == "PUBLIC KEY" {
        "not supported yet: public keys, which cosign verifiers use; give a certificate".to_owned()
    } else {
        format!("a PEM block of {} is not a certificate; only {CERTIFICATE} blocks belong here", quoted(label))
    })
}

/// Why the module would not read a certificate.
fn unreadable(block: &str) -> Option<String> {
    let limits = Limits::default();
    let ders = match pem::certificates(block, &limits) {
        Ok(ders) => ders,
        Err(failure) => return Some(failure.message),
    };
    ders.iter().find_map(|der| Some(Certificate::parse(der, &limits).err()?.message))
}

/// The blocks of a text, whatever stands between them.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, (usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.contains(DASHES) && [BEGIN, END].iter().all(|edge| label(line, edge).is_none()) {
            return Err((index, LINE_BREAKS_LOST.to_owned()));
        }
        match &mut open {
            None => {
                if let Some(label) = label(line, BEGIN) {
                    open = Some(Block { label, text: format!("{line}\n"), line: index });
                } else if label(line, END).is_some() {
                    return Err((index, "this PEM block has no first line (-----BEGIN …)".to_owned()));
                }
            }
            Some(block) => {
                if label(line, BEGIN).is_some() {
                    break;
                }
                if !line.is_empty() {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                if let Some(end) = label(line, END) {
                    if end != block.label {
                        let message = format!("begins with {} and ends with {}", quoted(block.label), quoted(end));
                        return Err((block.line, format!("this PEM block {message}")));
                    }
                    blocks.extend(open.take());
                }
            }
        }
    }
    match open {
        None => Ok(blocks),
        Some(block) => Err((block.line, "this PEM block has no last line (-----END …)".to_owned())),
    }
}

/// The label of a block's first or last line. Where line breaks are lost, what follows could be a key's content: that is no label.
fn label<'t>(line: &'t str, edge: &str) -> Option<&'t str> {
    let label = line.strip_prefix(edge)?.strip_suffix(DASHES)?;
    label.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ').then_some(label)
}
