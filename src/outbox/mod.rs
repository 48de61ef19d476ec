//! What happened: one event for each object in a call, and reading them.
//!
//! Events are written by triggers of the file. In here a call folds what it wrote (`call.rs`), a page of events is read (`page.rs`), as
//! envelopes (`envelopes.rs`), by consumers (`consumers.rs`) or about one resource (`history.rs`); and the connection says who is behind what
//! it writes (`actor.rs`).
//!
//! May use: `base`, `sqlite`, and of `facts` the catalog of resource types.

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
