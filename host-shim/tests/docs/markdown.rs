//! As much of Markdown as the documents use: fenced blocks, links and headings.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::root;

/// One of the documents.
pub(crate) struct Document {
    /// From the root of the repository, as `docs/cli.md`.
    pub(crate) name: String,
    text: String,
}

/// A fenced block.
pub(crate) struct Block<'d> {
    /// The line of its first fence, counted from 1.
    pub(crate) line: usize,
    /// The first word after the fence.
    pub(crate) language: &'d str,
    /// The second word: the name of a file that this is the text of, or what the commands need.
    pub(crate) label: &'d str,
    pub(crate) lines: Vec<&'d str>,
}

impl Document {
    /// The manual, and what stands beside it.
    pub(crate) fn all() -> Vec<Self> {
        let mut names = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
        for entry in fs::read_dir(root().join("docs")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                names.push(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
        names.sort();
        let read = |name: String| Self { text: fs::read_to_string(root().join(&name)).unwrap(), name };
        names.into_iter().map(read).collect()
    }

    /// Its lines, as they are written.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }

    /// Its fenced blocks.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        self.split().0
    }

    /// Where its links lead, as written.
    pub(crate) fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (line, text) in self.split().1 {
            // Of text between back-ticks only what is outside of it can be a link.
            let prose: String = text.split('`').step_by(2).collect();
            for after in prose.split("](").skip(1) {
                let target = after.split(')').next().unwrap();
                links.push((line, target.to_owned()));
            }
        }
        links
    }

    /// What can follow `#` in a link to it, by the rule of code hosts.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let headings = self.split().1.into_iter().filter(|(_, text)| text.starts_with('#'));
        headings.map(|(_, text)| anchor(text.trim_start_matches('#').trim())).collect()
    }

    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    pub(crate) fn path(&self) -> PathBuf {
        root().join(&self.name)
    }

    /// The blocks, and the lines outside of them with their numbers.
    fn split(&self) -> (Vec<Block<'_>>, Vec<(usize, &str)>) {
        let (mut blocks, mut prose, mut open): (_, _, Option<Block<'_>>) = (Vec::new(), Vec::new(), None);
        for (line, text) in (1..).zip(self.text.lines()) {
            match (open.take(), text.strip_prefix("```")) {
                (None, Some(info)) => {
                    let mut words = info.split_whitespace();
                    let (language, label) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                    open = Some(Block { line, language, label, lines: Vec::new() });
                }
                (None, None) => prose.push((line, text)),
                (Some(block), Some(_)) => blocks.push(block),
                (Some(mut block), None) => {
                    block.lines.push(text);
                    open = Some(block);
                }
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        (blocks, prose)
    }
}

fn anchor(heading: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.chars().filter(|c| kept(*c)).collect::<String>().to_lowercase().replace(' ', "-")
}
