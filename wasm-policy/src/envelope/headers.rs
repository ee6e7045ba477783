//! The protected headers that both formats share (signature specification, "Signed Attributes"): the signing scheme, the times, what is critical.
//!
//! The formats differ in how a header is written; [`ProtectedHeader`] is what they have in common.

use core::fmt;

use super::plugin::{self, VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION};
use crate::{
    code::{Code, Failure},
    text::shown,
    time::Instant,
};

pub(super) const SIGNING_SCHEME: &str = "io.cncf.notary.signingScheme";
pub(super) const SIGNING_TIME: &str = "io.cncf.notary.signingTime";
pub(super) const AUTHENTIC_SIGNING_TIME: &str = "io.cncf.notary.authenticSigningTime";
pub(super) const EXPIRY: &str = "io.cncf.notary.expiry";
pub(super) const TIMESTAMP_SIGNATURE: &str = "io.cncf.notary.timestampSignature";
pub(super) const SIGNING_AGENT: &str = "io.cncf.notary.signingAgent";

/// The headers that only the protected header may hold. Elsewhere they would look signed to a person and count for nobody.
pub(super) const PROTECTED_ONLY: [&str; 6] = [
    SIGNING_SCHEME,
    SIGNING_TIME,
    AUTHENTIC_SIGNING_TIME,
    EXPIRY,
    VERIFICATION_PLUGIN,
    VERIFICATION_PLUGIN_MIN_VERSION,
];

/// How the signer's certificates are trusted, and what the signing time is worth (signing scheme specification).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningScheme {
    /// `notary.x509`: stores of type `ca`; the signing time is the signer's own word.
    X509,
    /// `notary.x509.signingAuthority`: stores of type `signingAuthority`; the authority vouches for the signing time.
    SigningAuthority,
}

impl SigningScheme {
    /// The name in envelopes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X509 => "notary.x509",
            Self::SigningAuthority => "notary.x509.signingAuthority",
        }
    }
}

/// The name of a header: COSE has numbers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label<'h> {
    Integer(i128),
    Text(&'h str),
}

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(name) => shown(name).fmt(f),
        }
    }
}

