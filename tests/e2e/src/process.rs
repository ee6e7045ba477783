//! Programs that are run to their end, and services that live as long as a test.

use std::{
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use crate::{built::is_shim, keeper, login::assert_discreet};

/// Longer than anything here takes on a busy machine; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// No line takes so long from the pipe to its reader.
const QUIET: Duration = Duration::from_millis(300);

/// How a program ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a program to its end, without standard input.
pub fn run(command: &mut Command) -> Ended {
    ended(command, "")
}

/// Runs a program to its end with that standard input. Ours tells no secret.
pub fn ended(command: &mut Command, input: impl Into<Vec<u8>>) -> Ended {
    let input = input.into();
    let mut child = start(command.stdin(Stdio::piped()));
    let mut stdin = child.stdin.take().unwrap();
    let feeding = thread::spawn(move || {
        // The program may end before it has read all.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    let ended = Ended {
        code: output.status.code().expect("the program is not killed"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    if is_shim(command) {
        assert_discreet(ended.out.lines().chain(ended.err.lines()));
    }
    ended
}

/// A program that runs until this is dropped, or the tests end, with every line that it has written. Ours tells no secret.
pub struct Service {
    child: Child,
    is_shim: bool,
    lines: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Service {
    /// Starts the program.
    pub fn start(command: &mut Command) -> Self {
        let mut child = start(command.stdin(Stdio::null()));
        keeper::started(child.id());
        let lines = Arc::<(Mutex<Vec<String>>, Condvar)>::default();
        keep(child.stdout.take().unwrap(), &lines);
        keep(child.stderr.take().unwrap(), &lines);
        Self { child, is_shim: is_shim(command), lines }
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of which this finds something, on either stream.
    pub fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let (lines, more) = &*self.lines;
        let found = |lines: &Vec<String>| lines.iter().find_map(|line| find(line));
        let (lines, _) =
            more.wait_timeout_while(lines.lock().unwrap(), PATIENCE, |lines| found(lines).is_none()).unwrap();
        found(&lines).unwrap_or_else(|| panic!("the line did not come; there were: {lines:#?}"))
    }

    /// What has been written so far, once nothing more comes: a line is in the pipe before its answer is, and may still have to be read.
    pub fn lines(&self) -> Vec<String> {
        let (lines, more) = &*self.lines;
        let mut lines = lines.lock().unwrap();
        loop {
            let known = lines.len();
            let (now, waited) = more.wait_timeout_while(lines, QUIET, |lines| lines.len() == known).unwrap();
            if waited.timed_out() {
                return now.clone();
            }
            lines = now;
        }
    }

    /// Waits until it has ended well.
    pub fn wait(&mut self) {
        keeper::ended(self.child.id());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {:#?}", self.lines());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Before its id can be another program's.
        keeper::ended(self.child.id());
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // A test that has failed already tells its own reason.
        if self.is_shim && !thread::panicking() {
            assert_discreet(self.lines().iter().map(String::as_str));
        }
    }
}

fn start(command: &mut Command) -> Child {
    let name = command.get_program().to_owned();
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    started.unwrap_or_else(|error| panic!("cannot start {}: {error}", name.display()))
}

/// Keeps the lines of a stream until it ends, so that the program never waits for a reader.
fn keep(stream: impl Read + Send + 'static, lines: &Arc<(Mutex<Vec<String>>, Condvar)>) {
    let kept = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let (lines, more) = &*kept;
            lines.lock().unwrap().push(line);
            more.notify_all();
        }
    });
}
