//! What a test's log says.

use std::{
    io::Write,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use tracing::{Dispatch, Subscriber, subscriber::DefaultGuard};

/// While a subscriber is the only one there is, tracing asks no other for what a thread without one tells for the first time, and takes it as unwanted
/// for good. With a second one, tests that run beside each other hear what they should.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// What is told in the log of a test.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// From now on, on this thread.
    pub(crate) fn listen(&self) -> DefaultGuard {
        let log = self.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || log.clone()).with_ansi(false).finish();
        listen_with(lines)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn lines_with(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains(text)).count()
    }

    /// Waits until something is told. The clock is the test's.
    pub(crate) async fn until(&self, text: &str) {
        for _ in 0..1_000 {
            if self.lines_with(text) > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{text:?} is never told: {}", self.text());
    }
}

/// Has a subscriber told of what happens from now on, on this thread.
pub(crate) fn listen_with(subscriber: impl Subscriber + Send + Sync + 'static) -> DefaultGuard {
    LazyLock::force(&SECOND);
    tracing::subscriber::set_default(subscriber)
}
