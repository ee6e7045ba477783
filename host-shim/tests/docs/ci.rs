//! The pipelines of `docs/ci.md`: each has what its CI system requires, and its commands are ones that the program takes.

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::{
    markdown::Document,
    session::{Checkout, Step},
};

#[test]
fn every_pipeline_is_one_and_its_commands_do_what_they_should() {
    let document = Document::all().into_iter().find(|document| document.name == "docs/ci.md").unwrap();
    let blocks = document.blocks();
    let checkout = Checkout::new();
    for block in blocks.iter().filter(|block| block.label.contains('.')) {
        checkout.write(block.label, &block.lines);
    }
    let mut systems = Vec::new();
    for block in blocks.iter().filter(|block| block.language == "yaml" && block.label.is_empty()) {
        let pipeline = yaml(&block.lines.join("\n"));
        let (system, commands) = commands(&pipeline);
        let ours: Vec<_> = commands.iter().filter(|command| command.starts_with("image-integrity ")).collect();
        assert!(!ours.is_empty(), "docs/ci.md:{}: {commands:?}", block.line);
        for command in ours {
            // The manifest's registry cannot be reached; a command that is wrong would end with 64.
            let command = format!("(cd tests/fixtures/demo && {command} > /dev/null); echo $?");
            let step = Step { line: block.line, command, shown: Vec::new() };
            assert_eq!(checkout.run(&[step]), ["2"], "docs/ci.md:{}", block.line);
        }
        systems.push(system);
    }
    assert_eq!(systems, ["GitHub Actions", "GitLab CI", "Azure Pipelines", "Azure Pipelines"]);
}

/// Which CI system's pipeline it is, and the commands in it.
fn commands(pipeline: &Value) -> (&'static str, Vec<&str>) {
    if let Some(jobs) = pipeline.get("jobs") {
        assert_keys(pipeline, &["name", "on", "permissions", "jobs"]);
        let steps = members(jobs).flat_map(|job| {
            assert_keys(job, &["runs-on", "steps"]);
            assert!(job["runs-on"].is_string());
            job["steps"].as_array().unwrap()
        });
        let commands = steps.filter_map(|step| {
            assert!(step.get("run").is_some() != step.get("uses").is_some(), "{step}");
            step.get("run")
        });
        return ("GitHub Actions", commands.map(text).collect());
    }
    if let Some(pool) = pipeline.get("pool") {
        assert_keys(pipeline, &["pool", "steps"]);
        assert!(pool["vmImage"].is_string());
        let steps = pipeline["steps"].as_array().unwrap().iter();
        let commands = steps.map(|step| {
            assert_keys(step, &["script", "displayName"]);
            &step["script"]
        });
        return ("Azure Pipelines", commands.map(text).collect());
    }
    let commands = members(pipeline).flat_map(|job| {
        assert_keys(job, &["stage", "script", "retry"]);
        let stages = [".pre", "build", "test", "deploy", ".post"];
        assert!(stages.contains(&text(&job["stage"])), "not one of the stages that need no declaration");
        job["script"].as_array().unwrap()
    });
    ("GitLab CI", commands.map(text).collect())
}

/// All of them are there, and no others.
#[track_caller]
fn assert_keys(mapping: &Value, keys: &[&str]) {
    let mut found: Vec<_> = mapping.as_object().unwrap().keys().collect();
    let mut keys = keys.to_vec();
    found.sort();
    keys.sort_unstable();
    assert_eq!(found, keys);
}

fn members(mapping: &Value) -> impl Iterator<Item = &Value> {
    mapping.as_object().unwrap().values()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// One document of mappings, sequences and scalars, every scalar as its text.
fn yaml(text: &str) -> Value {
    let events = Parser::new_from_str(text).map(|event| event.unwrap_or_else(|error| panic!("{error}: {text}")).0);
    let mut events = events.filter(|event| !matches!(event, Event::StreamStart | Event::DocumentStart(_)));
    let first = events.next().unwrap();
    value(first, &mut events)
}

fn value<'t>(event: Event<'t>, events: &mut impl Iterator<Item = Event<'t>>) -> Value {
    match event {
        Event::Scalar(text, ..) => text.into_owned().into(),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().unwrap() {
                    Event::SequenceEnd => return items.into(),
                    event => items.push(value(event, events)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut members = Map::new();
            loop {
                match events.next().unwrap() {
                    Event::MappingEnd => return members.into(),
                    Event::Scalar(key, ..) => {
                        let event = events.next().unwrap();
                        let before = members.insert(key.into_owned(), value(event, events));
                        assert!(before.is_none(), "a duplicate key");
                    }
                    other => panic!("{other:?} is no key"),
                }
            }
        }
        other => panic!("{other:?} is no value"),
    }
}
