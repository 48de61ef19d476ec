//! The walk down the hierarchy of resources that lists and sets of resources share, and where it begins.

use std::collections::VecDeque;
use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::types::{Value, ValueRef};

use crate::base::identifier::Id;
use crate::decide::goal::{Node, TypeKey, Who};
use crate::decide::rule::RoleSet;
use crate::facts::reader::Reader;
use crate::model::compiled::{Rules, Types};
use crate::sqlite::error::Result;
use crate::sqlite::table::Call;

/// A resource met on a walk down.
pub(crate) struct Step {
    pub(crate) resource_type: TypeKey,
    /// As stored
    pub(crate) id: Value,
    /// Steps down from where the walk began
    pub(crate) depth: i64,
}

/// A walk down from several resources at once, nearest first, that meets each resource once.
///
/// A resource has one parent, so there is one way to come to it: the walk that began nearest above it. Therefore a walk passes over the
/// places where others begin, and nothing needs to be remembered; not even a cycle made by hand is walked twice.
pub(crate) struct Walk {
    rules: Rc<Rules>,
    /// Types below which what is wanted may lie
    through: HashSet<TypeKey>,
    /// The type that is wanted, all if `None`
    wanted: Option<TypeKey>,
    starts: HashSet<(TypeKey, Id)>,
    at_most: i64,
    open: VecDeque<Step>,
    read: std::vec::IntoIter<(TypeKey, Value)>,
    depth: i64,
    steps: usize,
}

impl Walk {
    /// A walk that begins with `starts` themselves and goes at most `at_most` steps down.
    pub(crate) fn down(
        rules: Rc<Rules>,
        through: HashSet<TypeKey>,
        wanted: Option<TypeKey>,
        starts: Vec<(TypeKey, Value)>,
        at_most: Option<i64>,
    ) -> Walk {
        let at_most = at_most.unwrap_or(i64::MAX);
        let named = starts.iter().map(|(resource_type, id)| (*resource_type, Id::stored(ValueRef::from(id)))).collect();
        // Read as if they were the children of something at depth -1; an upper bound below 0 leaves nothing.
        let read = if at_most < 0 { Vec::new() } else { starts };
        Walk { rules, through, wanted, starts: named, at_most, open: VecDeque::new(), read: read.into_iter(), depth: 0, steps: 0 }
    }

    /// A walk to all resources of one type that are among `starts` or lie in one.
    pub(crate) fn to(rules: Rc<Rules>, resource_type: TypeKey, starts: Vec<(TypeKey, Value)>) -> Walk {
        // What only the wanted type itself can hold is passed through only if that type nests.
        let through = rules.types.at_or_above(resource_type).intersection(&rules.types.with_children()).copied().collect();
        Walk::down(rules, through, Some(resource_type), starts, None)
    }

    /// The types of the model.
    pub(crate) fn types(&self) -> &Types {
        &self.rules.types
    }

    /// How many resources have been met so far.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// The next resource of the type that is wanted.
    pub(crate) fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<Step>> {
        loop {
            for (resource_type, id) in self.read.by_ref() {
                let depth = self.depth;
                self.steps += 1;
                if depth > 0 && self.starts.contains(&(resource_type, Id::stored(ValueRef::from(&id)))) {
                    continue;
                }
                if depth < self.at_most && self.through.contains(&resource_type) {
                    self.open.push_back(Step { resource_type, id: id.clone(), depth });
                }
                if self.wanted.is_none_or(|wanted| wanted == resource_type) {
                    return Ok(Some(Step { resource_type, id, depth }));
                }
            }
            let Some(above) = self.open.pop_front() else { return Ok(None) };
            self.steps += 1;
            self.depth = above.depth + 1;
            self.read = reader.children(&self.rules.types, above.resource_type, &above.id)?.into_iter();
        }
    }
}

/// The resources of `resource_type` or above it on which the subject holds one of `roles` and is not suspended.
pub(crate) fn starts_of(reader: &mut Reader<'_>, who: Who, roles: &RoleSet, resource_type: TypeKey) -> Result<Vec<(TypeKey, Value)>> {
    let through = reader.rules()?.types.at_or_above(resource_type);
    let mut starts = Vec::new();
    for node in reader.resources_held(who, roles)? {
        let (held_type, stored) = reader.described(node)?;
        if through.contains(&held_type) && reader.is_registered(node)? && !reader.is_suspended(who, node)? {
            starts.push((held_type, stored));
        }
    }
    Ok(starts)
}

/// The resource that a call names in two arguments, `None` where one is NULL or nothing is registered there.
pub(crate) fn resource(reader: &mut Reader<'_>, call: &Call, at: usize) -> Result<Option<(TypeKey, Node)>> {
    let (slug, id) = (call.text(at, "resource type")?, call.id(at + 1, "resource id")?);
    let (Some(slug), Some(id)) = (slug, id) else { return Ok(None) };
    let resource_type = reader.resource_type(slug)?;
    let node = reader.node(resource_type, id.id());
    Ok(reader.is_registered(node)?.then_some((resource_type, node)))
}
