//! `completions SHELL`: the script that completes commands and options.

use clap::CommandFactory as _;

use super::{
    args::{Cli, CompletionsArgs},
    exit::{Exit, Stop},
    terminal,
};

pub(super) fn run(args: &CompletionsArgs) -> Result<Exit, Stop> {
    let CompletionsArgs { shell } = args;
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(*shell, &mut command, name, &mut script);
    terminal::bytes(&script)?;
    Ok(Exit::Success)
}
