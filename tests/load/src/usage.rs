//! What a process of this machine uses, as Linux tells it in /proc (proc(5)).

use std::{fs, time::Duration};

/// Ticks in a second; Linux tells every program this number, whatever the kernel's own is.
const TICKS: u64 = 100;

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time since its start.
    pub cpu: Duration,
    /// Memory that it has now, bytes.
    pub resident: u64,
    /// The most memory that it has had, bytes.
    pub most_resident: u64,
    /// Open files and connections.
    pub descriptors: usize,
    /// Threads.
    pub threads: u64,
}

/// What the process with this id uses.
pub fn usage(id: u32) -> Usage {
    let read = |file: &str| fs::read_to_string(format!("/proc/{id}/{file}")).expect("the process is there, on Linux");
    let stat = read("stat");
    // The second field is a name in brackets, which may hold anything.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<_> = rest.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    let status = read("status");
    let number = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        value.split_whitespace().next().unwrap().parse().unwrap()
    };
    Usage {
        cpu: Duration::from_millis(ticks * 1_000 / TICKS),
        resident: number("VmRSS") << 10,
        most_resident: number("VmHWM") << 10,
        descriptors: fs::read_dir(format!("/proc/{id}/fd")).unwrap().count(),
        threads: number("Threads"),
    }
}
