//! SQLite.

pub(crate) mod connection;
pub(crate) mod error;
mod guard;
#[cfg(feature = "loadable")]
mod loadable;
pub(crate) mod migrate;
pub(crate) mod row_function;
pub(crate) mod scalar;
mod shared;
pub(crate) mod statement;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod value;
pub(crate) mod virtual_table;
