//! What a decision asks of the data.

use std::rc::Rc;

use super::goal::{Goal, Node, Relation, TypeKey, Who};
use super::rule::{RoleSet, Rule};

/// What the data say about a subject and one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
    /// Yes if one of these is
    If(Vec<Goal>),
}

/// What a decision asks of the data. Whatever has expired is not there.
pub(crate) trait Facts {
    /// Why the data cannot be read.
    type Error;

    /// The rule of a relation.
    fn rule(&mut self, relation: Relation) -> Result<Rc<Rule>, Self::Error>;
    /// The resource that `node` lies in; `None` at the top and for what is not registered.
    fn parent(&mut self, node: Node) -> Result<Option<Node>, Self::Error>;
    /// Whether the subject holds one of `roles` on exactly this resource.
    fn holds_role(&mut self, who: Who, roles: &RoleSet, node: Node) -> Result<Found, Self::Error>;
    /// Whether a relationship of this relation names the subject; where not `by_name`, also as one of everybody.
    fn related(&mut self, who: Who, goal: Goal, by_name: bool) -> Result<Found, Self::Error>;
    /// What stands in this relation to the resource, with its type.
    fn through(&mut self, goal: Goal) -> Result<Vec<(TypeKey, Node)>, Self::Error>;
    /// Whether the subject is the userset that the goal describes.
    fn is_userset(&mut self, who: Who, goal: Goal) -> Result<bool, Self::Error>;
    /// Ends early when the host has asked to.
    fn poll_interrupt(&mut self) -> Result<(), Self::Error>;
}

/// What a list asks of the data: the same facts from the other side.
pub(crate) trait NamedFacts: Facts {
    /// The subjects that a rule of one step names, *holds a role* or *is named by a relationship*; with each userset, and each group that
    /// holds a role, the goal that its members satisfy.
    fn named_by(&mut self, rule: &Rule, goal: Goal) -> Result<Vec<(Who, Option<Goal>)>, Self::Error>;
    /// The userset that a goal describes.
    fn userset(&mut self, goal: Goal) -> Result<Who, Self::Error>;
}
