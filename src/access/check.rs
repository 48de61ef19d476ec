//! `authz_check`, `authz_require`: may this subject do that here. How SQLite calls the first is in [`crate::access::check_rows`].

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::base::refusal::shown;
use crate::decide::goal::{Goal, Who};
use crate::decide::holds;
use crate::decide::roles::Ancestors;
use crate::decide::rule::Rule;
use crate::facts::cache::Reach;
use crate::facts::reader::Reader;
use crate::facts::store::{Store, count};
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};
use crate::sqlite::value::{id as id_of, text};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    define(connection, store, "authz_require", 4..=4, Effect::Reads, require)
}

/// A question with all names resolved.
pub(crate) struct Question {
    pub(crate) who: Who,
    pub(crate) goal: Goal,
}

/// Reads the four arguments; `None` where one of them is NULL.
pub(crate) fn question(reader: &mut Reader<'_>, values: [ValueRef<'_>; 4]) -> Result<Option<Question>> {
    let [subject, permission, resource_type, id] = values;
    let recalled = reader.recall(permission, resource_type);
    let (resource_type, relation) = match recalled {
        Some(known) => known,
        None => {
            let subject = text(subject, "subject")?;
            let permission = text(permission, "permission")?;
            let slug = text(resource_type, "resource type")?;
            let id = id_of(id, "resource id")?;
            let (Some(_), Some(permission), Some(slug), Some(_)) = (subject, permission, slug, id) else { return Ok(None) };
            let resource_type = reader.resource_type(slug)?;
            let relation = reader.relation(permission, resource_type)?;
            reader.remember(permission, slug, resource_type, relation);
            (resource_type, relation)
        }
    };
    let (subject, id) = (text(subject, "subject")?, id_of(id, "resource id")?);
    let (Some(subject), Some(id)) = (subject, id) else { return Ok(None) };
    let who = reader.subject(subject)?;
    let node = reader.node(resource_type, id.id());
    Ok(Some(Question { who, goal: Goal { relation, node } }))
}

/// Whether the subject has the relation to the resource, and is not suspended in its organization.
pub(crate) fn allows(reader: &mut Reader<'_>, who: Who, goal: Goal) -> Result<bool> {
    let holds = match allows_by_gathered_roles(reader, who, goal)? {
        Some(holds) => holds,
        None => holds(reader, who, goal)?,
    };
    Ok(holds && !reader.is_suspended(who, goal.node)?)
}

/// The plain case on its shortest way: a permission that roles alone grant, and a subject whose roles have been gathered. It is the
/// walk of [`crate::decide::roles::nearest_held`]; `None` where it is another case.
fn allows_by_gathered_roles(reader: &mut Reader<'_>, who: Who, goal: Goal) -> Result<Option<bool>> {
    let Some(Rule::Roles(roles)) = reader.permission(goal.relation).map(|permission| &*permission.rule) else { return Ok(None) };
    let roles = Rc::clone(roles);
    let Reach::Gathered(gathered) = reader.reach_above(who, goal.node)? else { return Ok(None) };
    let Some(held) = &gathered.held else { return Ok(None) };
    let mut up = Ancestors::from(goal.node);
    while let Some(here) = up.next(reader)? {
        let found = held.on(here);
        if !found.is_empty()
            && found.iter().any(|one| roles.contains(one.role) && reader.is_live(one.expires_at))
            && reader.is_registered(here)?
        {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// `authz_check(subject, permission, resource_type, resource_id)` → 1 or 0.
///
/// The permission may be a relation of the type. A NULL argument, an unknown subject id, an unregistered resource: 0. An unknown
/// permission or type, or a permission of another type, is an error.
pub(crate) fn check(store: &Store, values: [ValueRef<'_>; 4]) -> Result<bool> {
    store.read(|reader| {
        let Some(Question { who, goal }) = question(reader, values)? else { return Ok(false) };
        count(&store.counts.checks_point);
        allows(reader, who, goal)
    })
}

/// `authz_require(subject, permission, resource_type, resource_id)` → 1, or an error that says who lacks what.
fn require(store: &Store, call: &Arguments<'_>) -> Result<i64> {
    if check(store, call.values())? {
        return Ok(1);
    }
    let word = |index, what| Ok::<_, Error>(call.text(index, what)?.map_or_else(|| "NULL".to_owned(), shown));
    let id = call.id(3, "resource id")?.map_or_else(|| "NULL".to_owned(), |id| shown(&id.text()));
    Err(Error::Lacks(format!("`{}` lacks `{}` on {} `{id}`", word(0, "subject")?, word(1, "permission")?, word(2, "resource type")?)))
}
