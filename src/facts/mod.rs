//! What a connection keeps.

mod answers;
pub(crate) mod assignments;
pub(crate) mod cache;
pub(crate) mod catalog;
mod changes;
mod gather;
mod held_roles;
pub(crate) mod ids;
mod limit;
pub(crate) mod limits;
mod names;
pub(crate) mod nodes;
mod places;
pub(crate) mod reader;
mod relationships;
mod set_now;
pub(crate) mod store;
mod subjects;
mod suspension;
pub(crate) mod visible;

use std::rc::Rc;

use rusqlite::Connection;

use self::store::Store;

/// Registers the functions of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    set_now::register(connection, store)?;
    limit::register(connection, store)
}
