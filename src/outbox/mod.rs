//! What happened.

pub(crate) mod actor;
pub(crate) mod call;
mod consumers;
mod envelopes;
mod history;
mod page;

use std::rc::Rc;

use rusqlite::Connection;

use crate::sqlite::connection::Engine;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &Connection, engine: &Rc<Engine>) -> rusqlite::Result<()> {
    actor::register(connection, engine)?;
    consumers::register(connection, engine)?;
    envelopes::register(connection, engine)?;
    history::register(connection, engine)
}
