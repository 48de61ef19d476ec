//! The language of claim templates: JSON with expressions in it, parsed once and rendered for each user.
//!
//! `{{ path }}` is the value that lies there, `{{ a || b || 'text' }}` the first that is not null. Outside quotation marks an expression is a
//! whole JSON value, inside a string a part of its text. What it stands for is written as JSON, so no value can end a string or add a key.
//! Printing a template and parsing that gives the same template.

pub(crate) mod cache;
mod reader;

use std::fmt;

use serde_json::Value;

use self::reader::Reader;
use crate::base::refusal::{Refusal, Result, shown};

/// Rendering stops here: far beyond what a token may have, far below what would harm a host.
const MAX_RENDERED_BYTES: usize = 1 << 20;

/// A template, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    members: Vec<(String, Node)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    /// As it was written
    Number(String),
    Text(Vec<Piece>),
    Value(Expression),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Value(Expression),
}

#[derive(Debug, Clone, PartialEq)]
struct Expression {
    place: Place,
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq)]
enum Alternative {
    Path(Vec<String>),
    Literal(String),
}

/// Where in the text of a template, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// A refusal of what stands here.
    pub(crate) fn refused(self, sentence: impl fmt::Display) -> Refusal {
        Refusal::new(format!("the template, line {} column {}: {sentence}", self.line, self.column))
    }
}

impl Template {
    /// Parses a text.
    ///
    /// # Errors
    /// A sentence with line and column: for what is no JSON, no object or without a key, for a reserved key or one that is given twice, an
    /// empty expression, a missing `}}`, a path that nothing lies at, an object or array inside a string.
    pub(crate) fn parse(text: &str) -> Result<Template> {
        Reader::of(text).template()
    }

    /// The attributes that are named, each with its place and whether it stands inside a string.
    pub(crate) fn attributes(&self) -> Vec<(&str, Place, bool)> {
        let mut all = Vec::new();
        self.visit(&mut |expression, in_text| {
            for alternative in &expression.alternatives {
                if let Alternative::Path(path) = alternative
                    && let [root, field, name, rest @ ..] = path.as_slice()
                    && root == "organization_membership"
                    && field == "custom_attributes"
                {
                    all.push((name.as_str(), expression.place, in_text && rest.is_empty()));
                }
            }
        });
        all
    }

    /// Whether a part of the organization is asked for that takes a statement of its own.
    pub(crate) fn reads_domains(&self) -> bool {
        let mut reads = false;
        self.visit(&mut |expression, _| {
            reads |= expression.alternatives.iter().any(|alternative| match alternative {
                Alternative::Path(path) => match path.as_slice() {
                    [root] => root == "organization",
                    [root, field, ..] => root == "organization" && field == "domains",
                    [] => false,
                },
                Alternative::Literal(_) => false,
            });
        });
        reads
    }

    fn visit<'a>(&'a self, see: &mut impl FnMut(&'a Expression, bool)) {
        fn inside<'a>(node: &'a Node, see: &mut impl FnMut(&'a Expression, bool)) {
            match node {
                Node::Value(expression) => see(expression, false),
                Node::Text(pieces) => pieces.iter().for_each(|piece| {
                    if let Piece::Value(expression) = piece {
                        see(expression, true);
                    }
                }),
                Node::Array(items) => items.iter().for_each(|item| inside(item, see)),
                Node::Object(members) => members.iter().for_each(|(_, node)| inside(node, see)),
                Node::Null | Node::Bool(_) | Node::Number(_) => {}
            }
        }
        self.members.iter().for_each(|(_, node)| inside(node, see));
    }

    /// Each key with its value as JSON, in order. A key whose value is null is left out.
    ///
    /// # Errors
    /// An object or array stands inside a string; or there is far more than a token could hold.
    pub(crate) fn render(&self, roots: &Value) -> Result<Vec<(&str, String)>> {
        let mut all = Vec::with_capacity(self.members.len());
        let mut length = 0;
        for (key, node) in &self.members {
            let mut out = Output { text: String::new(), left: MAX_RENDERED_BYTES.saturating_sub(length) };
            node.render(roots, &mut out).map_err(|wrong| wrong.unwrap_or_else(|| too_much(key)))?;
            length += out.text.len();
            if out.text != "null" {
                all.push((key.as_str(), out.text));
            }
        }
        Ok(all)
    }
}

fn too_much(key: &str) -> Refusal {
    Refusal::new(format!("the template renders to more than {MAX_RENDERED_BYTES} bytes; the key `{}` takes the room", shown(key)))
}

