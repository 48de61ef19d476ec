//! The questions as SQL.

mod candidates;
pub(crate) mod check;
mod check_rows;
mod explain;
mod frontier;
mod hierarchy;
mod permissions;
mod relevant;
mod resources;
mod sets;
mod subjects;
mod tree;
mod visible;
mod walk;

use std::rc::Rc;

use rusqlite::Connection;

use crate::facts::store::Store;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    check_rows::register(connection, store)?;
    check::register(connection, store)?;
    explain::register(connection, store)?;
    resources::register(connection, store)?;
    subjects::register(connection, store)?;
    permissions::register(connection, store)?;
    tree::register(connection, store)?;
    hierarchy::register(connection)
}