/// A protected header, read by name.
pub(super) trait ProtectedHeader {
    /// The text of a header, `None` where it is absent.
    fn text(&self, name: &'static str) -> Result<Option<&str>, Failure>;

    /// The moment of a header, `None` where it is absent.
    fn time(&self, name: &'static str) -> Result<Option<Instant>, Failure>;

    /// The names that the header calls critical, in the order written.
    fn critical(&self) -> Result<Vec<Label<'_>>, Failure>;

    /// Whether a header of that name is present.
    fn holds(&self, label: Label<'_>) -> bool;

    /// Whether the format's own specification defines the header, so that it must not be called critical.
    fn is_of_the_format(label: Label<'_>) -> bool;
}

/// What the shared headers say; exists only once they keep the rules.
#[derive(Debug)]
pub(super) struct SharedHeaders {
    pub(super) scheme: SigningScheme,
    pub(super) signing_time: Instant,
    pub(super) expiry: Option<Instant>,
    pub(super) plugin: Option<String>,
}

impl SharedHeaders {
    /// Checks the shared headers.
    ///
    /// # Errors
    /// [`Code::HeaderInvalid`], or [`Code::CriticalHeaderUnknown`] where a header is critical that nobody here understands.
    pub(super) fn check(header: &impl ProtectedHeader) -> Result<Self, Failure> {
        let scheme = scheme(header)?;
        let signing_time = signing_time(scheme, header)?;
        let expiry = header.time(EXPIRY)?;
        if expiry.is_some_and(|expiry| expiry <= signing_time) {
            return Err(invalid(format!("the header {EXPIRY} is not later than the signing time")));
        }
        let plugin = header.text(VERIFICATION_PLUGIN)?;
        let min_version = header.text(VERIFICATION_PLUGIN_MIN_VERSION)?;
        plugin::check(plugin, min_version)?;
        let understood = [
            (SIGNING_SCHEME, true),
            (AUTHENTIC_SIGNING_TIME, scheme == SigningScheme::SigningAuthority),
            (EXPIRY, expiry.is_some()),
            (VERIFICATION_PLUGIN, plugin.is_some()),
            (VERIFICATION_PLUGIN_MIN_VERSION, min_version.is_some()),
        ];
        let extended = check_critical(header, &understood)?;
        // With a plugin, the attributes that it brings are for the plugin to understand.
        if let (Some(label), None) = (extended, plugin) {
            return Err(Failure::new(
                Code::CriticalHeaderUnknown,
                format!("the header {label} is critical and not understood"),
            ));
        }
        Ok(Self { scheme, signing_time, expiry, plugin: plugin.map(str::to_owned) })
    }
}

/// Checks the payload's media type, the header `cty` or content type.
pub(super) fn check_content_type(content_type: &str) -> Result<(), Failure> {
    const PAYLOAD: &str = "application/vnd.cncf.notary.payload.v1+json";
    if content_type == PAYLOAD {
        return Ok(());
    }
    Err(invalid(format!("the content type is {}, not {PAYLOAD}", shown(content_type))))
}

/// A failure of a header's rule.
pub(super) fn invalid(message: String) -> Failure {
    Failure::new(Code::HeaderInvalid, message)
}

fn scheme(header: &impl ProtectedHeader) -> Result<SigningScheme, Failure> {
    let name = header.text(SIGNING_SCHEME)?.ok_or_else(|| missing(SIGNING_SCHEME))?;
    [SigningScheme::X509, SigningScheme::SigningAuthority]
        .into_iter()
        .find(|scheme| scheme.name() == name)
        .ok_or_else(|| invalid(format!("the signing scheme {} is unknown", shown(name))))
}

/// The time that the scheme calls for. The other scheme's must be absent: readers would disagree about which one counts.
fn signing_time(scheme: SigningScheme, header: &impl ProtectedHeader) -> Result<Instant, Failure> {
    let (wanted, other) = match scheme {
        SigningScheme::X509 => (SIGNING_TIME, AUTHENTIC_SIGNING_TIME),
        SigningScheme::SigningAuthority => (AUTHENTIC_SIGNING_TIME, SIGNING_TIME),
    };
    if header.time(other)?.is_some() {
        return Err(invalid(format!("the header {other} does not belong to the scheme {}", scheme.name())));
    }
    // Go's zero time, 0001-01-01T00:00:00Z, is how signers on Go write that there is none.
    header.time(wanted)?.filter(|time| *time != Instant::FIRST).ok_or_else(|| missing(wanted))
}

/// Checks the list of critical headers: what is understood must be in it exactly where it is present, so the list is never empty. Gives the first
/// name beyond these.
fn check_critical<'h>(
    header: &'h impl ProtectedHeader,
    understood: &[(&'static str, bool)],
) -> Result<Option<Label<'h>>, Failure> {
    let listed = header.critical()?;
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    if let Some([twice, _]) = sorted.array_windows().find(|[a, b]| a == b) {
        return Err(invalid(format!("the header {twice} is twice in the list of critical headers")));
    }
    for (name, present) in understood {
        if *present && sorted.binary_search(&Label::Text(name)).is_err() {
            return Err(invalid(format!("the header {name} is not in the list of critical headers")));
        }
    }
    let mut extended = None;
    for label in listed {
        match understood.iter().find(|(name, _)| label == Label::Text(name)) {
            Some((_, true)) => {}
            Some((_, false)) => return Err(absent_critical(label)),
            None => {
                check_extended(header, label)?;
                extended = extended.or(Some(label));
            }
        }
    }
    Ok(extended)
}

fn check_extended<H: ProtectedHeader>(header: &H, label: Label<'_>) -> Result<(), Failure> {
    if label == Label::Text("") {
        return Err(invalid("a name in the list of critical headers is empty".into()));
    }
    if label == Label::Text(SIGNING_TIME) || H::is_of_the_format(label) {
        return Err(invalid(format!("the header {label} must not be in the list of critical headers")));
    }
    if !header.holds(label) {
        return Err(absent_critical(label));
    }
    Ok(())
}

fn absent_critical(label: Label<'_>) -> Failure {
    invalid(format!("the header {label} is in the list of critical headers but absent"))
}

fn missing(name: &str) -> Failure {
    invalid(format!("the header {name} is missing"))
}
