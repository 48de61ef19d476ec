//! The functions that write the model, the hierarchy and who holds what, a file for each noun.
//!
//! Each works as a whole or not at all, and its events are those of one call. The rules stand in the file; a function looks for a better
//! sentence where the file refuses what it wrote.
//!
//! May use: `base`, `model`, `binding`, `sqlite`, `facts`, `outbox`.

pub(crate) mod assignments;
mod bindings;
mod groups;
mod model;
pub(crate) mod permissions;
mod relationships;
pub(crate) mod resources;
mod roles;
mod settings;

use std::rc::Rc;

use rusqlite::Connection;

use crate::facts::store::Store;

/// Registers the functions of this room.
pub(crate) fn register(connection: &Connection, store: &Rc<Store>) -> rusqlite::Result<()> {
    let engine = &store.engine;
    model::register(connection, engine)?;
    permissions::register(connection, engine)?;
    roles::register(connection, engine)?;
    resources::register(connection, store)?;
    assignments::register(connection, store)?;
    groups::register(connection, engine)?;
    relationships::register(connection, store)?;
    settings::register(connection, engine)?;
    bindings::register(connection, engine)
}
