//! The questions as SQL.

pub(crate) mod candidates;
pub(crate) mod check;
mod check_rows;
mod explain;
mod hierarchy;
mod lists;
mod sets;
pub(crate) mod tree;

use std::rc::Rc;

use rusqlite::Connection;

use crate::facts::store::Store;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    check_rows::register(connection, store)?;
    check::register(connection, store)?;
    explain::register(connection, store)?;
    lists::register(connection, store)?;
    tree::register(connection, store)?;
    hierarchy::register(connection)
}
