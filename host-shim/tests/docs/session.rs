//! What a `console` block shows: commands, and what they write to standard output.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{markdown::Block, root};

/// A line of it alone stands for any lines, also none; at the end of a line it stands for the rest of that line.
const ELLIPSIS: &str = "…";
/// Written between the outputs of two commands.
const END_OF_OUTPUT: &str = "==8< end of output";

/// A command as it is typed, and what it shows.
pub(crate) struct Step<'d> {
    /// The line in the document.
    pub(crate) line: usize,
    /// With the lines that continue it.
    pub(crate) command: String,
    pub(crate) shown: Vec<&'d str>,
}

impl<'d> Step<'d> {
    /// The commands of a block: a line that begins with `$ `, continued by lines that begin with `> `.
    pub(crate) fn all(block: &Block<'d>) -> Vec<Self> {
        let mut steps: Vec<Self> = Vec::new();
        for (line, text) in (block.line + 1..).zip(&block.lines) {
            if let Some(command) = text.strip_prefix("$ ") {
                steps.push(Self { line, command: command.to_owned(), shown: Vec::new() });
                continue;
            }
            let step = steps.last_mut().unwrap_or_else(|| panic!("line {line} is shown before any command"));
            match text.strip_prefix("> ") {
                Some(more) if step.shown.is_empty() => step.command.extend(["\n", more]),
                _ => step.shown.push(text),
            }
        }
        steps
    }
}

/// A folder that is laid out as a clone of the repository after `./build.sh build`, as far as the documents use it.
pub(crate) struct Checkout(TempDir);

impl Checkout {
    pub(crate) fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        let demo = Path::new("tests/fixtures/demo");
        for folder in [demo, Path::new("rego"), Path::new("deploy")] {
            copy(&root().join(folder), &checkout.path().join(folder));
        }
        let programs = checkout.path().join("target/release");
        fs::create_dir_all(&programs).unwrap();
        symlink(env!("CARGO_BIN_EXE_image-integrity"), programs.join("image-integrity")).unwrap();
        checkout
    }

    /// Adds what `console opa` blocks need: the program, and the bundle.
    pub(crate) fn with_opa(self, opa: &Path) -> Self {
        symlink(opa.canonicalize().unwrap(), self.path().join("target/release/opa")).unwrap();
        let dist = root().join("dist");
        assert!(dist.join("bundle.tar.gz").exists(), "there is no dist/bundle.tar.gz: run ./build.sh build");
        copy(&dist, &self.path().join("dist"));
        self
    }

    /// Writes a file where the demo's files are, as the documents' readers are in that folder.
    pub(crate) fn write(&self, name: &str, lines: &[&str]) {
        let path = self.path().join("tests/fixtures/demo").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// Runs all commands in one shell, and gives what each wrote.
    pub(crate) fn run(&self, steps: &[Step<'_>]) -> Vec<String> {
        let step = |step: &Step<'_>| {
            format!("{}\n{{ status=$?; printf '\\n%s\\n' '{END_OF_OUTPUT}'; (exit $status); }}\n", step.command)
        };
        let script: String = steps.iter().map(step).collect();
        let mut command = Command::new("bash");
        command.args(["-c", &script]).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("IMAGE_INTEGRITY_") {
                command.env_remove(name);
            }
        }
        let path = env::var_os("PATH").unwrap();
        let programs = [self.path().join("target/release")].into_iter().chain(env::split_paths(&path));
        let output = command.env("PATH", env::join_paths(programs).unwrap()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut outputs: Vec<_> = text
            .split(&format!("\n{END_OF_OUTPUT}\n"))
            .map(|output| output.trim_end_matches('\n').to_owned())
            .collect();
        assert_eq!(outputs.pop().as_deref(), Some(""), "the shell ended early");
        assert_eq!(outputs.len(), steps.len(), "{}", String::from_utf8_lossy(&output.stderr));
        // What a command told about its mistakes is of use to who reads why this test failed.
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        outputs
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Whether the lines are what is shown.
pub(crate) fn matches(shown: &[&str], lines: &[&str]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((&ELLIPSIS, rest)) => (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..])),
        Some((first, rest)) => lines.split_first().is_some_and(|(line, lines)| is(first, line) && matches(rest, lines)),
    }
}

fn is(shown: &str, line: &str) -> bool {
    shown == line || shown.strip_suffix(ELLIPSIS).is_some_and(|start| line.starts_with(start))
}
