//! The documents are true: every command in them does what is shown, every configuration is one, every link leads somewhere.
//!
//! A block ```` ```console ```` is a session: lines that begin with `$ ` are typed, lines after them that begin with `> ` go on, the others are what is
//! written to standard output, and `…` stands for any lines or the rest of one. The sessions of a document are one, from top to bottom, in a folder
//! that is laid out as a clone. A block with a file's name after its language is that file, in the demo's folder. Blocks ```` ```console opa ```` run
//! where `IMAGE_INTEGRITY_OPA` names an OPA. Blocks ```` ```console cluster ```` need a cluster, and are for the tests in `tests/cluster`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod attacks;
mod ci;
mod markdown;
mod session;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use host_shim::registry::hosts::{RegistryHosts, SkipVerify};
use markdown::Document;
use session::{Checkout, Step, matches};

/// Commands that are not run here: CI runs them.
const RUN_BY_CI: [(&str, &str); 7] = [
    ("CONTRIBUTING.md", "./build.sh demo"),
    ("CONTRIBUTING.md", "./build.sh test"),
    ("README.md", "./build.sh demo"),
    ("README.md", "./build.sh test"),
    ("docs/cli.md", "./build.sh build"),
    ("docs/install.md", "./build.sh chart"),
    ("docs/opa.md", "./build.sh build"),
];

