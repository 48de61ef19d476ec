//! `authz_list_resources`, `authz_list_subjects`, `authz_list_permissions`: the same decision asked for whole sets.
//!
//! Each answers exactly what `authz_check` says yes to: the resources of a subject, the subjects of a resource, the permissions of both.

use std::collections::BTreeSet;
use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use crate::access::candidates::{self, Wanted};
use crate::access::tree::{Step, Walk, resource};
use crate::base::identifier::IdRef;
use crate::base::refusal::{nearest, shown};
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Node, Relation, TypeKey, Who};
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::decide::solver::Solver;
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::facts::visible::{Ids, Place, Visible};
use crate::sqlite::error::{Error, Result};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &LIST_RESOURCES, list_resources)?;
    define(connection, store, &LIST_SUBJECTS, list_subjects)?;
    define(connection, store, &LIST_PERMISSIONS, list_permissions)
}

/// `authz_list_resources(subject, permission, resource_type [, ancestor_type, ancestor_id])`: the resources of that type on which the
/// subject has the permission or relation, each once, in no order; the last two keep to what lies under that resource, itself included.
/// Resources that are only known from relationships are among them, without a name.
static LIST_RESOURCES: TableFunction = TableFunction {
    name: "authz_list_resources",
    columns: &["resource_id", "name"],
    arguments: &["subject", "permission", "resource_type", "ancestor_type", "ancestor_id"],
    required: 3,
    bounded: None,
    expected_rows: 1000,
};

/// `authz_list_subjects(permission, resource_type, resource_id [, kind])`: every subject that has the permission or relation there,
/// directly or through a group; groups and their members both, in the order of their text.
///
/// Whoever has it only as one of everybody is answered as the wildcard, such as `user:*`. `kind` keeps to one type (`user`), or lists
/// usersets (`group#member`), which are listed only so.
static LIST_SUBJECTS: TableFunction = TableFunction {
    name: "authz_list_subjects",
    columns: &["subject"],
    arguments: &["permission", "resource_type", "resource_id", "kind"],
    required: 3,
    bounded: None,
    expected_rows: 100,
};

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

fn list_resources(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    let (subject, permission, slug) = (call.text(0, "subject")?, call.text(1, "permission")?, call.text(2, "resource type")?);
    let (Some(subject), Some(permission), Some(slug)) = (subject, permission, slug) else { return Ok(Made::none()) };
    if call.given(3) != call.given(4) {
        return Err(Error::refused("ancestor_type and ancestor_id are given together; give both or neither"));
    }
    let name_of = (call.columns_used & 0b10 != 0).then(|| slug.to_owned());
    store.read(|reader| {
        let resource_type = reader.resource_type(slug)?;
        let relation = reader.relation(permission, resource_type)?;
        let who = reader.subject(subject)?;
        let under = match call.given(3) {
            true => match resource(reader, &call, 3)? {
                Some((_, node)) => Some(node),
                None => return Ok(Made::none()),
            },
            false => None,
        };
        if under.is_none()
            && call.equals.is_none()
            && let Some(visible) = reader.kept_visible(who, relation)
        {
            return Ok(Box::new(FromSet {
                store: Rc::clone(store),
                visible,
                place: Place::default(),
                name_of: name_of.clone(),
                current: None,
            }));
        }
        let mut starts = Vec::new();
        let rule = reader.rule(relation)?;
        let mut walks = false;
        let mut keep = None;
        if let Some(wanted) = &call.equals {
            // One resource is asked about, as in the inner loop of a join: that is a check, and no list need be made.
            if let Some(node) = like(reader, resource_type, wanted)
                && is_inside(reader, node, under)?
                && reader.allows(who, Goal { relation, node })?
            {
                starts.push(reader.described(node)?);
            }
        } else if let Rule::Roles(roles) = &*rule {
            walks = true;
            match under {
                // Roles reach down from wherever they are held, whatever the type.
                Some(under) if reader.allows(who, Goal { relation, node: under })? => starts.push(reader.described(under)?),
                Some(under) => {
                    for (held_type, stored) in reader.starts(who, roles, resource_type)? {
                        let node = reader.node(held_type, IdRef::stored((&stored).into()).unwrap_or(IdRef::Text("")));
                        if is_inside(reader, node, Some(under))? {
                            starts.push((held_type, stored));
                        }
                    }
                }
                None => {
                    reader.until.set(i64::MAX);
                    starts = reader.starts(who, roles, resource_type)?;
                    keep = Some(ToKeep {
                        subject: subject.to_owned(),
                        relation,
                        ids: Ids::default(),
                        until: reader.until.get(),
                        as_of: reader.generation(),
                    });
                }
            }
        } else {
            for node in candidates::resources(reader, who, relation)? {
                if is_inside(reader, node, under)? {
                    starts.push(reader.described(node)?);
                }
            }
        }
        let rules = reader.rules()?;
        let walk = match walks {
            true => Walk::to(rules, resource_type, starts),
            false => Walk::down(rules, HashSet::new(), Some(resource_type), starts, Some(0)),
        };
        Ok(Box::new(Resources { store: Rc::clone(store), walk, name_of: name_of.clone(), current: None, keep }) as Box<dyn Rows>)
    })
}

