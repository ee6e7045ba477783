//! A verdict as text for people: one block an image, with the checks of its signatures, the reason, and what to do.
//!
//! Styles are always written; the stream that the text goes to takes them out where it is no terminal.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

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

/// Signatures of one image that are shown; the rest is counted. Fifty failed signatures would bury the reason.
const SHOWN_REPORTS: usize = 5;

/// How the images were called by the one who asked: the image's key in the document, to its names in the order they were given.
pub type Names = BTreeMap<String, Vec<String>>;

/// Writes the whole document; `source` names it where it was refused without naming an image.
pub fn text(document: &Document, names: &Names, source: &str) -> String {
    let mut out = String::new();
    if let Some(error) = document.error.as_ref().filter(|_| document.images.is_empty()) {
        refusal(&mut out, source, error);
    }
    for (key, image) in &document.images {
        let own = [key.clone()];
        for name in names.get(key).map_or(own.as_slice(), Vec::as_slice) {
            if !out.is_empty() {
                out.push('\n');
            }
            block(&mut out, name, key, image);
        }
    }
    out
}

fn refusal(out: &mut String, source: &str, error: &Reason) {
    heading(out, source, error.class(), &error.code);
    reason(out, &error.message, &error.remediation);
}

fn block(out: &mut String, name: &str, key: &str, image: &Image) {
    heading(out, name, image.class, &image.code);
    match &image.subject {
        Some(subject) => fact(out, "image", subject),
        None if name != key => fact(out, "image", key),
        None => {}
    }
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
    line(out, format_args!("  {FAINT}{name}{FAINT:#}  {}", printable(value)));
}

fn reason(out: &mut String, message: &str, remediation: &str) {
    out.push_str(&sentence("  ", 2, message));
    out.push_str(&sentence("  → ", 4, remediation));
}

/// The good signatures first: on a success they are what the verdict rests on.
fn reports(out: &mut String, image: &Image) {
    let (good, bad): (Vec<_>, Vec<_>) = image.verifier_reports.iter().partition(|report| report.is_success);
    let ordered = good.into_iter().chain(bad);
    let alone = image.verifier_reports.len() == 1;
    for shown in ordered.take(SHOWN_REPORTS) {
        report(out, shown);
        // With one signature its reason is the image's; it is said once, below.
        if !shown.is_success && !alone {
            out.push_str(&sentence(
                &format!("    {} ", printable(&shown.code)),
                4 + shown.code.chars().count() + 1,
                &shown.message,
            ));
        }
    }
    if let Some(more) = image.verifier_reports.len().checked_sub(SHOWN_REPORTS).filter(|more| *more > 0) {
        line(out, format_args!("  … and {more} more; --output json shows all"));
    }
}

fn report(out: &mut String, report: &Report) {
    let verifier = printable(&report.verifier_name);
    match (&report.reference_digest, report.extensions.get("SN").filter(|_| !report.is_success)) {
        (Some(digest), Some(signer)) => {
            let signer = printable(signer);
            line(out, format_args!("  signature {}  by {signer}  {FAINT}({verifier}){FAINT:#}", short(digest)));
        }
        (Some(digest), None) => line(out, format_args!("  signature {}  {FAINT}({verifier}){FAINT:#}", short(digest))),
        (None, _) => line(out, format_args!("  verifier {verifier}")),
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
            format!("{}:{}…", printable(algorithm), printable(&hex[..HEX]))
        }
        _ => printable(digest),
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
