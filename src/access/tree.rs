//! `authz_ancestors`, `authz_descendants`: the hierarchy of resources as rows.

use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::walk::{Step, Walk, resource};
use crate::decide::roles::Ancestors;
use crate::facts::store::Store;
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
        let walk = Walk::down(Rc::clone(&rules), rules.types.with_children(), None, vec![(resource_type, id)], call.at_most);
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
            (Some(step), 1) => ValueRef::Text(self.walk.types().slug(step.resource_type).as_bytes()),
            (Some(step), 2) => ValueRef::from(&step.id),
            _ => ValueRef::Null,
        }
    }
}
