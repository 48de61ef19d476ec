//! `authz_list_resources`, `authz_list_subjects`, `authz_list_permissions`: the same decision asked for whole sets.
//!
//! Each answers exactly what `authz_check` says yes to: the resources of a subject, the subjects of a resource, the permissions of both.

use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::decision::{Ancestors, Node, RoleSet, held_at, roles_in_force};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::identifier::Id;
use crate::store::{Reader, TypeKey, now};
use crate::table_function::{Call, Made, Rows, TableFunction, define};
use crate::tree::{Step, Walk, resource};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, &LIST_RESOURCES)?;
    define(connection, engine, &LIST_SUBJECTS)?;
    define(connection, engine, &LIST_PERMISSIONS)
}

/// `authz_list_resources(subject, permission, resource_type [, ancestor_type, ancestor_id])`: the resources of that type on which the
/// subject has the permission, each once, in no order; the last two keep to what lies under that resource, itself included.
static LIST_RESOURCES: TableFunction = TableFunction {
    name: "authz_list_resources",
    columns: &["resource_id", "name"],
    arguments: &["subject", "permission", "resource_type", "ancestor_type", "ancestor_id"],
    required: 3,
    bounded: None,
    expected_rows: 1000,
    rows: list_resources,
};

/// `authz_list_subjects(permission, resource_type, resource_id)`: every subject that has the permission there, directly or through a
/// group; groups and their members both, in the order of their text.
static LIST_SUBJECTS: TableFunction = TableFunction {
    name: "authz_list_subjects",
    columns: &["subject"],
    arguments: &["permission", "resource_type", "resource_id"],
    required: 3,
    bounded: None,
    expected_rows: 100,
    rows: list_subjects,
};

/// `authz_list_permissions(subject, resource_type, resource_id)`: the permissions of that type that the subject has there, in the order
/// of their slugs.
static LIST_PERMISSIONS: TableFunction = TableFunction {
    name: "authz_list_permissions",
    columns: &["permission"],
    arguments: &["subject", "resource_type", "resource_id"],
    required: 3,
    bounded: None,
    expected_rows: 20,
    rows: list_permissions,
};

fn list_resources(engine: &Arc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let (subject, permission, slug) = (call.text(0, "subject")?, call.text(1, "permission")?, call.text(2, "resource type")?);
    let (Some(subject), Some(permission), Some(slug)) = (subject, permission, slug) else { return Ok(Made::none()) };
    if call.given(3) != call.given(4) {
        return Err(Error::refused("ancestor_type and ancestor_id are given together; give both or neither"));
    }
    let name_of = (call.columns_used & 0b10 != 0).then(|| slug.to_owned());
    engine.read(|reader| {
        let resource_type = reader.resource_type(slug)?;
        let roles = reader.roles_granting(permission, resource_type)?;
        let who = reader.subject(subject)?;
        let now = now();
        let under = match call.given(3) {
            true => match resource(reader, &call, 3)? {
                Some((_, node)) => Some(node),
                None => return Ok(Made::none()),
            },
            false => None,
        };
        let types = reader.types()?;
        let through = types.at_or_above(resource_type);
        let mut starts = Vec::new();
        // One resource is asked about, as in the inner loop of a join: that is a check, and no list need be made.
        if let Some(wanted) = &call.equals {
            let node = registered_like(reader, resource_type, wanted)?;
            if let Some(node) = node
                && match under {
                    Some(under) => lies_in(reader, node, under)?,
                    None => true,
                }
                && held_at(reader, who, &roles, node, now)?.is_some()
            {
                starts.push(reader.described(node)?);
            }
            let walk = Walk::down(types, HashSet::new(), Some(resource_type), starts, Some(0));
            return Ok(Box::new(Resources { engine: Arc::clone(engine), walk, name_of: name_of.clone(), current: None }));
        }
        match under {
            Some(under) if held_at(reader, who, &roles, under, now)?.is_some() => starts.push(reader.described(under)?),
            _ => {
                for node in reader.resources_held(who, &roles, now)? {
                    let (held_type, stored) = reader.described(node)?;
                    let inside = match under {
                        Some(under) => lies_in(reader, node, under)?,
                        None => true,
                    };
                    if inside && through.contains(&held_type) && reader.is_registered(node)? {
                        starts.push((held_type, stored));
                    }
                }
            }
        }
        // What only the wanted type itself can hold is passed through only if that type nests.
        let through = through.intersection(&types.holders()).copied().collect();
        let walk = Walk::down(types, through, Some(resource_type), starts, None);
        Ok(Box::new(Resources { engine: Arc::clone(engine), walk, name_of: name_of.clone(), current: None }) as Box<dyn Rows>)
    })
}

