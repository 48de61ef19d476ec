//! `authz_add_member`, `authz_remove_member`: groups of subjects, groups included.

use std::rc::Rc;

use rusqlite::{Connection, params};

use super::assignments::single_subject;
use crate::base::refusal::shown;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, define};

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    define(connection, engine, "authz_add_member", 2..=2, Effect::Writes, add)?;
    define(connection, engine, "authz_remove_member", 2..=2, Effect::Writes, remove)
}

/// The id of the group and the member that a call names.
fn arguments<'a>(engine: &Engine, call: &Arguments<'a>) -> Result<(&'a str, &'a str)> {
    let (group, member) = (call.required_text(0, "group")?, call.required_text(1, "member")?);
    single_subject(engine, "group", group)?;
    single_subject(engine, "member", member)?;
    match group.strip_prefix("group:") {
        Some(id) => Ok((id, member)),
        None => Err(Error::refused(format!("`{}` is not a group; write it as `group:eng`", shown(group)))),
    }
}

/// `authz_add_member('group:eng', member)` → 1 if something changed, else 0.
///
/// The group comes into being when it is first used. A group may contain groups, itself too: a cycle is harmless.
fn add(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    engine.atomically(|| {
        let (group, member) = arguments(engine, call)?;
        if engine.with(include_str!("../../sql/manage/groups/find_member.sql"), |statement| Ok(statement.exists([group, member])?))? {
            return Ok(0);
        }
        engine
            .with(include_str!("../../sql/manage/groups/insert_member.sql"), |statement| Ok(statement.execute(params![group, member])?))?;
        Ok(1)
    })
}

/// `authz_remove_member('group:eng', member)` → 1 if something changed, else 0.
fn remove(engine: &Engine, call: &Arguments<'_>) -> Result<i64> {
    engine.atomically(|| {
        let (group, member) = arguments(engine, call)?;
        let gone = engine
            .with(include_str!("../../sql/manage/groups/delete_member.sql"), |statement| Ok(statement.execute(params![group, member])?))?;
        Ok(i64::from(gone > 0))
    })
}
