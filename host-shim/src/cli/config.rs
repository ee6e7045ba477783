//! `config check FILE|DIR…`: what a configuration means, or every mistake in it.

use serde_json::Value;

use super::{
    answer::as_of,
    args::{CheckArgs, Output},
    exit::{Exit, Stop},
    gather::current,
    terminal::{self, Terminal},
};
use crate::{
    config::{Configuration, Finding, Place, check::Report},
    presenter,
};

pub(super) fn check(args: CheckArgs, terminal: Terminal) -> Result<Exit, Stop> {
    let CheckArgs { files, namespace, output, now } = args;
    let outcome = Configuration::load(&files, namespace.as_deref())
        .map(|configuration| configuration.explain(now.unwrap_or_else(current)));
    let report = Report::new(&outcome);
    if let Some(now) = now {
        terminal.note(&as_of(now));
    }
    match output {
        Output::Text => terminal.text(&report.text())?,
        Output::Github => {
            terminal.text(&report.text())?;
            let annotations = report.mistakes.iter().map(|Finding { place, message }| {
                presenter::annotation(Some((&place.file, place.line)), "configuration", &named(place, message))
            });
            terminal::bytes(annotations.collect::<String>().as_bytes())?;
        }
        Output::Json => terminal::bytes(format!("{}\n", document(&report)?).as_bytes())?,
        Output::Yaml => terminal::bytes(presenter::yaml(&document(&report)?).as_bytes())?,
    }
    Ok(if report.valid { Exit::Success } else { Exit::Denied })
}

/// An annotation stands at the line already.
fn named(place: &Place, message: &str) -> String {
    if place.field.is_empty() { message.to_owned() } else { format!("{}: {message}", place.field) }
}

fn document(report: &Report<'_>) -> Result<Value, Stop> {
    serde_json::to_value(report).map_err(|error| Stop::undecided(format!("the answer cannot be written: {error}")))
}
