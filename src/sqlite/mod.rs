//! SQLite.

pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod error;
#[cfg(feature = "loadable")]
mod loadable;
pub(crate) mod migrate;
pub(crate) mod row_function;
pub(crate) mod scalar;
pub(crate) mod statement;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod value;
pub(crate) mod virtual_table;
mod work;

/// Registers the functions and tables of this room.
pub(crate) fn register(connection: &rusqlite::Connection, engine: &std::rc::Rc<connection::Engine>) -> rusqlite::Result<()> {
    call::register(connection, engine)?;
    migrate::register(connection, engine)
}
