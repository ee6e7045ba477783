//! A verdict as text for people: one block an image, with the checks of its signatures, the reason, and what to do.
//!
//! Styles are always written; the stream that the text goes to takes them out where it is no terminal.

use std::{borrow::Cow, fmt::Write as _};

use anstyle::{AnsiColor, Style};

use super::{
    document::{Action, Check, Class, Document, Image, Reason, Report, Result},
    layout::{fill, printable, sentence},
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const UNSURE: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Columns of the names of facts, so that their values stand under each other.
const LABEL: usize = "valid until".len();

/// Signatures of one image that are shown; the rest is counted. Fifty failed signatures would bury the reason.
const SHOWN_REPORTS: usize = 5;

/// Places of one image that are shown; the rest is counted.
const SHOWN_ORIGINS: usize = 10;

/// An image as it was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its key in the document.
    pub key: String,
    /// What the one who asked calls it.
    pub name: String,
    /// Where it is named, if in manifests.
    pub origins: Vec<Origin>,
}

/// A place in a manifest that names an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// As `Deployment default/web, container app`.
    pub object: String,
    /// The file as it was named, or `-` for standard input.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// Writes the verdict on these images in this order; `source` names a document that was refused without naming an image.
pub fn text(document: &Document, asked: &[Asked], source: &str) -> String {
    let mut out = String::new();
    if let Some(error) = document.error.as_ref().filter(|_| document.images.is_empty()) {
        refusal(&mut out, source, error);
    }
    for asked in asked {
        let Some(image) = document.images.get(&asked.key) else { continue };
        if !out.is_empty() {
            out.push('\n');
        }
        block(&mut out, asked, image);
    }
    out
}

fn refusal(out: &mut String, source: &str, error: &Reason) {
    heading(out, source, error.class(), &error.code);
    reason(out, &error.message, &error.remediation);
}

fn block(out: &mut String, Asked { key, name, origins }: &Asked, image: &Image) {
    heading(out, name, image.class, &image.code);
    match &image.subject {
        Some(subject) => fact(out, "image", subject),
        None if name != key => fact(out, "image", key),
        None => {}
    }
    named_in(out, origins);
    if let Some(media_type) = image.media_type.as_deref().filter(|media_type| is_index(media_type)) {
        fact(out, "judged", &format!("the index itself, not its children ({media_type})"));
    } else if let Some(media_type) = image.media_type.as_deref().filter(|_| image.is_success) {
        fact(out, "judged", media_type);
    }
    reports(out, image);
    if let Some(until) = &image.valid_until {
        fact(out, "valid until", until);
    }
    if !image.is_success {
        reason(out, &image.message, &image.remediation);
    }
}

fn named_in(out: &mut String, origins: &[Origin]) {
    for (index, Origin { object, file, line }) in origins.iter().take(SHOWN_ORIGINS).enumerate() {
        fact(out, if index == 0 { "from" } else { "" }, &format!("{object} ({file}:{line})"));
    }
    if let Some(more) = origins.len().checked_sub(SHOWN_ORIGINS).filter(|more| *more > 0) {
        fact(out, "", &format!("… and {more} more"));
    }
}

fn is_index(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.index.v1+json" | "application/vnd.docker.distribution.manifest.list.v2+json"
    )
}

fn heading(out: &mut String, name: &str, class: Class, code: &str) {
    let (style, symbol) = match class {
        Class::Verified => (GOOD, '✓'),
        Class::Denied => (BAD, '✗'),
        Class::Indeterminate | Class::Transient => (UNSURE, '?'),
    };
    let (name, code, class) = (printable(name), printable(code), class.name());
    line(out, format_args!("{style}{symbol}{style:#} {BOLD}{name}{BOLD:#}  {style}{class}  {code}{style:#}"));
}

fn fact(out: &mut String, name: &str, value: &str) {
    line(out, format_args!("  {FAINT}{name:LABEL$}{FAINT:#}  {}", printable(value)));
}

fn reason(out: &mut String, message: &str, remediation: &str) {
    out.push_str(&sentence("  ", 2, message));
    out.push_str(&sentence("  → ", 4, remediation));
}

/// The good signatures first: on a success they are what the verdict rests on.
fn reports(out: &mut String, image: &Image) {
    let (good, bad): (Vec<_>, Vec<_>) = image.verifier_reports.iter().partition(|report| report.is_success);
    for shown in good.into_iter().chain(bad).take(SHOWN_REPORTS) {
        report(out, shown);
        // Most often a report's reason is the image's, which is said once, below.
        if !shown.is_success && (&shown.code, &shown.message) != (&image.code, &image.message) {
            out.push_str(&sentence("    ", 4, &format!("{}: {}", shown.code, shown.message)));
        }
    }
    if let Some(more) = image.verifier_reports.len().checked_sub(SHOWN_REPORTS).filter(|more| *more > 0) {
        line(out, format_args!("  … and {more} more; --output json shows all"));
    }
}

fn report(out: &mut String, report: &Report) {
    let verifier = &report.verifier_name;
    // The message on a good signature names the signer with more detail.
    let signer = report.extensions.get("SN").filter(|_| !report.is_success);
    match (&report.reference_digest, signer) {
        (Some(digest), Some(signer)) => {
            fact(out, "signature", &format!("{}  by {signer}  ({verifier})", short(digest)));
        }
        (Some(digest), None) => fact(out, "signature", &format!("{}  ({verifier})", short(digest))),
        (None, _) => fact(out, "verifier", verifier),
    }
    out.push_str(&fill(4, "   ", report.checks.iter().map(check)));
    for logged in report.checks.iter().filter(|check| is_only_logged(check)) {
        if let Some(message) = &logged.message {
            out.push_str(&sentence(&format!("    {UNSURE}!{UNSURE:#} "), 6, message));
        }
    }
    if report.is_success {
        out.push_str(&sentence("    ", 4, &report.message));
    }
}

/// A check with its symbol, and how many columns that takes.
fn check(check: &Check) -> (Cow<'_, str>, usize) {
    let (style, symbol) = match check.result {
        Result::Pass => (GOOD, '✓'),
        Result::Fail if is_only_logged(check) => (UNSURE, '!'),
        Result::Fail => (BAD, '✗'),
        Result::Skipped => (FAINT, '–'),
        Result::NotRun => (FAINT, '·'),
    };
    let name = printable(&check.name);
    let columns = 2 + name.chars().count();
    (Cow::Owned(format!("{style}{symbol}{style:#} {name}")), columns)
}

fn is_only_logged(check: &Check) -> bool {
    check.result == Result::Fail && check.action == Action::Log
}

/// Enough of a digest to find it in a listing.
fn short(digest: &str) -> String {
    const HEX: usize = 12;
    match digest.split_once(':') {
        Some((algorithm, hex)) if hex.len() > HEX && hex.is_ascii() => {
            format!("{algorithm}:{}…", &hex[..HEX])
        }
        _ => digest.to_owned(),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

#[cfg(test)]
mod tests;
