//! The manifest: revision, roots, and where the module answers.

use std::{fmt::Write as _, str::FromStr};

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{canonical::canonical, module, module::Module};

/// Where the module answers: `data.image_integrity.verify`.
const ENTRYPOINT: &str = "image_integrity/verify";

/// A manifest, and what it says.
pub(super) struct Manifest {
    pub(super) revision: String,
    pub(super) roots: Vec<String>,
    pub(super) text: Vec<u8>,
}

impl Manifest {
    pub(super) fn new(module: &Module, roots: Vec<String>, part: Option<&RevisionPart>) -> Self {
        let mut revision = hex(&Sha256::digest(module.bytes()));
        if let Some(RevisionPart(part)) = part {
            revision.extend(["+", part]);
        }
        let manifest = json!({
            "revision": revision,
            "roots": roots,
            "wasm": [{ "entrypoint": ENTRYPOINT, "module": module::NAME }],
        });
        Self { text: canonical(&manifest.to_string()).into_bytes(), revision, roots }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The part of a revision that the user chooses, such as a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionPart(String);

impl FromStr for RevisionPart {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=128).contains(&text.len()) {
            return Ok(Self(text.to_owned()));
        }
        Err("write 1 to 128 visible ASCII characters, such as a commit or v1.2.3")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_part_of_a_revision_is_short_and_visible() {
        for text in ["v1.2.3", "0123abc", "a+b", &"x".repeat(128)] {
            assert!(text.parse::<RevisionPart>().is_ok(), "{text}");
        }
        for text in ["", " ", "a b", "a\n", "é", &"x".repeat(129)] {
            assert!(text.parse::<RevisionPart>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_revision_is_the_modules_digest_with_the_users_part_behind_a_plus_sign() {
        let module = Module::of(b"\0asm");
        let digest = "cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f";
        assert_eq!(Manifest::new(&module, Vec::new(), None).revision, digest);
        let part = "v1".parse().unwrap();
        assert_eq!(Manifest::new(&module, Vec::new(), Some(&part)).revision, format!("{digest}+v1"));
    }

    #[test]
    fn the_manifest_is_canonical_whatever_a_root_is_called() {
        let manifest = Manifest::new(&Module::of(b"\0asm"), vec!["a\u{2028}".to_owned()], None);
        let text = String::from_utf8(manifest.text).unwrap();
        assert!(
            text.contains(
                r#""roots":["a\u2028"],"wasm":[{"entrypoint":"image_integrity/verify","module":"policy.wasm"}]}"#
            ),
            "{text}"
        );
    }
}
