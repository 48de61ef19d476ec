//! Printing a template: parsing what is printed gives the same template.

use std::fmt;

use serde_json::Value;

use super::tree::{Alternative, Expression, Node, Piece, Template};

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
