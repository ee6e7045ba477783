//! What the server holds on to.

use std::fmt;

use image_integrity_cluster::Server;
use image_integrity_load::{Usage, usage};

/// How much more memory may be in use in the end than after a third of the time, when all caches are full: what an allocator keeps differs.
const MEMORY: u64 = 8 << 20;
/// Connections to the API server may be one more or less.
const DESCRIPTORS: usize = 6;
const TASKS: u64 = 6;
/// Threads for files and names come and go.
const THREADS: u64 = 8;

/// What it holds at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Health {
    usage: Usage,
    tasks: u64,
}

impl Health {
    pub(crate) fn of(server: &Server) -> Self {
        let (_, metrics) = server.health("/metrics").unwrap();
        let tasks = metrics.lines().find_map(|line| line.strip_prefix("image_integrity_tasks ")?.parse().ok());
        Self { usage: usage(server.program().id()), tasks: tasks.expect("the server tells its tasks") }
    }

    /// What is wrong with how it ended.
    pub(crate) fn compared(&self, idle: &Self, marks: &[Self]) -> Vec<String> {
        let mut faults = Vec::new();
        let full = marks.iter().skip(marks.len() / 3).take(1 + marks.len() / 3).map(|mark| mark.usage.resident).max();
        if let Some(full) = full
            && self.usage.resident > full + MEMORY
        {
            faults.push(format!("memory grew from {} to {} MiB", full >> 20, self.usage.resident >> 20));
        }
        if self.usage.descriptors > idle.usage.descriptors + DESCRIPTORS {
            let (before, now) = (idle.usage.descriptors, self.usage.descriptors);
            faults.push(format!("{now} files and connections are open; at the start there were {before}"));
        }
        if self.usage.threads > idle.usage.threads + THREADS {
            let (before, now) = (idle.usage.threads, self.usage.threads);
            faults.push(format!("{now} threads are left; at the start there were {before}"));
        }
        if self.tasks > idle.tasks + TASKS {
            faults.push(format!("{} tasks are left; at the start there were {}", self.tasks, idle.tasks));
        }
        faults
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { usage: Usage { cpu, resident, descriptors, threads, .. }, tasks } = self;
        let (resident, cpu) = (resident >> 20, cpu.as_secs());
        write!(f, "{resident} MiB, {descriptors} descriptors, {threads} threads, {tasks} tasks, {cpu} s of CPU")
    }
}
