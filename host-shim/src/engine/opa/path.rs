//! Paths below OPA's `data`.

use std::{fmt, str::FromStr};

use thiserror::Error;
use wasm_policy::text::shown;

/// Characters of a path; OPA has no bound, and no one types more.
const MAX_CHARACTERS: usize = 256;

const MODULE: [&str; 2] = ["image_integrity", "verify"];

/// Where a rule stands below `data`, written as `acme/images/decision` or `data.acme.images.decision`.
///
/// Its segments are ASCII letters, digits, `_` and `-`, so that they are the same in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionPath(Vec<String>);

/// Why a text is no path of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecisionPathError {
    /// It has another form.
    #[error("`{}` is no path of a rule: write it as acme/images/decision or data.acme.images.decision", shown(.0))]
    Form(String),
    /// It is the module's own.
    #[error("data.image_integrity is the bundle's own: name a rule of yours")]
    Ours,
}

impl DecisionPath {
    /// Where the module answers.
    pub(super) fn module() -> Self {
        Self(MODULE.map(str::to_owned).to_vec())
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for DecisionPath {
    type Err = DecisionPathError;

    fn from_str(text: &str) -> Result<Self, DecisionPathError> {
        let segments: Vec<_> = match text.strip_prefix("data.") {
            Some(dotted) => dotted.split('.').collect(),
            None => text.split('/').collect(),
        };
        let is_segment = |segment: &&str| {
            !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if text.len() > MAX_CHARACTERS || !segments.iter().all(is_segment) {
            return Err(DecisionPathError::Form(text.to_owned()));
        }
        if segments[0] == MODULE[0] {
            return Err(DecisionPathError::Ours);
        }
        Ok(Self(segments.into_iter().map(str::to_owned).collect()))
    }
}

impl fmt::Display for DecisionPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_in_urls_or_as_in_rego() {
        for text in ["acme/images/decision", "data.acme.images.decision"] {
            assert_eq!(text.parse::<DecisionPath>().unwrap().to_string(), "acme/images/decision");
        }
        assert_eq!("my-team/x".parse::<DecisionPath>().unwrap().to_string(), "my-team/x");
    }

    #[test]
    fn what_another_url_could_be_made_of_is_no_path() {
        let long = "a".repeat(MAX_CHARACTERS + 1);
        for text in ["", "/a", "a/", "a//b", "a/../b", "a.b", "data.", "data.a..b", "a/b?c", "a%2fb", "a b", "ä", &long]
        {
            assert_eq!(text.parse::<DecisionPath>(), Err(DecisionPathError::Form(text.to_owned())));
        }
    }

    #[test]
    fn the_modules_own_answer_is_no_rule_of_the_users() {
        for text in ["image_integrity/verify", "data.image_integrity.admission.verdict"] {
            assert_eq!(text.parse::<DecisionPath>(), Err(DecisionPathError::Ours));
        }
    }
}
