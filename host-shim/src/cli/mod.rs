//! The command line `image-integrity`: reads arguments, asks, and writes what was answered.
//!
//! Each command is a file; [`exit`] says what the exit codes mean.

mod answer;
mod args;
mod bundle;
#[cfg(feature = "serve")]
mod cluster;
mod completions;
mod config;
mod exit;
mod fetch;
mod gather;
mod images;
mod lines;
mod progress;
mod registries;
#[cfg(feature = "serve")]
mod renew;
mod replay;
#[cfg(feature = "serve")]
mod serve;
mod terminal;
mod verify;

use std::process::ExitCode;

use tracing::level_filters::LevelFilter;

use self::{
    args::{Cli, Command, CommonArgs, ConfigCommand},
    exit::{Exit, Stop},
    terminal::Terminal,
};
use crate::telemetry;

/// Runs the command of this process's arguments and says how the process should end.
pub fn main() -> ExitCode {
    let Cli { common, command } = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => return usage(&error).into(),
    };
    let CommonArgs { color, log_level } = common;
    let terminal = Terminal::new(color);
    let level = log_level.map(LevelFilter::from);
    match run(command, level, terminal) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            terminal.note(&stop.to_string());
            stop.exit.into()
        }
    }
}

fn run(command: Command, level: Option<LevelFilter>, terminal: Terminal) -> Result<Exit, Stop> {
    #[cfg(feature = "serve")]
    if let Command::Serve(args) = command {
        return serve::run(*args, level);
    }
    telemetry::start(level.unwrap_or(LevelFilter::WARN));
    match command {
        // It tells more, and in a form of its own.
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(*args, level),
        #[cfg(feature = "serve")]
        Command::RenewCertificate(args) => renew::run(args, terminal),
        Command::Verify(args) => verify::run(args, terminal),
        Command::Fetch(args) => fetch::run(args, terminal),
        Command::Replay(args) => replay::run(args, terminal),
        Command::Bundle(args) => bundle::run(args, terminal),
        Command::Config { command: ConfigCommand::Check(args) } => config::check(args, terminal),
        Command::Completions(args) => completions::run(&args),
    }
}

/// Help and version that were asked for go to standard output and are a success; all else is wrong usage.
fn usage(error: &clap::Error) -> Exit {
    // Nobody reads it: there is no one left to tell.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Success;
    }
    let mut set: Vec<_> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("IMAGE_INTEGRITY_"))
        .collect();
    if !set.is_empty() {
        set.sort();
        Terminal::new(args::Color::Auto).note(&format!("note: set in the environment: {}", set.join(", ")));
    }
    Exit::Usage
}