/// The registered resource whose id may equal a value by SQLite's rules, which compares the row once more.
fn registered_like(reader: &mut Reader<'_>, resource_type: TypeKey, wanted: &Value) -> Result<Option<Node>> {
    let id = match wanted {
        Value::Integer(number) => Id::Integer(*number),
        Value::Real(number) if *number == (*number as i64) as f64 => Id::Integer(*number as i64),
        Value::Text(text) => Id::of(text),
        Value::Real(_) | Value::Null | Value::Blob(_) => return Ok(None),
    };
    let node = reader.node(resource_type, &id);
    Ok(reader.is_registered(node)?.then_some(node))
}

/// Whether `node` is `above` or lies in it at any depth.
fn lies_in(reader: &mut Reader<'_>, node: Node, above: Node) -> Result<bool> {
    let mut up = Ancestors::from(node);
    while let Some(here) = up.next(reader)? {
        if here == above {
            return Ok(true);
        }
    }
    Ok(false)
}

struct Resources {
    engine: Arc<Engine>,
    walk: Walk,
    /// The type, where the names are wanted too
    name_of: Option<String>,
    current: Option<(Step, Option<String>)>,
}

impl Rows for Resources {
    fn advance(&mut self) -> Result<bool> {
        self.current = match self.walk.next(&self.engine)? {
            Some(step) => {
                let name = match &self.name_of {
                    Some(slug) => self.engine.read(|reader| reader.name(slug, &step.id))?,
                    None => None,
                };
                Some((step, name))
            }
            None => None,
        };
        Ok(self.current.is_some())
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        match (&self.current, column) {
            (Some((step, _)), 0) => ValueRef::from(&step.id),
            (Some((_, Some(name))), 1) => ValueRef::Text(name.as_bytes()),
            _ => ValueRef::Null,
        }
    }
}

fn list_subjects(engine: &Arc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let Some(permission) = call.text(0, "permission")? else { return Ok(Made::none()) };
    engine.read(|reader| {
        let Some(slug) = call.text(1, "resource type")? else { return Ok(Made::none()) };
        let resource_type = reader.resource_type(slug)?;
        let roles = reader.roles_granting(permission, resource_type)?;
        let Some((_, node)) = resource(reader, &call, 1)? else { return Ok(Made::none()) };
        let subjects = holders(engine, reader, &roles, node)?;
        Ok(Made::rows(subjects.into_iter().map(|subject| vec![Value::Text(subject)]).collect()))
    })
}

/// Everybody who holds one of `roles` on `node` or above, groups and their members both.
fn holders(engine: &Engine, reader: &mut Reader<'_>, roles: &Rc<RoleSet>, node: Node) -> Result<BTreeSet<String>> {
    let now = now();
    let mut found = BTreeSet::new();
    let mut groups = Vec::new();
    let add = |subject: String, found: &mut BTreeSet<String>, groups: &mut Vec<String>| {
        if !found.contains(&subject) {
            groups.extend(subject.strip_prefix("group:").map(str::to_owned));
            found.insert(subject);
        }
    };
    let mut up = Ancestors::from(node);
    while let Some(here) = up.next(reader)? {
        for assignment in reader.assignments_on(here)? {
            if roles.contains(assignment.role) && assignment.is_live(now) {
                add(assignment.subject, &mut found, &mut groups);
            }
        }
    }
    while let Some(group) = groups.pop() {
        for member in reader.members(&group)? {
            add(member, &mut found, &mut groups);
        }
    }
    engine.poll_interrupt()?;
    Ok(found)
}

fn list_permissions(engine: &Arc<Engine>, call: Call) -> Result<Box<dyn Rows>> {
    let Some(subject) = call.text(0, "subject")? else { return Ok(Made::none()) };
    engine.read(|reader| {
        let who = reader.subject(subject)?;
        let Some((resource_type, node)) = resource(reader, &call, 1)? else { return Ok(Made::none()) };
        let mut permissions = BTreeSet::new();
        for role in roles_in_force(reader, who, node, now())? {
            permissions.extend(reader.permissions_of(role, resource_type)?);
        }
        Ok(Made::rows(permissions.into_iter().map(|permission| vec![Value::Text(permission)]).collect()))
    })
}
