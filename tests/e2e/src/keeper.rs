//! Ends what this process has started, however this process ends.
//!
//! What a test has started ends with the test, where it may end by itself: not where it is killed, and what tests share is static, which nothing drops. The keeper is a shell that reads the ids of programs
//! and the names of folders from a pipe: once that is closed, by whatever end of this process, it ends the programs, the last first, and removes the
//! folders.

use std::{
    fmt::Display,
    io::Write as _,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{LazyLock, Mutex},
};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
pids= 
while read -r what name; do
  case $what in
    started) pids="$name $pids" ;;
    ended) rest=; for pid in $pids; do [ "$pid" = "$name" ] || rest="$rest $pid"; done; pids=$rest ;;
    folder) set -- "$@" "$name" ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
[ $# = 0 ] || rm -rf "$@"
"#;

static KEEPER: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    let shell = Command::new("sh").args(["-c", SCRIPT, "keeper"]).stdin(Stdio::piped()).spawn();
    Mutex::new(shell.expect("there is a shell").stdin.take().expect("it was asked for"))
});

pub(crate) fn started(pid: u32) {
    tell("started", pid);
}

pub(crate) fn ended(pid: u32) {
    tell("ended", pid);
}

/// Removes the folder when this process has ended, if nobody has before.
pub fn remove_in_the_end(path: &Path) {
    tell("folder", path.display());
}

fn tell(what: &str, name: impl Display) {
    writeln!(KEEPER.lock().unwrap(), "{what} {name}").expect("the keeper reads");
}
