//! `authz_check`, `authz_require`: may this subject do that here.

use std::sync::Arc;

use rusqlite::Connection;

use crate::decision::{Goal, Who};
use crate::engine::Engine;
use crate::error::{Error, Result, shown};
use crate::function::{Arguments, Effect, define};
use crate::reader::Reader;

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Arc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_check", 4..=4, Effect::Reads, |engine, call| Ok(i64::from(check(engine, call)?)))?;
    define(connection, engine, "authz_require", 4..=4, Effect::Reads, require)
}

/// A question with all names resolved.
pub(crate) struct Question {
    pub(crate) who: Who,
    pub(crate) goal: Goal,
}

/// Reads the four arguments; `None` where one of them is NULL.
pub(crate) fn question(reader: &mut Reader<'_>, call: &Arguments<'_>) -> Result<Option<Question>> {
    let subject = call.text(0, "subject")?;
    let permission = call.text(1, "permission")?;
    let type_slug = call.text(2, "resource type")?;
    let id = call.id(3, "resource id")?;
    let (Some(subject), Some(permission), Some(type_slug), Some(id)) = (subject, permission, type_slug, id) else { return Ok(None) };
    let resource_type = reader.resource_type(type_slug)?;
    let relation = reader.relation(permission, resource_type)?;
    let who = reader.subject(subject)?;
    let node = reader.node(resource_type, id.id());
    Ok(Some(Question { who, goal: Goal { relation, node } }))
}

/// `authz_check(subject, permission, resource_type, resource_id)` → 1 or 0.
///
/// The permission may be a relation of the type. A NULL argument, an unknown subject id, an unregistered resource: 0. An unknown
/// permission or type, or a permission of another type, is an error.
fn check(engine: &Engine, call: &Arguments<'_>) -> Result<bool> {
    engine.read(|reader| {
        let Some(Question { who, goal }) = question(reader, call)? else { return Ok(false) };
        reader.allows(who, goal)
    })
}

/// `authz_require(subject, permission, resource_type, resource_id)` → 1, or an error that says who lacks what.
fn require(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    if check(engine, call)? {
        return Ok(1);
    }
    let word = |index, what| Ok::<_, Error>(call.text(index, what)?.map_or_else(|| "NULL".to_owned(), shown));
    let id = call.id(3, "resource id")?.map_or_else(|| "NULL".to_owned(), |id| shown(&id.text()));
    Err(Error::Lacks(format!("`{}` lacks `{}` on {} `{id}`", word(0, "subject")?, word(1, "permission")?, word(2, "resource type")?)))
}
