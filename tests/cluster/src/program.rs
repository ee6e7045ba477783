//! Programs that can be stopped for a while, and whose last words are shown where a test fails.

use std::{ops::Deref, process::Command, thread};

use image_integrity_e2e::{Service, run};

/// How many of its last lines a program shows when a test fails.
const TOLD: usize = 30;

/// A program that runs until this is dropped, or the tests end.
pub struct Program {
    name: String,
    service: Service,
}

impl Program {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let service = Service::start(command);
        Self { name, service }
    }

    /// Stops its clock, as a machine that hangs.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// Ends it at once.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Tells it to end, and waits until it has.
    pub fn end(mut self) {
        self.signal("TERM");
        self.service.wait();
    }

    fn signal(&self, signal: &str) {
        let ended = run(Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", signal])
            .arg(self.service.id().to_string()));
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}

impl Deref for Program {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            let lines = self.service.lines();
            eprintln!("the last lines of {}:\n{}", self.name, lines[lines.len().saturating_sub(TOLD)..].join("\n"));
        }
    }
}
