//! `authz_set_actor`: who is behind what this connection writes, as `context.actor` of its events.
//!
//! Events are written by triggers stored in the file, which know nothing of a connection. So a temporary trigger, which only the
//! connection that made it has, completes each row that comes into the outbox. What it fills in is kept by the connection and not by the
//! file: ROLLBACK takes no actor back, and no other connection sees it.

use std::cell::RefCell;
use std::rc::Rc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use crate::base::refusal::{nearest, shown};
use crate::sqlite::comments::without_comments;
use crate::sqlite::connection::Engine;
use crate::sqlite::error::{Error, Result};
use crate::sqlite::scalar::{Arguments, Effect, OnConnection, define};

/// Who is behind what a connection writes, where it was told.
pub(crate) struct Acting {
    engine: Rc<Engine>,
    actor: RefCell<Option<Actor>>,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Actor {
    id: String,
    source: &'static str,
    name: Option<String>,
}

/// Where an actor may come from, in the words of WorkOS.
const SOURCES: [&str; 4] = ["api", "dashboard", "admin_portal", "system"];

impl OnConnection for Acting {
    fn engine(self: &Rc<Self>) -> Rc<Engine> {
        Rc::clone(&self.engine)
    }
}

/// Registers the functions of this module.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    let acting = Rc::new(Acting { engine: Rc::clone(engine), actor: RefCell::default() });
    define(connection, &acting, "authz_set_actor", 1..=3, Effect::Writes, set)?;
    define(connection, &acting, "_authz_acts", 0..=0, Effect::Reads, |acting: &Acting, _| Ok(i64::from(acting.actor.borrow().is_some())))?;
    define(connection, &acting, "_authz_sign", 1..=1, Effect::Writes, sign)
}

/// Makes the temporary trigger where that can be done at once.
pub(crate) fn begin(connection: &Connection) {
    // In an open transaction the trigger would go with ROLLBACK; where it cannot be made now, the first `authz_set_actor` makes it.
    if connection.is_autocommit() {
        let _ = listen(connection);
    }
}

/// Makes the temporary trigger, where the file has an outbox and the connection the function that the trigger calls.
pub(crate) fn listen(connection: &Connection) -> rusqlite::Result<()> {
    let outbox = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_authz_outbox')";
    if connection.query_row(outbox, [], |row| row.get(0))? && connection.prepare("SELECT _authz_acts()").is_ok() {
        connection.execute_batch(&without_comments(include_str!("../../sql/outbox/actor/fill.sql")))?;
    }
    Ok(())
}

/// `authz_set_actor(id, source [, name])` → 1 if something changed, else 0.
///
/// From now on every event that this connection writes names this actor, whether functions or plain SQL write it; `authz_set_actor(NULL)`
/// takes it back. `source` is `api`, `dashboard`, `admin_portal` or `system`. It is a claim of whoever holds the connection, and no proof.
fn set(acting: &Acting, call: &Arguments<'_>) -> Result<i64> {
    let actor = match call.text(0, "actor")? {
        None if call.text(1, "source")?.is_none() && call.text(2, "name")?.is_none() => None,
        None => return Err(Error::refused("the actor is NULL, and its source or name is not; give all or none")),
        Some(id) => Some(Actor {
            id: checked("id", id)?.to_owned(),
            source: source(call.required_text(1, "source")?)?,
            name: call.text(2, "name")?.map(|name| checked("name", name)).transpose()?.map(str::to_owned),
        }),
    };
    if actor.is_some() {
        listen(acting.engine.connection())?;
    }
    let changed = *acting.actor.borrow() != actor;
    acting.actor.replace(actor);
    Ok(changed.into())
}

fn source(given: &str) -> Result<&'static str> {
    SOURCES.into_iter().find(|source| *source == given).ok_or_else(|| {
        let near = nearest(given, SOURCES);
        let next = if near.is_empty() { "; it is `api`, `dashboard`, `admin_portal` or `system`".to_owned() } else { near };
        Error::refused(format!("unknown source `{}`{next}", shown(&given.escape_debug().to_string())))
    })
}

/// A text of 1 to 256 characters, none of them U+0000.
fn checked<'a>(what: &str, given: &'a str) -> Result<&'a str> {
    match given.chars().count() {
        1..=256 if !given.contains('\0') => Ok(given),
        length => Err(Error::refused(format!(
            "the {what} `{}` of the actor has {length} characters; it has 1 to 256, none of them U+0000",
            shown(&given.escape_debug().to_string())
        ))),
    }
}

/// `_authz_sign(seq)` writes this connection's actor, if there is one, into a row of the outbox that has none. For the temporary trigger,
/// whose own statements would reach a temporary table or view of that name instead.
fn sign(acting: &Acting, call: &Arguments<'_>) -> Result<i64> {
    let actor = acting.actor.borrow();
    let Some(Actor { id, source, name }) = &*actor else { return Ok(0) };
    let ValueRef::Integer(seq) = call.value(0) else { return Ok(0) };
    acting.engine.with(include_str!("../../sql/outbox/actor/sign.sql"), |statement| {
        Ok(i64::try_from(statement.execute(params![seq, id, source, name])?).unwrap_or_default())
    })
}
