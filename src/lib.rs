//! Authorization inside SQLite: who may do what, answered as a join.

#[cfg(all(feature = "bundled", feature = "loadable"))]
compile_error!("the features `bundled` and `loadable` exclude each other: a loadable file uses the SQLite of its host");

mod assignments;
mod check;
mod debug;
mod decision;
mod engine;
mod error;
mod function;
mod groups;
mod guard;
mod hierarchy;
mod identifier;
mod lists;
#[cfg(feature = "loadable")]
mod loadable;
mod migrate;
mod resources;
mod store;
mod table_function;
mod time;
mod tree;

pub use error::{Error, Result};
pub use migrate::{Report, migrate, migration_plan, migration_sql};
pub use rusqlite;

/// Adds everything to a connection: each module registers its own functions and tables.
///
/// # Errors
/// The connection refuses a function or a table.
pub fn register(connection: &rusqlite::Connection) -> Result<()> {
    let engine = engine::Engine::attach(connection)?;
    check::register(connection, &engine)?;
    lists::register(connection, &engine)?;
    tree::register(connection, &engine)?;
    resources::register(connection, &engine)?;
    assignments::register(connection, &engine)?;
    groups::register(connection, &engine)?;
    migrate::register(connection, &engine)?;
    hierarchy::register(connection)?;
    debug::register(connection, &engine)?;
    Ok(())
}
