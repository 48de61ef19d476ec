//! What the design takes for granted of SQLite, tried on the newest without any code of the library; `tests/floor` tries the same on the
//! oldest that is served.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "assumptions/one_statement.rs"]
mod one_statement;

#[path = "assumptions/bindings.rs"]
mod bindings;
