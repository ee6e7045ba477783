//! What YAML allows and a configuration must not hold: anchors, aliases, tags, merge keys, duplicate keys and keys that are no strings.

use std::collections::HashMap;

use super::{
    Entry, Fault, Node, Style, Value,
    path::Path,
    scalar::{self, Kind},
    tree::Decoration,
};

/// Nobody reads more at once, and a hostile text could hold half a million.
pub(super) const MAX_FAULTS: usize = 100;

/// The faults of a document, in the order of its text.
pub(super) fn of(document: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    collect(document, &Path::ROOT, &mut faults);
    faults
}

/// Recursion is bounded by the depth that [`build`](super::tree::build) accepts.
fn collect(node: &Node, path: &Path<'_>, faults: &mut Vec<Fault>) {
    match node.decoration {
        None => {}
        Some(Decoration::Anchor) => {
            refuse(node, path, "anchors (`&name`) are not accepted; write the value out", faults);
        }
        Some(Decoration::Tag) => {
            refuse(node, path, "tags (`!name`) are not accepted; put quotes around what should be a string", faults);
        }
    }
    match &node.value {
        Value::Scalar(_) => {}
        Value::Alias => refuse(node, path, "aliases (`*name`) are not accepted; write the value out", faults),
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &Path::Item(path, index), faults);
            }
        }
        Value::Mapping(entries) => {
            let mut first = HashMap::new();
            for Entry { key, value } in entries {
                let Some(text) = key.scalar().filter(|text| scalar::kind(text) != Kind::Null) else {
                    refuse(key, path, "this key is not a string", faults);
                    continue;
                };
                let path = Path::Member(path, &text.text);
                // `kubectl` puts the fields of its value in the place of it, so that they would be read there and not here.
                if text.text == "<<" && text.style == Style::Plain {
                    refuse(key, &path, "merge keys (`<<`) are not read; write the fields out", faults);
                }
                if let Some(line) = first.insert(text.text.as_str(), key.line) {
                    let message = format!("duplicate key, first written in line {line}; remove one of the two");
                    refuse(key, &path, &message, faults);
                }
                collect(key, &path, faults);
                collect(value, &path, faults);
            }
        }
    }
}

fn refuse(node: &Node, path: &Path<'_>, message: &str, faults: &mut Vec<Fault>) {
    if faults.len() < MAX_FAULTS {
        faults.push(Fault {
            line: node.line,
            column: node.column,
            path: path.to_string(),
            message: message.to_owned(),
        });
    }
}
