//! SQLite: one connection and what is registered on it.
//!
//! The only room with `unsafe` code. It knows no feature: what a function or a table answers is handed to it, together with the state that it
//! is to be given with every call.
//!
//! | file | what happens there |
//! |---|---|
//! | `connection.rs` | the engine: the handle, the statements that stay prepared, and what is forgotten before the connection closes |
//! | `work.rs`, `transaction.rs` | work that is done as a whole or not at all; states of the file, changes of the schema |
//! | `meaning.rs` | whether a statement does what its text says, under an authorizer of the host |
//! | `attached.rs` | whether the schema is in an attached file instead |
//! | `statement.rs` | a statement that is held with its connection |
//! | `scalar.rs`, `row_function.rs`, `call.rs` | functions: called once, or for every row of a statement, or as INSERT |
//! | `table.rs`, `virtual_table.rs` | table-valued functions; the skeleton of every virtual table |
//! | `value.rs`, `error.rs` | values and stored ids; what can go wrong, and how SQLite is told |
//! | `shared.rs` | what the callbacks of a connection share |
//! | `migrate.rs`, `loadable.rs` | the schema; the entry point for `.load` |
//!
//! May use: `base`.

pub(crate) mod attached;
pub(crate) mod call;
pub(crate) mod comments;
pub(crate) mod connection;
pub(crate) mod error;
#[cfg(feature = "loadable")]
mod loadable;
mod meaning;
pub(crate) mod migrate;
pub(crate) mod row_function;
pub(crate) mod scalar;
mod shared;
pub(crate) mod statement;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod value;
pub(crate) mod virtual_table;
pub(crate) mod work;