const LANGUAGES: [&str; 9] = ["", "console", "yaml", "json", "toml", "rego", "rust", "mermaid", "text"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_command_does_what_is_shown() {
    let opa = env::var_os("IMAGE_INTEGRITY_OPA").map(PathBuf::from);
    let (mut wrong, mut left_out) = (Vec::new(), BTreeSet::new());
    for document in Document::all() {
        let blocks = document.blocks();
        let checkout = match &opa {
            Some(opa) => Checkout::new().with_opa(opa),
            None => Checkout::new(),
        };
        for block in blocks.iter().filter(|block| block.label.contains('.')) {
            checkout.write(block.label, &block.lines);
        }
        let is_runnable = |label: &str| match label {
            "cluster" => false,
            "opa" => opa.is_some(),
            _ => true,
        };
        let sessions = blocks.iter().filter(|block| block.language == "console" && is_runnable(block.label));
        let steps = sessions.flat_map(Step::all);
        let (by_ci, steps): (Vec<_>, Vec<_>) = steps.partition(|step| step.command.starts_with("./build.sh"));
        left_out.extend(by_ci.into_iter().map(|step| (document.name.clone(), step.command)));
        for (step, output) in steps.iter().zip(checkout.run(&steps)) {
            if !matches(&step.shown, &output.lines().collect::<Vec<_>>()) {
                let Step { line, command, shown } = step;
                wrong.push(format!(
                    "{}:{line}: $ {command}\n-- shown\n{}\n-- written\n{output}\n",
                    document.name,
                    shown.join("\n")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let by_ci: BTreeSet<_> = RUN_BY_CI.map(|(document, command)| (document.to_owned(), command.to_owned())).into();
    assert_eq!(left_out, by_ci, "commands that are not run");
}

#[test]
fn a_session_shows_all_that_is_written_but_for_what_the_ellipsis_stands_for() {
    for (shown, written, same) in [
        ("a\nb", "a\nb", true),
        ("a", "a\nb", false),
        ("a\nb", "a", false),
        ("a ", "a", false),
        ("a\n…", "a", true),
        ("…\nc", "a\nb\nc", true),
        ("…\nb", "a\nb\nc", false),
        ("a…\nc", "ab\nc", true),
        ("a…", "b", false),
        ("a…", "ab\nc", false),
    ] {
        let (shown, written): (Vec<_>, Vec<_>) = (shown.lines().collect(), written.lines().collect());
        assert_eq!(matches(&shown, &written), same, "{shown:?} {written:?}");
    }
}

/// So that no option is added without a word in the manual.
#[test]
fn every_option_is_in_the_manual() {
    let manual = Document::all().into_iter().find(|document| document.name == "docs/cli.md").unwrap();
    let help = |command: &str| {
        let help =
            Command::new(env!("CARGO_BIN_EXE_image-integrity")).arg("help").args(command.split_whitespace()).output();
        String::from_utf8(help.unwrap().stdout).unwrap()
    };
    // A command's name is at the start of its line, and the rest of its summary is not.
    let all = help("");
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands = commands.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    let commands: Vec<_> = commands.filter(|command| *command != "help").collect();
    assert!(commands.contains(&"verify"), "{commands:?}");
    for command in commands {
        let help = help(if command == "config" { "config check" } else { command });
        // Above its examples, which show other programs, too.
        let help = help.split("Examples:").next().unwrap();
        // One may end a sentence.
        let words = help.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
        let options = words.filter(|word| word.starts_with("--") && *word != "--help");
        let missing: Vec<_> = options.filter(|option| !manual.mentions(&format!("`{option}"))).collect();
        assert!(missing.is_empty() && help.contains("Usage:"), "{command}: {missing:?}");
    }
}

#[test]
fn every_block_says_its_language() {
    for document in Document::all() {
        for block in document.blocks() {
            let known = LANGUAGES.contains(&block.language);
            assert!(known, "{}:{}: a block in {}", document.name, block.line, block.language);
        }
    }
}

/// Each stands for objects that are added to the demo's.
#[test]
fn every_configuration_has_no_mistakes() {
    let mut checked = 0;
    for document in Document::all() {
        for block in document.blocks() {
            let is_configuration =
                block.lines.iter().any(|line| line.starts_with("apiVersion: config.ratify.deislabs.io"));
            // One with a name is part of a session, which shows what is wrong with it.
            if block.language != "yaml" || !block.label.is_empty() || !is_configuration {
                continue;
            }
            checked += 1;
            let checkout = Checkout::new();
            checkout.write("added.yaml", &block.lines);
            let step = Step {
                line: block.line,
                command: "cd tests/fixtures/demo && image-integrity config check verify-config.yaml added.yaml"
                    .to_owned(),
                shown: Vec::new(),
            };
            let said = checkout.run(&[step]).concat();
            assert!(said.contains("no mistakes"), "{}:{}:\n{said}", document.name, block.line);
        }
    }
    assert!(checked > 0);
}

/// But for those of which a session shows what is wrong with them.
#[test]
fn every_hosts_toml_has_no_mistakes() {
    let mut checked = 0;
    for document in Document::all() {
        let blocks = document.blocks();
        let shown: Vec<_> = blocks.iter().filter(|block| block.language == "console").flat_map(Step::all).collect();
        for block in blocks.iter().filter(|block| block.language == "toml") {
            let place = format!("{}:{}", document.name, block.line);
            let path = Path::new(block.label);
            assert!(
                path.ends_with("hosts.toml") && path.components().count() == 3,
                "{place}: name it DIR/REGISTRY/hosts.toml"
            );
            if shown.iter().any(|step| step.shown.iter().any(|line| line.starts_with(&format!("{}:", block.label)))) {
                continue;
            }
            checked += 1;
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, block.lines.join("\n")).unwrap();
            let dir = file.ancestors().nth(2).unwrap();
            RegistryHosts::load(dir, SkipVerify::Refused).unwrap_or_else(|mistakes| panic!("{place}: {mistakes}"));
        }
    }
    assert!(checked > 0);
}

#[test]
fn every_link_leads_somewhere() {
    let documents = Document::all();
    let mut wrong = Vec::new();
    for document in &documents {
        for (line, target) in document.links() {
            if !target.starts_with("https://") && !leads_somewhere(document, &target, &documents) {
                wrong.push(format!("{}:{line}: {target}", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a relative link is to a file that is there, and to a heading of it where it names one.
fn leads_somewhere(from: &Document, link: &str, documents: &[Document]) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let to = if path.is_empty() { from.path() } else { from.path().with_file_name(path) };
    let Ok(to) = to.canonicalize() else { return false };
    let document = documents.iter().find(|document| document.path().canonicalize().is_ok_and(|path| path == to));
    anchor.is_empty() || document.is_some_and(|document| document.anchors().contains(anchor))
}
