//! A parsed template.

use std::fmt;

use crate::base::refusal::Refusal;

/// A template, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(super) members: Vec<(String, Node)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
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
pub(super) enum Piece {
    Text(String),
    Value(Expression),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    pub(super) place: TextPlace,
    pub(super) alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Alternative {
    Path(Vec<String>),
    Literal(String),
}

/// Where in the text of a template, both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextPlace {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl TextPlace {
    /// A refusal of what stands here.
    pub(crate) fn refused(self, sentence: impl fmt::Display) -> Refusal {
        Refusal::new(format!("the template, line {} column {}: {sentence}", self.line, self.column))
    }
}

impl Template {
    /// The attributes that are named, each with its place and whether it stands inside a string.
    pub(crate) fn attributes(&self) -> Vec<(&str, TextPlace, bool)> {
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
}
