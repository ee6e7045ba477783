//! The moment at which a call must be over: one value, passed down to everything that waits.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, timeout_at};

/// When a call must be over.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

/// The deadline passed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed;

/// Stands in where a duration is too long for the clock; no call lasts a year.
const FOREVER: Duration = Duration::from_hours(365 * 24);

impl Deadline {
    /// So long from now.
    pub fn within(duration: Duration) -> Self {
        Self(Instant::now() + duration.min(FOREVER))
    }

    /// Whether it is over.
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// The time until then.
    pub fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// The earlier of this one, and so long from now.
    #[must_use]
    pub fn or_within(self, duration: Duration) -> Self {
        Self(self.0.min(Self::within(duration).0))
    }

    /// So long after this one.
    #[must_use]
    pub fn later_by(self, duration: Duration) -> Self {
        Self(self.0 + duration.min(FOREVER))
    }

    /// Waits for the future, but no longer than until the deadline.
    pub async fn bound<F: Future>(self, future: F) -> Result<F::Output, Passed> {
        timeout_at(self.0, future).await.map_err(|_| Passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_ends_at_the_deadline() {
        let deadline = Deadline::within(Duration::from_secs(30));
        assert!(!deadline.has_passed());
        assert_eq!(deadline.left(), Duration::from_secs(30));
        assert_eq!(deadline.or_within(Duration::from_secs(10)).left(), Duration::from_secs(10));
        assert_eq!(deadline.or_within(Duration::from_secs(40)).left(), Duration::from_secs(30));
        assert_eq!(deadline.later_by(Duration::from_secs(5)).left(), Duration::from_secs(35));
        assert_eq!(deadline.bound(std::future::pending::<()>()).await, Err(Passed));
        assert!(deadline.has_passed());
        assert_eq!(Deadline::within(Duration::MAX).bound(std::future::ready(1)).await, Ok(1));
    }
}