/// The resource whose id may equal a value by SQLite's rules, which compares the row once more.
fn like(reader: &mut Reader<'_>, resource_type: TypeKey, wanted: &Value) -> Option<Node> {
    let id = match wanted {
        Value::Real(number) if *number == (*number as i64) as f64 => IdRef::Integer(*number as i64),
        other => IdRef::stored(other.into())?,
    };
    Some(reader.node(resource_type, id))
}

/// Whether `node` is `above` or lies in it at any depth.
fn is_inside(reader: &mut Reader<'_>, node: Node, above: Option<Node>) -> Result<bool> {
    let Some(above) = above else { return Ok(true) };
    let mut up = Ancestors::from(node);
    while let Some(here) = up.next(reader)? {
        if here == above {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Resources as a walk comes to them.
struct Resources {
    store: Rc<Store>,
    walk: Walk,
    /// The type, where the names are wanted too
    name_of: Option<String>,
    current: Option<(Step, Option<String>)>,
    /// What will be kept if the walk is walked to its end
    keep: Option<ToKeep>,
}

/// What a subject sees, while it is being found out.
struct ToKeep {
    subject: String,
    relation: Relation,
    ids: Ids,
    until: i64,
    /// The state of what is kept when the walk began: it must still be the same at its end
    as_of: u64,
}

impl Rows for Resources {
    fn advance(&mut self) -> Result<bool> {
        let Resources { store, walk, name_of, current, keep } = self;
        *current = store.read(|reader| {
            let Some(step) = walk.next(reader)? else {
                if let Some(ToKeep { subject, relation, ids, until, as_of }) = keep.take()
                    && as_of == reader.generation()
                {
                    let who = reader.subject(&subject)?;
                    reader.keep_visible(Rc::new(Visible { who, relation, by_relations: false, until, ids }));
                }
                return Ok(None);
            };
            if let Some(keep) = keep {
                keep.ids.insert_stored((&step.id).into());
            }
            let name = match name_of {
                Some(slug) => reader.name(slug, &step.id)?,
                None => None,
            };
            Ok(Some((step, name)))
        })?;
        Ok(current.is_some())
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        match (&self.current, column) {
            (Some((step, _)), 0) => ValueRef::from(&step.id),
            (Some((_, Some(name))), 1) => ValueRef::Text(name.as_bytes()),
            _ => ValueRef::Null,
        }
    }
}

/// Resources out of a set that is kept.
struct FromSet {
    store: Rc<Store>,
    visible: Rc<Visible>,
    place: Place,
    name_of: Option<String>,
    current: Option<(Value, Option<String>)>,
}

impl Rows for FromSet {
    fn advance(&mut self) -> Result<bool> {
        let Some(id) = self.visible.ids.next(&mut self.place) else {
            self.current = None;
            return Ok(false);
        };
        let id = match id {
            IdRef::Integer(number) if self.visible.ids.as_text.contains(&number) => Value::Text(number.to_string()),
            IdRef::Integer(number) => Value::Integer(number),
            IdRef::Text(text) => Value::Text(text.to_owned()),
        };
        let name = match &self.name_of {
            Some(slug) => self.store.read(|reader| reader.name(slug, &id))?,
            None => None,
        };
        self.current = Some((id, name));
        Ok(true)
    }

    fn value(&self, column: usize) -> ValueRef<'_> {
        match (&self.current, column) {
            (Some((id, _)), 0) => ValueRef::from(id),
            (Some((_, Some(name))), 1) => ValueRef::Text(name.as_bytes()),
            _ => ValueRef::Null,
        }
    }
}

fn list_subjects(store: &Rc<Store>, call: Call) -> Result<Box<dyn Rows>> {
    let (permission, slug, id) = (call.text(0, "permission")?, call.text(1, "resource type")?, call.id(2, "resource id")?);
    let (Some(permission), Some(slug), Some(id)) = (permission, slug, id) else { return Ok(Made::none()) };
    store.read(|reader| {
        let resource_type = reader.resource_type(slug)?;
        let relation = reader.relation(permission, resource_type)?;
        let wanted = match call.text(3, "kind of subject")? {
            Some(kind) => wanted(reader, kind)?,
            None if call.given(3) => return Ok(Made::none()),
            None => Wanted::Any,
        };
        let node = reader.node(resource_type, id.id());
        let subjects = candidates::subjects(reader, Goal { relation, node }, wanted)?;
        Ok(Made::rows(subjects.into_iter().map(|subject| vec![Value::Text(subject)]).collect()))
    })
}

/// Reads a kind of subject: `user`, `group#member`.
fn wanted(reader: &mut Reader<'_>, kind: &str) -> Result<Wanted> {
    let rules = reader.rules()?;
    let (slug, relation) = kind.split_once('#').map_or((kind, None), |(slug, relation)| (slug, Some(relation)));
    let of = rules
        .types
        .key(slug)
        .ok_or_else(|| Error::refused(format!("unknown subject type `{}`{}", shown(slug), nearest(slug, rules.types.of_subjects()))))?;
    let Some(name) = relation else { return Ok(Wanted::Type(of)) };
    rules.relation(of, name).map(Wanted::Usersets).ok_or_else(|| {
        let near = nearest(name, rules.names(of).map(|(name, _)| name));
        Error::refused(format!("unknown relation `{}` of `{slug}`{near}", shown(name)))
    })
}

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
