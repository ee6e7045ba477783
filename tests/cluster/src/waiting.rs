//! Waiting for what other programs do in their own time.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine; only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until this finds something. It says what that is, for whoever reads the failure.
pub fn until<T>(what: &str, find: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, find)
}

/// The same where how long it takes is what is tested.
pub fn within<T>(time: Duration, what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(start.elapsed() < time, "{what}: not within {time:?}");
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}
