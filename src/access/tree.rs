//! `authz_ancestors`, `authz_descendants`: the hierarchy of resources as rows; and the walk down that the lists use too.

use std::collections::VecDeque;
use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::base::identifier::Id;
use crate::decide::goal::{Node, TypeKey};
use crate::decide::roles::Ancestors;
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::model::compiled::Rules;
use crate::sqlite::error::Result;
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &ANCESTORS, ancestors)?;
    define(connection, store, &DESCENDANTS, descendants)
}

/// `authz_ancestors(resource_type, resource_id)`: the resource at depth 0, what it lies in at depth 1, and so on to the top.
/// `depth <= n` ends the walk. No rows for a NULL or a resource that is not registered; an unknown type is an error.
static ANCESTORS: TableFunction = TableFunction {
    name: "authz_ancestors",
    columns: &["depth", "resource_type", "resource_id"],
    arguments: &["of_type", "of_id"],
    required: 2,
    bounded: Some(0),
    expected_rows: 5,
};

/// `authz_descendants(resource_type, resource_id)`: the resource at depth 0, what lies right in it at depth 1, and so on, nearest first.
/// `depth <= n` ends the walk.
static DESCENDANTS: TableFunction = TableFunction {
    name: "authz_descendants",
    columns: &["depth", "resource_type", "resource_id"],
    arguments: &["of_type", "of_id"],
    required: 2,
    bounded: Some(0),
    expected_rows: 1000,
};

/// The resource that a call names in two arguments, `None` where one is NULL or nothing is registered there.
pub(crate) fn resource(reader: &mut Reader<'_>, call: &Call, at: usize) -> Result<Option<(TypeKey, Node)>> {
    let (slug, id) = (call.text(at, "resource type")?, call.id(at + 1, "resource id")?);
    let (Some(slug), Some(id)) = (slug, id) else { return Ok(None) };
    let resource_type = reader.resource_type(slug)?;
    let node = reader.node(resource_type, id.id());
    Ok(reader.is_registered(node)?.then_some((resource_type, node)))
}

fn ancestors(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    store.read(|reader| {
        let Some((_, node)) = resource(reader, &call, 0)? else { return Ok(Made::none()) };
        let mut rows = Vec::new();
        let mut up = Ancestors::from(node);
        let mut seen = HashSet::new();
        let most = call.at_most.unwrap_or(i64::MAX);
        let mut depth = 0;
        while depth <= most
            && let Some(here) = up.next(reader)?
            && seen.insert(here)
        {
            let (slug, id) = reader.slug_and_id(here)?;
            rows.push(vec![Value::Integer(depth), Value::Text(slug), id]);
            depth += 1;
        }
        Ok(Made::rows(rows))
    })
}

fn descendants(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    store.read(|reader| {
        let Some((_, node)) = resource(reader, &call, 0)? else { return Ok(Made::none()) };
        let (resource_type, id) = reader.described(node)?;
        let rules = reader.rules()?;
        let walk = Walk::down(Rc::clone(&rules), rules.types.holders(), None, vec![(resource_type, id)], call.at_most);
        Ok(Box::new(Descendants { store: Rc::clone(store), walk, current: None }) as Box<dyn Rows>)
    })
}

struct Descendants {
    store: Rc<Store>,
    walk: Walk,
    current: Option<Step>,
}

impl Rows for Descendants {
    fn advance(&mut self) -> Result<bool> {
        self.current = self.store.read(|reader| self.walk.next(reader))?;
        Ok(self.current.is_some())
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        match (&self.current, column) {
            (Some(step), 0) => ValueRef::Integer(step.depth),
            (Some(step), 1) => ValueRef::Text(self.walk.rules.types.slug(step.resource_type).as_bytes()),
            (Some(step), 2) => ValueRef::from(&step.id),
            _ => ValueRef::Null,
        }
    }
}

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
        let through = rules.types.at_or_above(resource_type).intersection(&rules.types.holders()).copied().collect();
        Walk::down(rules, through, Some(resource_type), starts, None)
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
