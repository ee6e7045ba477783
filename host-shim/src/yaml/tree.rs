//! From the parser's events to a tree, within bounds and without recursion.

use std::borrow::Cow;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::{Fault, Limits};

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// Whether it is named by an anchor, or carries a tag: what [`faults`](super::faults) refuses.
    pub(super) decoration: Option<Decoration>,
}

/// What may stand before a value, and is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoration {
    Anchor,
    Tag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
    /// `*name`; never in a document that was read without faults.
    Alias,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// How a scalar is written, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: may be a number, a boolean or null.
    Plain,
    /// In quotes, or folded: always a string.
    Quoted,
    /// A `|` block: a string, whose lines are the file's lines.
    Literal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Node,
    pub(crate) value: Node,
}

impl Node {
    /// The text, where the node is a scalar.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) | Value::Alias => None,
        }
    }

    fn new(value: Value, start: Marker, decoration: Option<Decoration>) -> Self {
        Self { value, line: start.line(), column: start.col() + 1, decoration }
    }
}

/// Reads the documents of a text, without those that are empty.
pub(super) fn build(text: &str, limits: Limits) -> Result<Vec<Node>, Fault> {
    let mut builder = Builder { limits, nodes: 0, open: Vec::new(), documents: Vec::new() };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, Span { start, .. })) => builder.take(event, start)?,
            Err(error) => {
                return Err(fault(*error.marker(), format!("this is not YAML: {}", error.info())));
            }
        }
    }
    Ok(builder.documents)
}

struct Builder {
    limits: Limits,
    nodes: usize,
    /// The sequences and mappings that have begun and not ended, the outermost first.
    open: Vec<Open>,
    documents: Vec<Node>,
}

struct Open {
    node: Node,
    /// Of a mapping, the key whose value comes next.
    key: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, start: Marker) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted | ScalarStyle::Folded => Style::Quoted,
                    ScalarStyle::Literal => Style::Literal,
                };
                let value = Value::Scalar(Scalar { text: Cow::into_owned(text), style });
                let node = self.node(value, start, decoration(anchor, tag.is_some()))?;
                self.add(node);
            }
            Event::Alias(_) => {
                let node = self.node(Value::Alias, start, None)?;
                self.add(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Value::Sequence(Vec::new()), start, decoration(anchor, tag.is_some()))?;
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Value::Mapping(Vec::new()), start, decoration(anchor, tag.is_some()))?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, .. }) = self.open.pop() {
                    self.add(node);
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, value: Value, start: Marker, decoration: Option<Decoration>) -> Result<(), Fault> {
        let node = self.node(value, start, decoration)?;
        if self.open.len() == self.limits.depth {
            return Err(fault(start, format!("nested more than {} deep", self.limits.depth)));
        }
        self.open.push(Open { node, key: None });
        Ok(())
    }

    fn node(&mut self, value: Value, start: Marker, decoration: Option<Decoration>) -> Result<Node, Fault> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(fault(start, format!("the file holds more than {} values", self.limits.nodes)));
        }
        Ok(Node::new(value, start, decoration))
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None if is_empty(&node) => {}
            None => self.documents.push(node),
            Some(Open { node: parent, key }) => match (&mut parent.value, key.take()) {
                (Value::Sequence(items), _) => items.push(node),
                (Value::Mapping(entries), Some(key)) => entries.push(Entry { key, value: node }),
                (Value::Mapping(_) | Value::Scalar(_) | Value::Alias, _) => *key = Some(node),
            },
        }
    }
}

/// Whether nothing was written: a document with comments alone is null.
fn is_empty(node: &Node) -> bool {
    node.decoration.is_none() && node.scalar().is_some_and(super::scalar::is_null)
}

fn decoration(anchor: usize, tagged: bool) -> Option<Decoration> {
    match (anchor, tagged) {
        (0, false) => None,
        (0, true) => Some(Decoration::Tag),
        _ => Some(Decoration::Anchor),
    }
}

fn fault(at: Marker, message: String) -> Fault {
    Fault { line: at.line(), column: at.col() + 1, path: String::new(), message }
}
