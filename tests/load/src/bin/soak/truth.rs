//! What is right at each moment, and what was said.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Requests for each connection that may be lost: certificates of before end theirs.
const LOST: u64 = 100;
/// How many wrong answers are told in full.
const SHOWN: usize = 20;
/// The codes of class `transient` that a registry can be to blame for.
const TRANSIENT: [&str; 5] = [
    "REGISTRY_UNAVAILABLE",
    "REGISTRY_NAME_UNRESOLVED",
    "REGISTRY_TIMEOUT",
    "REGISTRY_THROTTLED",
    "FETCH_LIMIT_REACHED",
];

/// Whom the configuration trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Ours,
    Stranger,
    /// There is no verifier.
    Nobody,
}

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    Strangers,
    Unsigned,
    /// A signature over another image is attached to it.
    Transplanted,
}

/// The moment: what is trusted, what was until just now, and whether the registry is well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    trust: Trust,
    /// While a change is under way.
    before: Option<Trust>,
    /// Until then answers may be missing.
    troubled_until: Option<Instant>,
    number: u64,
}

#[derive(Debug)]
pub(crate) struct Truth {
    moment: Mutex<Moment>,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    codes: BTreeMap<String, u64>,
    changes: BTreeMap<&'static str, u64>,
    requests: u64,
    lost: u64,
    wrong: Vec<String>,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::Strangers, Self::Unsigned, Self::Transplanted];

    /// The right code.
    pub(crate) fn code(self, trust: Trust) -> &'static str {
        match (trust, self) {
            (Trust::Nobody, _) => "CONFIGURATION_UNUSABLE",
            (_, Self::Unsigned) => "SIGNATURE_NOT_FOUND",
            (Trust::Ours, Self::Ours) | (Trust::Stranger, Self::Strangers) => "VERIFIED",
            (Trust::Ours, Self::Transplanted) => "PAYLOAD_MISMATCH",
            (Trust::Ours, Self::Strangers) | (Trust::Stranger, Self::Ours | Self::Transplanted) => {
                "CERTIFICATE_UNTRUSTED"
            }
        }
    }
}

impl Truth {
    pub(crate) fn new() -> Self {
        let moment = Moment { trust: Trust::Ours, before: None, troubled_until: None, number: 0 };
        Self { moment: Mutex::new(moment), said: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Moment {
        *lock(&self.moment)
    }

    /// A change of what is trusted begins; both are right until it is over.
    pub(crate) fn begins(&self, trust: Trust) {
        let mut moment = lock(&self.moment);
        (moment.before, moment.trust, moment.number) = (Some(moment.trust), trust, moment.number + 1);
    }

    /// It counts.
    pub(crate) fn counts(&self) {
        let mut moment = lock(&self.moment);
        (moment.before, moment.number) = (None, moment.number + 1);
    }

    /// Answers may be missing for so long.
    pub(crate) fn is_troubled(&self, time: Duration) {
        lock(&self.moment).troubled_until = Some(Instant::now() + time);
    }

    /// Something was changed.
    pub(crate) fn changed(&self, what: &'static str) {
        *lock(&self.said).changes.entry(what).or_default() += 1;
    }

    /// Something is wrong that is no answer.
    pub(crate) fn is_wrong(&self, what: String) {
        lock(&self.said).wrong.push(what);
    }

    /// A connection that broke, or was not to be had.
    pub(crate) fn lost(&self) {
        lock(&self.said).lost += 1;
    }

    pub(crate) fn requested(&self) {
        lock(&self.said).requests += 1;
    }

    /// Looks at an answer to a question of that moment. Where an image may be of two kinds, either is right.
    pub(crate) fn said(&self, asked: Moment, kinds: &[Kind], name: &str, code: &str) {
        let now = self.now();
        // What changed meanwhile makes everything between right.
        let trusts: Vec<_> = if now.number == asked.number {
            [Some(asked.trust), asked.before].into_iter().flatten().collect()
        } else {
            vec![Trust::Ours, Trust::Stranger, Trust::Nobody]
        };
        let right = kinds.iter().any(|kind| trusts.iter().any(|trust| kind.code(*trust) == code));
        let troubled = [asked.troubled_until, now.troubled_until].into_iter().flatten().max();
        let excused = troubled.is_some_and(|until| Instant::now() < until) && TRANSIENT.contains(&code);
        let mut said = lock(&self.said);
        *said.codes.entry(code.to_owned()).or_default() += 1;
        if !right && !excused {
            said.wrong.push(format!("{name}, which is {kinds:?}, has {code} under {asked:?}, then {now:?}"));
        }
    }

    /// A line for who waits.
    pub(crate) fn told(&self) -> String {
        let said = lock(&self.said);
        let images: u64 = said.codes.values().sum();
        format!("{} requests, {images} answers, {} wrong", said.requests, said.wrong.len())
    }

    /// The summary.
    pub(crate) fn tell(&self) {
        let said = lock(&self.said);
        let list = |counts: &mut dyn Iterator<Item = (&str, u64)>| {
            counts.fold(String::new(), |mut text, (name, count)| {
                let _ = writeln!(text, "  {count:>9}  {name}");
                text
            })
        };
        println!("{} requests, {} lost connections", said.requests, said.lost);
        println!("answers\n{}", list(&mut said.codes.iter().map(|(code, count)| (code.as_str(), *count))));
        println!("changes\n{}", list(&mut said.changes.iter().map(|(what, count)| (*what, *count))));
    }

    /// What was wrong.
    pub(crate) fn faults(&self) -> Vec<String> {
        let said = lock(&self.said);
        let mut faults: Vec<_> = said.wrong.iter().take(SHOWN).cloned().collect();
        if said.wrong.len() > SHOWN {
            faults.push(format!("and {} more", said.wrong.len() - SHOWN));
        }
        if said.lost * LOST > said.requests {
            faults.push(format!("{} connections were lost, for {} requests", said.lost, said.requests));
        }
        faults
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
