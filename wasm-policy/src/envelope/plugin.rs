//! The headers that ask for a verification plugin (signature specification, "Extended attributes for Notation Plugins").
//!
//! Plugins are not run, but their headers are still checked: a signature that breaks the rules is malformed, not one that another verifier could
//! accept.

use crate::{
    code::{Code, Failure},
    text::shown,
};

/// The header that names the plugin.
pub(super) const VERIFICATION_PLUGIN: &str = "io.cncf.notary.verificationPlugin";
/// The header that names the lowest version of the plugin.
pub(super) const VERIFICATION_PLUGIN_MIN_VERSION: &str = "io.cncf.notary.verificationPluginMinVersion";

/// Checks the values of both headers; a version without a plugin asks for nothing and is a mistake.
pub(super) fn check(name: Option<&str>, min_version: Option<&str>) -> Result<(), Failure> {
    if name.is_some_and(|name| name.trim().is_empty()) {
        return Err(Failure::new(Code::HeaderInvalid, format!("the header {VERIFICATION_PLUGIN} is empty")));
    }
    match (name, min_version) {
        (None, Some(_)) => Err(Failure::new(
            Code::HeaderInvalid,
            format!("the header {VERIFICATION_PLUGIN_MIN_VERSION} is present without {VERIFICATION_PLUGIN}"),
        )),
        (Some(_), Some(version)) if !is_semantic_version(version) => Err(Failure::new(
            Code::HeaderInvalid,
            format!("the header {VERIFICATION_PLUGIN_MIN_VERSION} is no semantic version: {}", shown(version)),
        )),
        _ => Ok(()),
    }
}

/// Semantic Versioning 2.0.0: `1.2.3`, with a pre-release and a build after it where present.
fn is_semantic_version(version: &str) -> bool {
    let (version, build) = split_at_first(version, '+');
    let (core, pre_release) = split_at_first(version, '-');
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre_release.is_none_or(|pre_release| {
            pre_release.split('.').all(|part| is_identifier(part) && (!is_all_digits(part) || is_number(part)))
        })
        && build.is_none_or(|build| build.split('.').all(is_identifier))
}

fn split_at_first(text: &str, separator: char) -> (&str, Option<&str>) {
    text.split_once(separator).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && is_all_digits(part) && (part == "0" || !part.starts_with('0'))
}

fn is_all_digits(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semantic_versions_are_told_from_others() {
        for version in [
            "0.0.4",
            "1.2.3",
            "10.20.30",
            "1.1.2-prerelease+meta",
            "1.0.0-alpha.0-1",
            "1.0.0+0.build.1-rc",
            "1.0.0-0A.is.legal",
        ] {
            assert!(is_semantic_version(version), "{version}");
        }
        for version in [
            "",
            "1",
            "1.2",
            "v1.2.3",
            "1.2.3.4",
            "01.1.1",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-a..b",
            "1.2.3+a+b",
            "1.2.-3",
            "1.2.3 ",
            "１.2.3",
        ] {
            assert!(!is_semantic_version(version), "{version}");
        }
    }
}
