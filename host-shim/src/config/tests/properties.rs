//! Any text at all: an answer, never a panic.

use proptest::prelude::*;
use wasm_policy::time::Instant;

use super::*;
use crate::config::check::Report;

/// What a reader of these objects may meet, in any order.
const WORDS: [&str; 40] = [
    "apiVersion: ",
    "config.ratify.deislabs.io/v1beta1\n",
    "kind: ",
    "Verifier\n",
    "CertificateStore\n",
    "List\n",
    "items:\n",
    "metadata:\n",
    "  name: x\n",
    "spec:\n",
    "  parameters:\n",
    "    value: |\n",
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "trustPolicyDoc:\n",
    "trustPolicies: ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ": ",
    ", ",
    "\n",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!str ",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "? ",
    "#",
    "{{ ",
    "%YAML 1.2\n",
    "%TAG ! x\n",
    "\t",
    "\u{feff}",
];

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn any_order_of_words_gets_an_answer(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60)) {
        let _ = read(&words.concat());
    }

    /// The article's file with some bytes replaced, removed or doubled; where it is still good, it can be explained.
    #[test]
    fn a_damaged_configuration_gets_an_answer(edits in prop::collection::vec((0..AKS.len(), 0..4_usize, any::<char>()), 1..4)) {
        let mut text: Vec<char> = AKS.chars().collect();
        for (at, removed, inserted) in edits {
            let end = (at + removed).min(text.len());
            text.splice(at.min(end)..end, [inserted]);
        }
        let now = Instant::from_unix(0, 0).unwrap();
        let outcome = read_in(Some("default"), &text.into_iter().collect::<String>()).map(|read| read.explain(now));
        prop_assert!(!Report::new(&outcome).text().is_empty());
    }
}
