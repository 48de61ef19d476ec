//! What a connection keeps.

mod answers;
mod limit;
mod limits;
pub(crate) mod nodes;
pub(crate) mod reader;
mod set_now;
pub(crate) mod store;
pub(crate) mod visible;

use std::rc::Rc;

use rusqlite::Connection;

use self::store::Store;

/// Registers the functions of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    set_now::register(connection, store)?;
    limit::register(connection, store)
}
