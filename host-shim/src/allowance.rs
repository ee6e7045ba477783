//! What one call may cost: time and bytes, shared by all of its images; and what each image has cost so far.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::deadline::Deadline;

/// The bytes that are left for one call.
#[derive(Clone, Debug)]
pub struct ByteBudget(Arc<AtomicU64>);

/// The call has used its bytes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// The share of one image: the call's deadline and budget, and a count of its own.
#[derive(Clone, Debug)]
pub struct Allowance {
    deadline: Deadline,
    budget: ByteBudget,
    requests: Arc<AtomicU32>,
    bytes: Arc<AtomicU64>,
}

/// What an image has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Requests to registries.
    pub requests: u32,
    /// Bytes of answers, and of files of a layout.
    pub bytes: u64,
}

impl ByteBudget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }
}

impl Allowance {
    /// A share without a count yet.
    pub fn new(deadline: Deadline, budget: &ByteBudget) -> Self {
        Self { deadline, budget: budget.clone(), requests: Arc::default(), bytes: Arc::default() }
    }

    /// The same share and count, for something that must be over earlier.
    #[must_use]
    pub fn within(&self, duration: Duration) -> Self {
        Self { deadline: self.deadline.or_within(duration), ..self.clone() }
    }

    /// When the call must be over.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Counts bytes as they arrive.
    pub fn spend(&self, bytes: u64) -> Result<(), Exhausted> {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let taken = |left: u64| left.checked_sub(bytes);
        self.budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).map(|_| ()).map_err(|_| Exhausted)
    }

    /// Counts a request.
    pub fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The count so far.
    pub fn spent(&self) -> Spent {
        Spent { requests: self.requests.load(Ordering::Relaxed), bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn images_share_the_bytes_of_a_call_and_have_their_own_count() {
        let (deadline, budget) = (Deadline::within(Duration::from_secs(1)), ByteBudget::new(10));
        let (one, other) = (Allowance::new(deadline, &budget), Allowance::new(deadline, &budget));
        assert_eq!(one.spend(6), Ok(()));
        assert_eq!(other.spend(5), Err(Exhausted));
        assert_eq!(other.spend(4), Ok(()));
        assert_eq!(one.spend(1), Err(Exhausted));
        one.count_request();
        assert_eq!(one.spent(), Spent { requests: 1, bytes: 7 });
    }
}
