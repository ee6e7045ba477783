//! The binary itself: its exit codes, what it writes and where.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of this is a test")]

mod bundle;
mod hostile;
mod manifests;
mod mistakes;
mod replay;
mod usage;
mod verify;

use std::{
    io::Write as _,
    process::{Command, Stdio},
    thread,
};

/// How a run ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// The binary with these arguments, and nothing of the environment that would change what it does.
fn shim<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_image-integrity"));
    command.env_clear().args(args);
    command
}

/// Runs to the end with that standard input.
fn ended(mut command: Command, input: impl Into<Vec<u8>>) -> Ended {
    let input = input.into();
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let feeding = thread::spawn(move || {
        // The process may end before it has read all.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the binary ends");
    feeding.join().expect("feeding does not panic");
    Ended {
        code: output.status.code().expect("it is not killed"),
        out: String::from_utf8(output.stdout).expect("it writes UTF-8"),
        err: String::from_utf8(output.stderr).expect("it writes UTF-8"),
    }
}

/// Runs to the end without standard input.
fn run<'a>(args: impl IntoIterator<Item = &'a str>) -> Ended {
    ended(shim(args), "")
}
