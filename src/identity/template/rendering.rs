//! Rendering a template for what a user and an organization are.

use serde_json::Value;

use super::tree::{Alternative, Expression, Node, Piece, Template};
use crate::base::refusal::{Refusal, Result, shown};

/// Rendering stops here: far beyond what a token may have, far below what would harm a host.
const MAX_RENDERED_BYTES: usize = 1 << 20;

impl Template {
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
                Some(Meaning::Text(text)) => out.push_text(text.trim()),
                Some(Meaning::Value(value)) => out.push(&value.to_string()),
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
enum Meaning<'a> {
    Text(&'a str),
    Value(&'a Value),
}

impl Expression {
    fn value<'a>(&'a self, roots: &'a Value) -> Option<Meaning<'a>> {
        self.alternatives.iter().find_map(|alternative| match alternative {
            Alternative::Literal(text) => Some(Meaning::Text(text)),
            Alternative::Path(path) => match path.iter().try_fold(roots, |value, name| below(value, name))? {
                Value::Null => None,
                Value::String(text) => Some(Meaning::Text(text)),
                value => Some(Meaning::Value(value)),
            },
        })
    }

    fn append(&self, roots: &Value, text: &mut String) -> Result<()> {
        match self.value(roots) {
            None => {}
            Some(Meaning::Text(found)) => text.push_str(found),
            Some(Meaning::Value(value @ (Value::Object(_) | Value::Array(_)))) => {
                let kind = if value.is_object() { "an object" } else { "an array" };
                return Err(self
                    .place
                    .refused(format!("`{self}` is {kind}, and stands inside a string; write it outside quotation marks")));
            }
            Some(Meaning::Value(value)) => text.push_str(&value.to_string()),
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
