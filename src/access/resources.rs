//! `authz_list_resources`: the resources on which a subject has a permission, exactly those to which `authz_check` says yes.

use std::rc::Rc;

use hashbrown::HashSet;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::candidates;
use super::check::allows;
use super::walk::{Step, Walk, resource, starts_of};
use crate::base::identifier::{IdRef, whole};
use crate::decide::facts::Facts;
use crate::decide::goal::{Goal, Node, Relation, TypeKey};
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::facts::ids::{IdScan, Ids};
use crate::facts::reader::Reader;
use crate::facts::store::Store;
use crate::facts::visible::VisibleSet;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::table::{Call, Made, Rows, TableFunction, define};

/// Registers the function of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, &LIST_RESOURCES, list_resources)
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
                scan: IdScan::default(),
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
                && allows(reader, who, Goal { relation, node })?
            {
                starts.push(reader.described(node)?);
            }
        } else if let Rule::Roles(roles) = &*rule {
            walks = true;
            match under {
                // Roles reach down from wherever they are held, whatever the type.
                Some(under) if allows(reader, who, Goal { relation, node: under })? => starts.push(reader.described(under)?),
                Some(under) => {
                    for (held_type, stored) in starts_of(reader, who, roles, resource_type)? {
                        let node = reader.node(held_type, IdRef::stored((&stored).into()).unwrap_or(IdRef::Text("")));
                        if is_inside(reader, node, Some(under))? {
                            starts.push((held_type, stored));
                        }
                    }
                }
                None => {
                    reader.until.set(i64::MAX);
                    starts = starts_of(reader, who, roles, resource_type)?;
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
        Value::Real(number) => IdRef::Integer(whole(*number)?),
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
                    reader.keep_visible(Rc::new(VisibleSet { who, relation, by_relations: false, until, ids }));
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
    visible: Rc<VisibleSet>,
    scan: IdScan,
    name_of: Option<String>,
    current: Option<(Value, Option<String>)>,
}

impl Rows for FromSet {
    fn advance(&mut self) -> Result<bool> {
        let Some(id) = self.visible.ids.next(&mut self.scan) else {
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
