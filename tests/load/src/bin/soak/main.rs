//! `./build.sh soak`: the server for half an hour, while images, objects, certificates and the registry change under it.
//!
//! Every answer is compared with what is right at that moment. In the end nothing may be left over: memory, connections, tasks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod callers;
mod changes;
mod health;
mod truth;
mod world;

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use clap::Parser;

use health::Health;
use world::World;

const CALLERS: u64 = 6;
const TOLD: Duration = Duration::from_secs(30);
/// Until flights and damped failures are over, and connections that nobody uses are closed, which takes 90 seconds.
const CALM: Duration = Duration::from_mins(2);

/// Let the server run under changes and faults, and look for wrong verdicts and for what it leaves behind
#[derive(Debug, Parser)]
struct Args {
    /// How long
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
}

fn main() -> ExitCode {
    let Args { minutes } = Args::parse();
    let whole = Duration::from_mins(minutes);
    let world = World::start();
    let idle = Health::of(&world.server);
    eprintln!("idle: {idle}");
    let over = AtomicBool::new(false);
    let mut marks = Vec::new();
    thread::scope(|scope| {
        for number in 0..CALLERS {
            let (world, over) = (&world, &over);
            scope.spawn(move || callers::ask(world, number, over));
        }
        scope.spawn(|| callers::give_up_halfway(&world, &over));
        let changes = scope.spawn(|| changes::make(&world, &over));
        let start = Instant::now();
        // A change that failed is told where the threads are joined.
        while start.elapsed() < whole && !changes.is_finished() {
            thread::sleep(TOLD.min(whole.saturating_sub(start.elapsed())));
            let health = Health::of(&world.server);
            eprintln!("{:>5} s  {health}  {}", start.elapsed().as_secs(), world.truth.told());
            marks.push(health);
        }
        over.store(true, Ordering::Relaxed);
    });
    thread::sleep(CALM);
    let end = Health::of(&world.server);
    eprintln!("after all: {end}");
    world.truth.tell();
    let mut faults = end.compared(&idle, &marks);
    faults.extend(world.truth.faults());
    println!("idle at the start: {idle}\nidle in the end:   {end}");
    for fault in &faults {
        println!("FAULT: {fault}");
    }
    println!("{}", if faults.is_empty() { "nothing was wrong" } else { "something was wrong" });
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