/// JSON that is being written, up to a length.
struct Output {
    text: String,
    left: usize,
}

/// `None`: there is no room.
type Rendered = std::result::Result<(), Option<Refusal>>;

impl Output {
    fn push(&mut self, text: &str) -> Rendered {
        self.left = self.left.checked_sub(text.len()).ok_or(None)?;
        self.text.push_str(text);
        Ok(())
    }

    fn push_text(&mut self, text: &str) -> Rendered {
        self.push(&Value::from(text).to_string())
    }
}

impl Node {
    fn render(&self, roots: &Value, out: &mut Output) -> Rendered {
        match self {
            Node::Null => out.push("null"),
            Node::Bool(yes) => out.push(if *yes { "true" } else { "false" }),
            Node::Number(number) => out.push(number),
            Node::Value(expression) => match expression.value(roots) {
                None => out.push("null"),
                Some(Found::Text(text)) => out.push_text(text.trim()),
                Some(Found::Value(value)) => out.push(&value.to_string()),
            },
            Node::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(part) => text.push_str(part),
                        Piece::Value(expression) => expression.append(roots, &mut text)?,
                    }
                    if text.len() > out.left {
                        return Err(None);
                    }
                }
                out.push_text(text.trim())
            }
            Node::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { "[" } else { "," })?;
                    item.render(roots, out)?;
                }
                out.push(if items.is_empty() { "[]" } else { "]" })
            }
            Node::Object(members) => {
                for (index, (key, node)) in members.iter().enumerate() {
                    out.push(if index == 0 { "{" } else { "," })?;
                    out.push_text(key)?;
                    out.push(":")?;
                    node.render(roots, out)?;
                }
                out.push(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// What an expression stands for.
enum Found<'a> {
    Text(&'a str),
    Value(&'a Value),
}

impl Expression {
    fn value<'a>(&'a self, roots: &'a Value) -> Option<Found<'a>> {
        self.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Literal(text) => Some(Found::Text(text)),
            Alternative::Path(path) => match path.iter().try_fold(roots, |value, name| below(value, name))? {
                Value::Null => None,
                Value::String(text) => Some(Found::Text(text)),
                value => Some(Found::Value(value)),
            },
        })
    }

    fn append(&self, roots: &Value, text: &mut String) -> Result<()> {
        match self.value(roots) {
            None => {}
            Some(Found::Text(found)) => text.push_str(found),
            Some(Found::Value(value @ (Value::Object(_) | Value::Array(_)))) => {
                let kind = if value.is_object() { "an object" } else { "an array" };
                return Err(self
                    .place
                    .refused(format!("`{self}` is {kind}, and stands inside a string; write it outside quotation marks")));
            }
            Some(Found::Value(value)) => text.push_str(&value.to_string()),
        }
        Ok(())
    }
}

/// The member of an object, or the item of an array.
fn below<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

impl fmt::Display for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        print_members(&self.members, out)
    }
}

fn print_members(members: &[(String, Node)], out: &mut fmt::Formatter<'_>) -> fmt::Result {
    out.write_str("{")?;
    for (index, (key, node)) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}\"{}\":{node}", escaped(key))?;
    }
    out.write_str("}")
}

/// A text as it stands between quotation marks, without anything that could be taken for an expression.
fn escaped(text: &str) -> String {
    inner(&Value::from(text).to_string()).replace('{', "\\u007b")
}

impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Null => out.write_str("null"),
            Node::Bool(yes) => write!(out, "{yes}"),
            Node::Number(number) => out.write_str(number),
            Node::Value(expression) => write!(out, "{{{{ {expression} }}}}"),
            Node::Text(pieces) => {
                out.write_str("\"")?;
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.write_str(&escaped(text))?,
                        Piece::Value(expression) => write!(out, "{{{{ {expression} }}}}")?,
                    }
                }
                out.write_str("\"")
            }
            Node::Array(items) => {
                out.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                out.write_str("]")
            }
            Node::Object(members) => print_members(members, out),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, alternative) in self.alternatives.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { " || " })?;
            match alternative {
                Alternative::Path(path) => out.write_str(&path.join("."))?,
                Alternative::Literal(text) => write!(out, "'{}'", inner(&Value::from(text.as_str()).to_string()).replace('\'', "\\'"))?,
            }
        }
        Ok(())
    }
}

/// What stands between the quotation marks of a JSON string.
fn inner(json: &str) -> String {
    json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(json).to_owned()
}

#[cfg(test)]
mod tests;
