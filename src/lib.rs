//! Authorization inside SQLite: who may do what, answered as a join.

#[cfg(all(feature = "bundled", feature = "loadable"))]
compile_error!("the features `bundled` and `loadable` exclude each other: a loadable file uses the SQLite of its host");

mod apply;
mod check;
mod decision;
mod engine;
mod error;
mod function;
mod guard;
mod identifier;
mod lists;
mod model;
mod store;
mod table_function;
mod tree;

pub use error::{Error, Result};
pub use rusqlite;

/// Adds everything to a connection: each module registers its own functions and tables.
///
/// # Errors
/// The connection refuses a function or a table.
pub fn register(connection: &rusqlite::Connection) -> Result<()> {
    let engine = engine::Engine::attach(connection)?;
    apply::register(connection, &engine)?;
    check::register(connection, &engine)?;
    lists::register(connection, &engine)?;
    tree::register(connection, &engine)?;
    Ok(())
}
