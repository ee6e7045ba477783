//! The answer of `config check`: what a configuration means, or every mistake in it; as a document for programs and as text for people.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use wasm_policy::{text::shown, verdict::Action};

use super::{
    Explanation, Finding, Mistakes,
    explain::{Policy, TrustAnchor, TrustStore, Validity, Verifier},
};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const UNSURE: Style = AnsiColor::Yellow.on_default();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// Whether a configuration can be used, and what is to be said about it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    /// Whether there is no mistake.
    pub valid: bool,
    /// In the order of files and lines.
    pub mistakes: &'a [Finding],
    /// How many more mistakes there are than are listed.
    pub more_mistakes: usize,
    /// What the configuration means, where there is no mistake.
    #[serde(flatten)]
    pub explanation: Option<&'a Explanation>,
}

impl<'a> Report<'a> {
    /// The report on a configuration that was read, or not.
    pub fn new(outcome: &'a Result<Explanation, Mistakes>) -> Self {
        match outcome {
            Ok(explanation) => Self { valid: true, mistakes: &[], more_mistakes: 0, explanation: Some(explanation) },
            Err(Mistakes { mistakes, more }) => {
                Self { valid: false, mistakes, more_mistakes: *more, explanation: None }
            }
        }
    }

    /// Text for people. Styles are always written; the stream that the text goes to takes them out where it is no terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for mistake in self.mistakes {
            finding(&mut out, mistake);
        }
        if !self.valid {
            let count = (self.mistakes.len() + self.more_mistakes) as u64;
            let listed = if self.more_mistakes > 0 {
                format!(", the first {} are shown", self.mistakes.len())
            } else {
                String::new()
            };
            line(&mut out, format_args!("{BAD}✗{BAD:#} {}{listed}", counted(count, "mistake")));
        }
        if let Some(explanation) = self.explanation {
            explain(&mut out, explanation);
        }
        out
    }
}

fn finding(out: &mut String, Finding { place, message }: &Finding) {
    line(out, format_args!("{BOLD}{place}{BOLD:#}: {message}"));
}

fn explain(out: &mut String, explanation: &Explanation) {
    for verifier in &explanation.verifiers {
        explain_verifier(out, verifier);
    }
    line(out, format_args!("{BOLD}combination{BOLD:#}"));
    for (artifact_type, rule) in &explanation.artifact_verification_policies {
        let artifact_type = if artifact_type == super::policy::DEFAULT { "other types" } else { artifact_type };
        let meaning =
            if rule == super::policy::ANY { "one good signature is enough" } else { "every signature must be good" };
        line(out, format_args!("  {}: {rule}, {meaning}", shown(artifact_type)));
    }
    let registries = if explanation.registries.plain_http { "over HTTP, without TLS" } else { "over HTTPS" };
    line(out, format_args!("{BOLD}registries{BOLD:#}\n  {registries}, without a login"));
    if !explanation.notes.is_empty() {
        line(out, format_args!("{BOLD}notes{BOLD:#}"));
        for Finding { place, message } in &explanation.notes {
            line(out, format_args!("  {place}: {message}"));
        }
        if explanation.more_notes > 0 {
            line(out, format_args!("  … and {} more notes", explanation.more_notes));
        }
    }
    for warning in &explanation.warnings {
        line(out, format_args!("{UNSURE}!{UNSURE:#} {warning}"));
    }
    line(out, format_args!("{GOOD}✓{GOOD:#} no mistakes {FAINT}(as of {}){FAINT:#}", explanation.now));
}

fn explain_verifier(out: &mut String, verifier: &Verifier) {
    line(out, format_args!("{BOLD}verifier {}{BOLD:#}  {FAINT}{}{FAINT:#}", shown(&verifier.name), verifier.r#type));
    fact(out, 2, "judges", &list(&verifier.artifact_types));
    fact(out, 2, "tries", &format!("at most {} of an image", counted(verifier.max_signatures.into(), "signature")));
    for (key, value) in &verifier.user_metadata {
        fact(out, 2, "requires", &format!("{}={}", shown(key), shown(value)));
    }
    for policy in &verifier.policies {
        explain_policy(out, policy);
    }
    if verifier.denies_other_repositories {
        line(out, format_args!("  {BOLD}other repositories{BOLD:#}  denied: no policy names them"));
    }
    for store in &verifier.trust_stores {
        explain_store(out, store);
    }
}

fn explain_policy(out: &mut String, policy: &Policy) {
    line(out, format_args!("  {BOLD}policy {}{BOLD:#}  {FAINT}{}{FAINT:#}", shown(&policy.name), shown(&policy.level)));
    for scope in &policy.scopes {
        fact(out, 4, "applies to", &or_any(scope, "every repository that no other policy names"));
    }
    let Some(checks) = &policy.checks else {
        return fact(out, 4, "skips", "everything: these images pass without a signature");
    };
    let by_check = [
        ("integrity", checks.integrity),
        ("authenticity", checks.authenticity),
        ("authenticTimestamp", checks.authentic_timestamp),
        ("expiry", checks.expiry),
        ("revocation", checks.revocation),
    ];
    for (verb, action) in [("enforces", Action::Enforce), ("logs", Action::Log), ("skips", Action::Skip)] {
        let names: Vec<_> = by_check.iter().filter(|(_, of)| *of == action).map(|(name, _)| *name).collect();
        if !names.is_empty() {
            fact(out, 4, verb, &names.join(", "));
        }
    }
    if policy.trust_stores.iter().any(|store| store.starts_with("tsa:")) {
        fact(out, 4, "timestamp", &checks.verify_timestamp);
    }
    fact(out, 4, "trusts", &list(&policy.trust_stores));
    for identity in &policy.trusted_identities {
        fact(out, 4, "signers", &or_any(identity, "whoever these stores vouch for"));
    }
}

fn explain_store(out: &mut String, store: &TrustStore) {
    let unused = if store.used { "" } else { ", not named by any policy" };
    let objects = list(&store.objects);
    line(out, format_args!("  {BOLD}trust store {}{BOLD:#}  {FAINT}{objects}{unused}{FAINT:#}", shown(&store.name)));
    for TrustAnchor { subject, serial, not_before, not_after, days_left, validity } in &store.certificates {
        let (style, symbol) = match validity {
            Validity::Valid => (GOOD, '✓'),
            Validity::ExpiresSoon | Validity::NotYetValid => (UNSURE, '!'),
            Validity::Expired => (BAD, '✗'),
        };
        let left = match validity {
            Validity::Valid | Validity::ExpiresSoon => format!("{} left", counted(days_left.unsigned_abs(), "day")),
            Validity::Expired => format!("expired {} ago", counted(days_left.unsigned_abs(), "day")),
            Validity::NotYetValid => "not yet valid".to_owned(),
        };
        line(out, format_args!("    {style}{symbol}{style:#} {}  {FAINT}serial {serial}{FAINT:#}", shown(subject)));
        line(out, format_args!("      from {} to {}, {style}{left}{style:#}", day(not_before), day(not_after)));
    }
}

/// People plan with days.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn or_any(text: &str, meaning: &str) -> String {
    if text == "*" { format!("* ({meaning})") } else { shown(text).to_string() }
}

/// Each is shown by itself, since what is shown is cut.
fn list(texts: &[String]) -> String {
    texts.iter().map(|text| shown(text).to_string()).collect::<Vec<_>>().join(", ")
}

fn fact(out: &mut String, indent: usize, name: &str, value: &str) {
    line(out, format_args!("{:indent$}{FAINT}{name:<10}{FAINT:#}  {value}", ""));
}

fn line(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
