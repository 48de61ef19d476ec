//! `authz_list_permissions`: the permissions and relations that a subject has on a resource, exactly those to which `authz_check` says yes.

use std::collections::BTreeSet;
use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::decide::goal::{Goal, Node, TypeKey, Who};
use crate::decide::solver::Solver;
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::sqlite::error::Result;
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &LIST_PERMISSIONS, list_permissions)
}

/// `authz_list_permissions(subject, resource_type, resource_id)`: the permissions and relations of that type that the subject has there,
/// in the order of their slugs.
static LIST_PERMISSIONS: TableFunction = TableFunction {
    name: "authz_list_permissions",
    columns: &["permission"],
    arguments: &["subject", "resource_type", "resource_id"],
    required: 3,
    bounded: None,
    expected_rows: 20,
};

fn list_permissions(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    let (subject, slug, id) = (call.text(0, "subject")?, call.text(1, "resource type")?, call.id(2, "resource id")?);
    let Some(subject) = subject else { return Ok(Made::none()) };
    store.read(|reader| {
        let who = reader.subject(subject)?;
        let (Some(slug), Some(id)) = (slug, id) else { return Ok(Made::none()) };
        let resource_type = reader.resource_type(slug)?;
        let node = reader.node(resource_type, id.id());
        let permissions = permissions(reader, who, resource_type, node)?;
        Ok(Made::rows(permissions.into_iter().map(|permission| vec![Value::Text(permission)]).collect()))
    })
}

fn permissions(reader: &mut Reader<'_>, who: Who, resource_type: TypeKey, node: Node) -> Result<BTreeSet<String>> {
    let mut permissions = BTreeSet::new();
    if reader.is_suspended(who, node)? {
        return Ok(permissions);
    }
    let rules = reader.rules()?;
    if reader.is_registered(node)? {
        for role in reader.roles_in_force(who, node)? {
            permissions.extend(reader.permissions_of(role, resource_type)?);
        }
    }
    let mut held = HashSet::new();
    let mut solver = Solver::new(who);
    for (name, relation) in rules.names(resource_type).filter(|(_, relation)| rules.get(*relation).is_some_and(|one| one.is_listed())) {
        if solver.holds(reader, Goal { relation, node })? {
            held.insert(relation);
            permissions.insert(name.to_owned());
        }
    }
    if !held.is_empty() {
        for (permission, name) in reader.permissions_by_relation(resource_type)? {
            if rules.relation(resource_type, &name).is_some_and(|relation| held.contains(&relation)) {
                permissions.insert(permission);
            }
        }
    }
    Ok(permissions)
}
