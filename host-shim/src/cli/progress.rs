//! How far a call is, told to who waits long for it.

use std::{
    future::Future,
    io::Write,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time::{Instant, interval_at};

/// A call that takes longer than this tells how far it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it does so.
const INTERVAL: Duration = Duration::from_millis(200);

/// Does the work, and meanwhile keeps a line `3/10 images…` on the terminal.
pub(super) async fn told<F: Future>(work: F, done: &AtomicUsize, of: usize, mut terminal: impl Write) -> F::Output {
    let mut work = pin!(work);
    let mut ticks = interval_at(Instant::now() + PATIENCE, INTERVAL);
    let mut clear = "";
    loop {
        // Where the terminal cannot be written to, nobody waits at it.
        tokio::select! {
            ended = &mut work => {
                let _ = terminal.write_all(clear.as_bytes());
                return ended;
            }
            _ = ticks.tick() => {
                let _ = write!(terminal, "\r{}/{of} images…", done.load(Ordering::Relaxed));
                clear = "\r\x1b[K";
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    async fn written(takes: Duration) -> String {
        let (done, mut terminal) = (AtomicUsize::new(3), Vec::new());
        let ended = told(
            async {
                sleep(takes).await;
                7
            },
            &done,
            10,
            &mut terminal,
        );
        assert_eq!(ended.await, 7);
        String::from_utf8(terminal).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_long_is_told_and_the_line_is_cleared() {
        assert_eq!(written(Duration::from_millis(1300)).await, "\r3/10 images…\r3/10 images…\r\x1b[K");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_answered_soon_is_told_nothing() {
        assert_eq!(written(Duration::from_millis(900)).await, "");
    }
}
